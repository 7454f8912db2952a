//! A component in machine code, shared by all that use the same bytes.

use std::fmt;

use wasmtime::component::Component;

use crate::engine::PerEngine;
use crate::{Class, Digest};

/// A compiled component. The engine knows it weakly by its digest, so that a thousand tenants who use the same bytes
/// share one, and it goes when the last of them lets go.
pub struct Compiled {
    digest: Digest,
    class: Class,
    size: usize,
    components: PerEngine<Component>,
}

impl Compiled {
    pub(crate) fn new(digest: Digest, class: Class, size: usize, components: PerEngine<Component>) -> Self {
        Self { digest, class, size, components }
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

    /// The component itself, with its types. A plugin has others like it, one for each engine that it may run in.
    pub fn component(&self) -> &Component {
        self.components.first()
    }

    /// One for each engine of its class.
    pub(crate) fn components(&self) -> &PerEngine<Component> {
        &self.components
    }
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiled").field("digest", &self.digest).field("class", &self.class).finish_non_exhaustive()
    }
}
