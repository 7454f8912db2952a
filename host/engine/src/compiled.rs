//! A component in machine code, shared by all that use the same bytes.

use std::fmt;

use wasmtime::component::Component;

use crate::{Class, Digest};

/// A compiled component. The engine knows it weakly by its digest, so that a thousand tenants who use the same bytes
/// share one, and it goes when the last of them lets go.
pub struct Compiled {
    digest: Digest,
    class: Class,
    size: usize,
    component: Component,
}

impl Compiled {
    pub(crate) fn new(digest: Digest, class: Class, size: usize, component: Component) -> Self {
        Self { digest, class, size, component }
    }

    /// What it is known by: the digest of the `.wasm` bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The class that it was compiled for.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Bytes of machine code and tables.
    pub fn artifact_bytes(&self) -> usize {
        self.size
    }

    /// The component itself, with its types.
    pub fn component(&self) -> &Component {
        &self.component
    }
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiled").field("digest", &self.digest).field("class", &self.class).finish_non_exhaustive()
    }
}
