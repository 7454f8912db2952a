//! What the host itself does for services, and the moments at which it is asked.
//!
//! The engine knows no capability by name. An extension adds its functions to the linker, is granted by a manifest or
//! not, and is told when a release is staged, when a call has ended and when a call is about to leave the service:
//! enough for a transaction that spans a call, and for nothing that outlives it.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use wasmtime::component::Linker;

use super::{ServiceRelease, ServiceState};
use crate::{Code, Fault, ServiceName};

/// What a release's manifest grants: the capability's name, and what the capability makes of it.
pub type Grants = BTreeMap<String, serde_json::Value>;

/// What an extension made of a release's grant: found again by [`ServiceState::prepared`].
pub type Prepared = Arc<dyn Any + Send + Sync>;

/// How a function ended that returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a value, or with the `ok` of its result.
    Ok,
    /// With the `err` of its result.
    Err,
}

/// A release on its way, as an extension sees it.
#[derive(Debug, Clone, Copy)]
pub struct Staging<'a> {
    /// The service.
    pub service: &'a ServiceName,
    /// What its manifest says to this extension; null for an extension that needs no grant.
    pub grant: &'a serde_json::Value,
    /// The whole release.
    pub release: &'a ServiceRelease,
}

/// Host interfaces that are not another service: what the host itself does for services.
#[async_trait]
pub trait Extension: Send + Sync {
    /// Adds its functions to a service's linker.
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()>;

    /// The interfaces that it adds, with versions: `fondaco:host/caller@1.0.0`.
    fn interfaces(&self) -> &[&str];

    /// Its name in a manifest's grants; `None` for what every service has. A release that imports one of its
    /// interfaces without the grant is refused: nothing is granted by default.
    fn grant(&self) -> Option<&'static str> {
        None
    }

    /// Once when a release is staged and nothing of it serves yet: reads the grant, brings state up to date. A fault
    /// refuses the release.
    async fn prepare(&self, staging: Staging<'_>) -> Result<Option<Prepared>, Fault> {
        let _ = staging;
        Ok(None)
    }

    /// After a function returned and before its answer leaves. A fault replaces the answer.
    ///
    /// Not after a trap, a timeout or a call whose caller has gone: then the instance is dropped with all that it
    /// holds, so a part must undo in its `Drop` what was not finished.
    async fn finish(&self, state: &mut ServiceState, end: End) -> Result<(), Fault> {
        let _ = (state, end);
        Ok(())
    }

    /// Before the service calls another one, or the outside world ([`ServiceState::may_leave`]). A fault is what it gets
    /// instead.
    fn before_call(&self, state: &ServiceState) -> Result<(), Fault> {
        let _ = state;
        Ok(())
    }
}

/// The extensions that a release may use: those that need no grant, and those that its manifest names.
pub(super) fn granted(
    name: &ServiceName,
    grants: &Grants,
    extensions: &[Arc<dyn Extension>],
) -> Result<Arc<[Arc<dyn Extension>]>, Fault> {
    let known = |grant: &&String| extensions.iter().any(|extension| extension.grant() == Some(grant.as_str()));
    if let Some(unknown) = grants.keys().find(|grant| !known(grant)) {
        let mut names: Vec<_> = extensions.iter().filter_map(|extension| extension.grant()).collect();
        names.sort_unstable();
        let message = format!(
            "the manifest of service `{name}` grants `{unknown}`, which this host does not have; it has: {}",
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        );
        return Err(Fault::new(Code::FailedPrecondition, "UNKNOWN_GRANT", message));
    }
    let has = |extension: &&Arc<dyn Extension>| extension.grant().is_none_or(|grant| grants.contains_key(grant));
    Ok(extensions.iter().filter(has).cloned().collect())
}

/// An interface that is imported without the grant it needs.
pub(super) fn not_granted(name: &ServiceName, interface: &str, grant: &str) -> Fault {
    let message = format!(
        "service `{name}` imports `{interface}`, but its manifest does not grant `{grant}`; add [grants.{grant}] to \
         its fondaco.toml"
    );
    Fault::new(Code::PermissionDenied, "NOT_GRANTED", message).with("interface", interface).with("grant", grant)
}
