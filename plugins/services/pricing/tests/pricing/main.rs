//! Whole quotes, over rules that stand here.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod discounts;
mod goods;
mod house;
mod intake;
mod invariants;
#[cfg(feature = "serde")]
mod json;
mod loyalty;
mod native;
mod prices;
mod shelf;
mod shipping;
mod taxes;
mod words;
