//! WIT: `wasi:keyvalue` and `fondaco:host/cache`, as services import them.

mod buckets;
mod cache;

use std::sync::Arc;

use async_trait::async_trait;
use fondaco_engine::{Extension, Fault, Prepared, ServiceState, Staging};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::Linker;

use crate::grant::{self, Granted};
use crate::names::Scope;
use crate::{KeyValue, faults};

/// The capability's name in a manifest's grants.
const GRANT: &str = "key-value";

/// What services import.
pub(crate) struct KeyValueExtension {
    key_value: Arc<KeyValue>,
}

impl KeyValueExtension {
    pub(crate) fn new(key_value: Arc<KeyValue>) -> Self {
        Self { key_value }
    }
}

#[async_trait]
impl Extension for KeyValueExtension {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        buckets::add_to_linker(linker)?;
        cache::add_to_linker(linker)
    }

    fn interfaces(&self) -> &[&str] {
        &[
            "wasi:keyvalue/store@0.2.0-draft2",
            "wasi:keyvalue/atomics@0.2.0-draft2",
            "wasi:keyvalue/batch@0.2.0-draft2",
            "fondaco:host/cache@1.0.0",
        ]
    }

    fn grant(&self) -> Option<&'static str> {
        Some(GRANT)
    }

    async fn prepare(&self, staging: Staging<'_>) -> Result<Option<Prepared>, Fault> {
        let stores = grant::read(staging.grant)?;
        Ok(Some(Arc::new(Granted { stores, key_value: Arc::clone(&self.key_value) })))
    }
}

/// What a function here needs of the running call, apart from its state: that stays behind while a store is asked.
struct Call {
    granted: Arc<Granted>,
    scope: Scope,
    read_only: bool,
}

impl Call {
    fn of(state: &ServiceState) -> wasmtime::Result<Self> {
        // It is linked only where it was prepared.
        let granted = state.prepared::<Granted>();
        let granted = granted.ok_or_else(|| wasmtime::format_err!("the key-value grant was not prepared"))?;
        Ok(Self { granted, scope: Scope::of(state), read_only: state.read_only() })
    }

    fn key_value(&self) -> &KeyValue {
        &self.granted.key_value
    }

    /// The tenant's turn to write to a bucket.
    async fn turn(&self) -> Result<Option<OwnedSemaphorePermit>, Fault> {
        if self.read_only {
            return Err(faults::read_only());
        }
        Ok(self.key_value().turns.take(&self.scope.tenant).await)
    }
}
