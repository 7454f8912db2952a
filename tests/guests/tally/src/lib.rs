//! A service for benchmarks: what it does with an event is one small write, so that what is measured is the way there.

#[cfg(target_arch = "wasm32")]
mod guest;
