//! `#[plugin]`.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Error, FnArg, Ident, Item, ItemFn, ItemImpl, Result, Type, parse2};

/// What the attribute knows of an extension point.
struct Point {
    name: &'static str,
    tr: &'static str,
    function: &'static str,
    /// What stands between cart and config, as a Rust type in the SDK.
    middle: Option<fn() -> TokenStream>,
    answer: fn() -> TokenStream,
}

const POINTS: [Point; 6] = [
    Point {
        name: "price_rule",
        tr: "PriceRule",
        function: "evaluate",
        middle: None,
        answer: || quote!(::fondaco_sdk::price_rule::Prices),
    },
    Point {
        name: "promotion",
        tr: "Promotion",
        function: "evaluate",
        middle: None,
        answer: || quote!(::std::vec::Vec<::fondaco_sdk::promotion::Operation>),
    },
    Point {
        name: "shipping_rate",
        tr: "ShippingRate",
        function: "rates",
        middle: Some(|| quote!(&::fondaco_sdk::shipping_rate::Shipment)),
        answer: || quote!(::std::vec::Vec<::fondaco_sdk::shipping_rate::Rate>),
    },
    Point {
        name: "tax",
        tr: "Tax",
        function: "assess",
        middle: Some(|| quote!(&::fondaco_sdk::tax::Taxables)),
        answer: || quote!(::fondaco_sdk::tax::Taxation),
    },
    Point {
        name: "loyalty",
        tr: "Loyalty",
        function: "earn",
        middle: Some(|| quote!(i64)),
        answer: || quote!(::std::vec::Vec<::fondaco_sdk::loyalty::Credit>),
    },
    Point {
        name: "validation",
        tr: "Validation",
        function: "check",
        middle: Some(|| quote!(::fondaco_sdk::validation::Step)),
        answer: || quote!(::std::vec::Vec<::fondaco_sdk::validation::Violation>),
    },
];

pub(crate) fn expand(argument: &TokenStream, item: TokenStream) -> Result<TokenStream> {
    let point = point(argument)?;
    let (implementation, exported) = match parse2::<Item>(item)? {
        Item::Fn(function) => (of_function(point, &function)?, format_ident!("Plugin")),
        Item::Impl(block) => of_impl(&block)?,
        other => {
            return Err(Error::new_spanned(other, "#[plugin] belongs on a function or on an impl of a point's trait"));
        }
    };
    let component = component(point, &exported);
    Ok(quote! { #implementation #component })
}

fn point(argument: &TokenStream) -> Result<&'static Point> {
    let name = parse2::<Ident>(argument.clone()).map(|name| name.to_string()).unwrap_or_default();
    POINTS.iter().find(|point| point.name == name).ok_or_else(|| {
        let names: Vec<_> = POINTS.iter().map(|point| point.name).collect();
        Error::new(Span::call_site(), format!("name the extension point: one of {}", names.join(", ")))
    })
}

/// A type `Plugin` whose trait calls the function.
fn of_function(point: &Point, function: &ItemFn) -> Result<TokenStream> {
    let name = &function.sig.ident;
    let (tr, method) = (format_ident!("{}", point.tr), format_ident!("{}", point.function));
    let config = config_type(point, function)?;
    let middle = point.middle.map(|ty| ty()).into_iter().collect::<Vec<_>>();
    let middle_argument = middle.iter().map(|_| quote!(middle));
    let (config_name, config_type, config_argument) = match config {
        Some(config) => (quote!(config), quote!(#config), Some(quote!(config))),
        None => (quote!(_config), quote!(()), None),
    };
    let answer = (point.answer)();
    let docs = docs(&function.attrs);
    Ok(quote! {
        // A rule answers a result by its point's contract, whether or not it ever fails.
        #[allow(clippy::unnecessary_wraps)]
        #function

        #(#docs)*
        pub struct Plugin;

        impl ::fondaco_sdk::points::#tr for Plugin {
            type Config = #config_type;

            fn #method(
                cart: &::fondaco_sdk::types::Cart,
                #(middle: #middle,)*
                #config_name: &Self::Config,
            ) -> ::std::result::Result<#answer, ::fondaco_sdk::Fault> {
                #name(cart, #(#middle_argument,)* #config_argument)
            }
        }
    })
}

/// The type behind the reference that is the last argument; none where the function takes no config.
fn config_type<'a>(point: &Point, function: &'a ItemFn) -> Result<Option<&'a Type>> {
    let without = 1 + usize::from(point.middle.is_some());
    let arguments = &function.sig.inputs;
    if arguments.len() == without {
        return Ok(None);
    }
    match arguments.last() {
        Some(FnArg::Typed(last)) if arguments.len() == without + 1 => match &*last.ty {
            Type::Reference(reference) => Ok(Some(&reference.elem)),
            other => Err(Error::new_spanned(other, "the config comes by reference: `config: &MyConfig`")),
        },
        _ => Err(Error::new_spanned(
            &function.sig,
            format!("a {} takes {without} arguments and, if it wants one, its config", point.name),
        )),
    }
}

fn of_impl(block: &ItemImpl) -> Result<(TokenStream, Ident)> {
    let Type::Path(path) = &*block.self_ty else {
        return Err(Error::new_spanned(&block.self_ty, "expected a named type"));
    };
    let name = path.path.require_ident()?;
    let alias = (name != "Plugin").then(|| {
        quote! {
            /// The plugin of this crate.
            pub type Plugin = #name;
        }
    });
    Ok((quote! { #block #alias }, name.clone()))
}

/// What only a component has.
fn component(point: &Point, exported: &Ident) -> TokenStream {
    let world = format_ident!("{}", point.name);
    quote! {
        #[cfg(target_arch = "wasm32")]
        #[global_allocator]
        static ALLOCATOR: ::fondaco_sdk::alloc::Bump = ::fondaco_sdk::alloc::Bump::new();

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, missing_docs, unused_qualifications)]
        mod component {
            type Root = ::fondaco_sdk::points::Exported<super::#exported>;
            ::fondaco_sdk::bindings::worlds::#world::export!(
                Root with_types_in ::fondaco_sdk::bindings::worlds::#world
            );
            ::fondaco_sdk::bindings::worlds::arena::export!(
                Root with_types_in ::fondaco_sdk::bindings::worlds::arena
            );
        }
    }
}

/// The function's own docs, so that `Plugin` says what the rule does.
fn docs(attributes: &[Attribute]) -> Vec<TokenStream> {
    let docs: Vec<_> = attributes.iter().filter(|own| own.path().is_ident("doc")).map(|own| quote!(#own)).collect();
    if docs.is_empty() { vec![quote!(#[doc = "The plugin of this crate."])] } else { docs }
}
