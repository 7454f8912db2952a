//! What whole-system tests need: the real host as a process, its HTTP API and its command line, components that
//! are good, and components that are not.
//!
//! Nothing here links the host: these tests see what a merchant and an operator see. A harness fails by panicking,
//! with what it saw in the message; so the lints against that are off in this crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod api;
pub mod bystander;
pub mod carts;
pub mod cli;
pub mod forge;
pub mod guests;
pub mod host;
pub mod programs;
pub mod vitals;
pub mod wait;
