//! What the host keeps of a plugin's call while it runs: plain numbers, no allocation.

use wasmtime::ResourceLimiter;

use super::log::{Log, LogBuffer};
use super::random::Random;
use super::{Limits, Seed};
use crate::usage::Usage;

/// A bound of the host that a plugin ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Hit {
    #[error("host call limit reached")]
    HostCalls,
    #[error("the plugin called exit")]
    Exit,
}

/// The store's data of a plugin's call. Typed bindings name it and need nothing of it.
pub struct PluginState {
    pub(super) usage: Usage,
    pub(super) log: LogBuffer,
    pub(super) random: Random,
    pub(super) now_ms: u64,
    hit: Option<Hit>,
    host_calls_left: u32,
}

impl PluginState {
    pub(super) fn new(limits: &Limits, seed: Seed<'_>) -> Self {
        Self {
            usage: Usage::new(limits.memory_bytes, limits.table_elements),
            log: LogBuffer::new(limits),
            random: Random::of(seed.request_id),
            now_ms: seed.now_ms,
            hit: None,
            host_calls_left: limits.host_calls,
        }
    }

    pub(super) fn usage(&mut self) -> &mut dyn ResourceLimiter {
        &mut self.usage
    }

    pub(super) fn into_log(self) -> Log {
        self.log.into_log()
    }

    pub(super) fn hit(&self) -> Option<Hit> {
        self.hit
    }

    /// Ends the call.
    pub(super) fn stop(&mut self, hit: Hit) -> wasmtime::Error {
        self.hit = Some(hit);
        wasmtime::Error::new(hit)
    }

    /// Pays for one call of the host.
    pub(super) fn pay(&mut self) -> wasmtime::Result<()> {
        match self.host_calls_left.checked_sub(1) {
            Some(left) => {
                self.host_calls_left = left;
                Ok(())
            }
            None => Err(self.stop(Hit::HostCalls)),
        }
    }
}
