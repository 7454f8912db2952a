//! The pricing service: one whole, explained quote.
//!
//! [`quote()`] is the pipeline: it gathers facts, runs the tenant's rules over the cart, and works out the answer. Its
//! arithmetic is `fondaco-commerce`'s; what stores do differently is a [`policy`]. It knows the world around it only
//! through the traits of [`ports`], so that the same pipeline runs in the component (`guest` implements them over its
//! imports), in a native host with rules linked to it, and over webhooks.
//!
//! A quote, from top to bottom: `intake` → facts → `stages` (price rules, shipping, promotions and stacking, points,
//! taxes, validations) over the `desk` → `answer`. Lines that name only a sku are completed by [`goods`], from what the
//! [`shelf`] has of catalog and price book.
//!
//! It must not know: HTTP, JSON (but for its own configuration), other tenants, what a plugin is made of.

pub mod bindings;
pub mod goods;
pub mod policy;
pub mod ports;
pub mod shelf;

mod answer;
#[cfg(any(target_arch = "wasm32", test))]
mod arena;
mod desk;
mod faults;
mod intake;
mod quote;
mod stages;
mod stopwatch;

#[cfg(target_arch = "wasm32")]
mod guest;

pub use quote::{Caller, quote};
pub use stages::prices::apply_prices;

/// The contract of `quotes`.
pub mod contract {
    pub use crate::bindings::exports::fondaco::pricing::quotes::*;
}
