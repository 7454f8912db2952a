//! The engine as its users see it, on small components written as text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod compile;
mod configurable;
mod extensions;
mod guests;
mod hostile;
mod plugins;
mod services;
mod swap;
