//! A service for tests: makes the requests that it is told to make, by the service SDK, and says what came back.

#[cfg(target_arch = "wasm32")]
mod guest;
