//! A handle on one function.

use std::sync::Arc;

use wasmtime::component::types::{ComponentFunc, Type};

use super::exports::{Export, Interface};
use super::release::Release;
use crate::{Digest, ServiceName};

/// One function of the release that served when this was made. Keep it for one call: it holds the release.
#[derive(Clone)]
pub struct Function {
    pub(super) release: Arc<Release>,
    pub(super) interface: Arc<Interface>,
    pub(super) export: Arc<Export>,
}

impl Function {
    /// Names and types of the arguments.
    pub fn params(&self) -> impl ExactSizeIterator<Item = (&str, Type)> {
        self.export.ty.params()
    }

    /// The type of a good answer: `T` of `result<T, fault>`; none where there is nothing to say.
    pub fn result(&self) -> Option<Type> {
        match self.export.ty.results().next() {
            Some(Type::Result(result)) => result.ok(),
            other => other,
        }
    }

    /// The whole type.
    pub fn ty(&self) -> &ComponentFunc {
        &self.export.ty
    }

    /// The service.
    pub fn service(&self) -> &ServiceName {
        &self.release.name
    }

    /// The interface's full name.
    pub fn interface(&self) -> &str {
        &self.interface.name
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        &self.export.name
    }

    /// The version of the release.
    pub fn version(&self) -> &str {
        &self.release.given.version
    }

    /// The digest of its component.
    pub fn digest(&self) -> Digest {
        self.release.given.compiled.digest()
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}.{}", self.release.label, self.interface.name, self.export.name)
    }
}
