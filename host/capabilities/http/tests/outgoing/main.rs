//! The guards against forgery, the bounds, repeats and the breaker, on real servers; and a component that asks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bounds;
mod component;
mod forgery;
mod privacy;
mod repeats;
mod site;
mod smuggling;
mod tls;
mod world;
