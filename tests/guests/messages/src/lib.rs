//! A service for tests: one function that runs commands, one on each line, and answers what each of them answered.

#[cfg(target_arch = "wasm32")]
mod guest;
