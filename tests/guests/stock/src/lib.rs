//! A service for benchmarks, written as services are: on the SDK, with typed rows and parameters.
//!
//! One call runs one statement, or many of the same kind, so that what a statement costs is told apart from what a call
//! costs. The native contender in `tests/bench` runs the same statements over the same rows.

#[cfg(target_arch = "wasm32")]
mod guest;
