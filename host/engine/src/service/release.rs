//! One version of a service, as it was given and as it serves.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::component::InstancePre;

use super::exports::{Import, Interfaces};
use super::extension::{Extension, Grants};
use super::parts::AllPrepared;
use super::redact::Redactions;
use super::state::ServiceState;
use super::warm::Badge;
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
    /// What its manifest grants.
    pub grants: Arc<Grants>,
    /// Documentation by path (`quotes.quote`, `quotes.request.lines`); handed through as it is.
    pub docs: Arc<BTreeMap<String, String>>,
}

/// What the instances of a release share and their extensions may know.
pub(super) struct Facts {
    pub(super) name: ServiceName,
    /// `name@version`, for logs and messages.
    pub(super) label: Arc<str>,
    pub(super) version: Box<str>,
    pub(super) config: Arc<str>,
    /// The extensions that it may use.
    pub(super) granted: Arc<[Arc<dyn Extension>]>,
    pub(super) prepared: AllPrepared,
    pub(super) redactions: Redactions,
}

/// A release that was linked. Whoever calls it holds it, and it goes with the last of them.
pub(super) struct Release {
    pub(super) name: ServiceName,
    /// `name@version`, for logs and messages.
    pub(super) label: Arc<str>,
    pub(super) given: ServiceRelease,
    pub(super) facts: Arc<Facts>,
    pub(super) interfaces: Interfaces,
    /// What it imports of other services.
    pub(super) imports: Vec<Import>,
    pub(super) pre: InstancePre<ServiceState>,
    pub(super) badge: Badge,
}
