//! The attribute that turns a function into a plugin, and the derive that reads its config.
//!
//! Both only write what an author could write by hand: an `impl` of the point's trait and the component's exports for
//! `#[plugin]`, an `impl Config` for the derive. All that is more than naming things lives in `fondaco-sdk`, where it
//! can be read and tested.

mod config;
mod plugin;

use proc_macro::TokenStream;

/// Makes a plugin of a function, or of an `impl` of a point's trait.
///
/// The argument names the extension point: `price_rule`, `promotion`, `shipping_rate`, `tax`, `loyalty` or
/// `validation`. A function takes what the point hands over and, last, its config by reference; without a config the
/// release's must be empty:
///
/// - `price_rule`: `fn(&Cart, &Config) -> Result<Prices, Fault>`
/// - `promotion`: `fn(&Cart, &Config) -> Result<Vec<Operation>, Fault>`
/// - `shipping_rate`: `fn(&Cart, &Shipment, &Config) -> Result<Vec<Rate>, Fault>`
/// - `tax`: `fn(&Cart, &Taxables, &Config) -> Result<Taxation, Fault>`
/// - `loyalty`: `fn(&Cart, i64, &Config) -> Result<Vec<Credit>, Fault>` is `earn`; use an `impl Loyalty` for more
/// - `validation`: `fn(&Cart, Step, &Config) -> Result<Vec<Violation>, Fault>`
///
/// It makes a type `Plugin` that implements the point's trait, for tests and native use; on WebAssembly also the
/// component's exports and the allocator. So there is one `#[plugin]` a crate, in its root.
#[proc_macro_attribute]
pub fn plugin(point: TokenStream, item: TokenStream) -> TokenStream {
    plugin::expand(&point.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Reads a struct or an enum from a release's config.
///
/// Structs: fields in lowerCamelCase; an `Option` may be absent, any other field where it has
/// `#[config(default)]` or `#[config(default = expression)]`; `#[config(name = "…")]` gives it another name. Enums:
/// cases in kebab-case, `"case"` or, with a value, `{"case": value}`.
///
/// `#[config(check = function)]` on the type calls `fn(&Self) -> Result<(), &'static str>` on what was read.
#[proc_macro_derive(Config, attributes(config))]
pub fn config(item: TokenStream) -> TokenStream {
    config::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
