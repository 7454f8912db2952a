//! The price book: what things cost, for whom, where and when.
//!
//! [`decide`] says which price wins, as plain data in and out; [`prices`] asks it about what stands in the tables;
//! [`lists`] and [`entries`] change these, [`transfer`] in bulk. A change publishes an event in the same unit of work.
//! All of it builds natively and is tested over SQLite in memory; `guest` is the glue to the component's world.
//!
//! It must not know: what a sku is the number of, carts, discounts, taxes.

pub mod bindings;
pub mod decide;
pub mod entries;
pub mod lists;
pub mod prices;
pub mod transfer;

mod check;
mod events;
#[cfg(target_arch = "wasm32")]
mod guest;

/// The contract.
pub mod contract {
    pub use crate::bindings::exports::fondaco::price_book::entries::Page;
    pub use crate::bindings::exports::fondaco::price_book::transfer::{Chunk, Format, Outcome, Report, RowReport};
    pub use crate::bindings::fondaco::price_book::types::*;
}
