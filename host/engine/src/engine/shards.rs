//! The plugins' engines: one a core, up to a few.
//!
//! An engine of wasmtime counts what is alive in it, and who refers to it, in a few places of memory. Each call of a
//! plugin writes to them again and again, and a place that another core wrote last has to be fetched from there: on
//! a machine whose two cores are far apart that made a call of 6 µs one of 11. So each core has an engine with a pool
//! of its own, and calls on different cores share nothing. A component is loaded into all of them.

use std::sync::atomic::{AtomicU32, Ordering};

use super::per_engine::PerEngine;
use super::settings;
use crate::{Class, EngineError, PoolConfig};

/// All of them.
pub(super) struct Shards {
    engines: PerEngine<wasmtime::Engine>,
    /// Calls that run in each.
    running: PerEngine<Running>,
    /// The most that may run in each.
    instances: u32,
}

/// A counter that shares its cache line (two, since processors fetch pairs) with nothing.
#[derive(Default)]
#[repr(align(128))]
struct Running(AtomicU32);

impl Shards {
    /// Reserves the pools: each has its part of what `pool` allows.
    pub(super) fn new(count: u32, pool: &PoolConfig) -> Result<Self, EngineError> {
        let count = count.clamp(1, pool.instances.max(1));
        let part = PoolConfig {
            instances: pool.instances.div_ceil(count),
            warm_slots: pool.warm_slots.div_ceil(count),
            ..*pool
        };
        let engines = PerEngine::new(count, || settings::engine(Class::Plugin, &part, count))?;
        let running = engines.try_map(|_| Ok::<_, EngineError>(Running::default()))?;
        Ok(Self { engines, running, instances: part.instances })
    }

    pub(super) fn engines(&self) -> &PerEngine<wasmtime::Engine> {
        &self.engines
    }

    /// Room for one call: in this core's engine, or where that is full in another's. Asked before the pool is, so that
    /// the pool itself never runs out.
    pub(super) fn admit(&self) -> Option<Admission<'_>> {
        let count = self.engines.count();
        let home = core() % count;
        (home..count).chain(0..home).find_map(|shard| {
            let admission = Admission::enter(self.engines.at(shard), shard, &self.running.at(shard).0);
            (admission.already < self.instances).then_some(admission)
        })
    }
}

/// The core that this thread runs on just now. It may be moved to another during the call: that costs time, no more.
fn core() -> usize {
    #[cfg(target_os = "linux")]
    return rustix::thread::sched_getcpu();
    #[cfg(not(target_os = "linux"))]
    return 0;
}

/// A place in a pool; given back when dropped.
pub(crate) struct Admission<'a> {
    pub(crate) engine: &'a wasmtime::Engine,
    /// The engine's number.
    pub(crate) shard: usize,
    running: &'a AtomicU32,
    already: u32,
}

impl<'a> Admission<'a> {
    fn enter(engine: &'a wasmtime::Engine, shard: usize, running: &'a AtomicU32) -> Self {
        Self { engine, shard, running, already: running.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_engine_s_calls_go_to_another() {
        let shards = Shards::new(2, &PoolConfig { instances: 4, ..PoolConfig::plugins() }).unwrap();
        let mut held: Vec<_> = (0..4).map(|_| shards.admit().unwrap()).collect();
        assert_eq!(held.iter().filter(|admission| admission.shard == 0).count(), 2);
        assert!(shards.admit().is_none());
        held.pop();
        assert!(shards.admit().is_some());
    }
}
