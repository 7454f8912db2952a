//! The registry as its users see it, with a host that only pretends to run components.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod keys;
mod push;
mod release;
mod restore;
