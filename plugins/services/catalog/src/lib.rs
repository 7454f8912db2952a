//! The catalog service: what a store sells.
//!
//! Products with their variants ([`products`], [`variants`]), the tree of [`categories`], [`collections`] by hand and
//! by rule, [`pages`], addresses ([`slugs`]), [`media`], and bulk import and export ([`transfer`]). A change publishes
//! an event in the same unit of work.
//!
//! What is asked for by its id only stands in a `document` as JSON; what is searched by stands in columns and in
//! `product_terms`. All of it builds natively and is tested over SQLite in memory; `guest` is the glue to the
//! component's world.
//!
//! It must not know: prices, stock, HTTP.

pub mod bindings;
pub mod categories;
pub mod collections;
pub mod media;
pub mod pages;
pub mod products;
pub mod slugs;
pub mod transfer;
pub mod variants;

mod content;
mod entries;
mod events;
#[cfg(target_arch = "wasm32")]
mod guest;
mod wording;

/// The contract.
pub mod contract {
    pub use crate::bindings::exports::fondaco::catalog::media_files::File;
    pub use crate::bindings::exports::fondaco::catalog::transfer::{Chunk, Format, Outcome, Report, RowReport};
    pub use crate::bindings::fondaco::catalog::types::*;
}
