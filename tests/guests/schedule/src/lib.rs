//! A service for tests: jobs, each of which writes that it ran and ends in its own way.

#[cfg(target_arch = "wasm32")]
mod guest;
