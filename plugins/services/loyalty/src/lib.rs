//! The loyalty service: the standing of a store's customers.
//!
//! What a cart earns and what points are worth is not said here: that is the merchant's rule, a `loyalty` plugin, which
//! is given the standing. Members and tiers are data of the store, for now from the configuration of this service's
//! release.
//!
//! [`programme`] answers the question; `fondaco_settings` reads the configuration. All of it is plain data and builds
//! natively; `guest` is the glue to the component's world.

pub mod programme;

/// What reads the configuration, for native hosts of this service.
pub use fondaco_settings as settings;

#[cfg(target_arch = "wasm32")]
mod guest;
