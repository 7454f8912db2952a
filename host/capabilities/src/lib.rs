//! What the host does for a service, one folder a capability.
//!
//! A capability is an [`Extension`] of the engine's service linker: it adds the functions of one WIT interface, and
//! takes what it needs to know from the call that is running. Plugins get none of this.
//!
//! ```
//! use fondaco_capabilities::all;
//! assert_eq!(all().len(), 2);
//! ```

pub mod caller;
pub mod config;

use std::sync::Arc;

use fondaco_engine::Extension;

/// Every capability that this host has.
pub fn all() -> Vec<Arc<dyn Extension>> {
    vec![Arc::new(caller::Caller), Arc::new(config::Config)]
}
