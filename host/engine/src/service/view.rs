//! What serves, for those who describe it: routes, OpenAPI, lists.

use std::sync::Arc;

use wasmtime::component::types::ComponentFunc;

use super::release::Release;
use crate::{Digest, ServiceName, ServiceRelease};

/// A service as it serves just now.
#[derive(Debug, Clone)]
pub struct ServiceView {
    /// Its name.
    pub name: ServiceName,
    /// The digest of its component.
    pub digest: Digest,
    /// What it exports, but for what only the host calls.
    pub interfaces: Vec<InterfaceView>,
    /// What was released: version, config, routes, documentation.
    pub release: ServiceRelease,
}

/// An interface that it exports.
#[derive(Debug, Clone)]
pub struct InterfaceView {
    /// The full name, with version.
    pub name: Arc<str>,
    /// Its functions, by name.
    pub functions: Vec<FunctionView>,
}

/// A function that it exports.
#[derive(Debug, Clone)]
pub struct FunctionView {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub ty: ComponentFunc,
}

pub(super) fn of(release: &Release) -> ServiceView {
    let offered = release.interfaces.list.iter().filter(|interface| !interface.is_for_host());
    let interfaces = offered.map(|interface| InterfaceView {
        name: Arc::clone(&interface.name),
        functions: interface
            .functions
            .values()
            .map(|export| FunctionView { name: Arc::clone(&export.name), ty: export.ty.clone() })
            .collect(),
    });
    ServiceView {
        name: release.name.clone(),
        digest: release.given.compiled.digest(),
        interfaces: interfaces.collect(),
        release: release.given.clone(),
    }
}
