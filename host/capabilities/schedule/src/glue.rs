//! What the engine asks: whether a release's jobs can run, and, at the end of a run, that it is written down.

use std::sync::Arc;

use async_trait::async_trait;
use fondaco_engine::{End, Extension, Fault, Prepared, ServiceState, Staging};
use fondaco_sql::Work;
use wasmtime::component::Linker;

use crate::clock::Clock;
use crate::exports;
use crate::grant::Grant;
use crate::in_flight::InFlight;
use crate::ledger::Ledger;

/// The grant's name.
pub(crate) const GRANT: &str = "schedule";

/// The extension. To be put before that of the unit of work, which commits what this one writes.
pub(crate) struct Glue {
    pub(crate) ledger: Ledger,
    pub(crate) in_flight: InFlight,
    pub(crate) clock: Clock,
}

#[async_trait]
impl Extension for Glue {
    /// Nothing: a service is called, and does not call.
    fn add_to_linker(&self, _linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        Ok(())
    }

    fn interfaces(&self) -> &[&str] {
        &[]
    }

    fn grant(&self) -> Option<&'static str> {
        Some(GRANT)
    }

    async fn prepare(&self, staging: Staging<'_>) -> Result<Option<Prepared>, Fault> {
        let grant = Grant::parse(staging.grant)?;
        exports::check(staging.release, &grant)?;
        Ok(Some(Arc::new(grant)))
    }

    async fn finish(&self, state: &mut ServiceState, end: End) -> Result<(), Fault> {
        if end == End::Err {
            return Ok(());
        }
        let Some(held) = self.in_flight.of(state.call(), state.service()) else { return Ok(()) };
        let work = Work::of(state, self.ledger.databases()).await?;
        self.ledger.done(work, &held, self.clock.now_ms()).await
    }
}
