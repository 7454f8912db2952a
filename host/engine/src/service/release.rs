//! One version of a service, as it was given and as it serves.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::component::InstancePre;

use super::exports::{Import, Interfaces};
use super::state::ServiceState;
use super::warm::Warm;
use crate::{Compiled, ServiceName};

/// What is to serve for a service.
#[derive(Debug, Clone)]
pub struct ServiceRelease {
    /// The component, compiled as a service.
    pub compiled: Arc<Compiled>,
    /// Its version.
    pub version: String,
    /// JSON, for the service's own use.
    pub config: Arc<str>,
    /// Routes of its manifest: `("POST /v1/prices", "quotes.quote")`.
    pub routes: Vec<(String, String)>,
    /// Functions that only read, of its manifest: `quotes.quote`.
    pub read_only: Vec<String>,
    /// Documentation by path (`quotes.quote`, `quotes.request.lines`); handed through as it is.
    pub docs: Arc<BTreeMap<String, String>>,
}

/// A release that was linked. Whoever calls it holds it, and it goes with the last of them.
pub(super) struct Release {
    pub(super) name: ServiceName,
    /// `name@version`, for logs and messages.
    pub(super) label: Arc<str>,
    pub(super) given: ServiceRelease,
    pub(super) interfaces: Interfaces,
    /// What it imports of other services.
    pub(super) imports: Vec<Import>,
    pub(super) pre: InstancePre<ServiceState>,
    pub(super) warm: Warm,
}
