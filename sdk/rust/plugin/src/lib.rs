//! What authors of plugins use: an attribute that makes a function a plugin, typed config, and the words of the
//! contracts with builders for them.
//!
//! ```
//! use fondaco_sdk::prelude::*;
//!
//! #[derive(Config)]
//! pub struct Sale {
//!     /// What stands on the sale's sign.
//!     percent: Percent,
//!     until: Timestamp,
//! }
//!
//! /// So many percent off all lines, until the sale ends.
//! #[plugin(promotion)]
//! fn sale(cart: &Cart, config: &Sale) -> Result<Vec<Operation>, Fault> {
//!     if cart.context.now_ms >= config.until.ms {
//!         return Ok(vec![]);
//!     }
//!     let off = Discount::percent(config.percent).on_lines(cart.indices()).message("Sale");
//!     Ok(vec![Offer::all([off]).into()])
//! }
//! # fn main() {}
//! ```
//!
//! Everything here builds natively too, so that a plugin's tests need no WebAssembly.

// Derives and the attribute name this crate by its own name, in its tests too.
extern crate self as fondaco_sdk;

pub mod alloc;
pub mod bindings;
mod build;
pub mod config;
mod fault;
pub mod log;
mod money;
pub mod points;
pub mod prelude;
#[cfg(feature = "testing")]
pub mod testing;
mod text;

pub use bindings::fondaco::{
    plugin::{loyalty, price_rule, promotion, shipping_rate, tax, types, validation},
    types::{
        faults::{Code, Fault},
        money::{Decimal, Money},
    },
};
pub use fondaco_commerce as commerce;
pub use fondaco_sdk_macros::plugin;

/// What `#[plugin]` needs by a stable path.
#[doc(hidden)]
pub use wit_bindgen;
