//! A service for tests: one function that runs commands, one on each line, and answers what each of them answered.
//!
//! What the tests want to see is the interface itself, so the guest adds nothing to it.

#[cfg(target_arch = "wasm32")]
mod guest;
