//! The shipping service: which zone an address lies in, and which parcels the goods make.
//!
//! What it costs to ship is not said here: that is the merchant's rule, a `shipping-rate` plugin, which is given
//! zone and parcels. Zones and packing are data of the store, from the configuration of this service's release.
//!
//! [`store`] answers the question, from [`zones`] and [`parcels`]; `fondaco_settings` reads the configuration. All of
//! it is plain data and builds natively; `guest` is the glue to the component's world.

pub mod parcels;
pub mod store;
pub mod zones;

/// What reads the configuration, for native hosts of this service.
pub use fondaco_settings as settings;

#[cfg(target_arch = "wasm32")]
mod guest;
