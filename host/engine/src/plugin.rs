//! Plugins: a merchant's components. Untrusted, pure, synchronous, metered.
//!
//! A call gets a fresh store and leaves nothing behind, so nothing survives from one call to the next or from one
//! tenant to another. What it may take is bounded on every side: instructions, time, memory, tables, stack, log, calls
//! of the host and the size of its answer. What it can observe is its input alone: the clock stands still, random
//! numbers are derived from the request, and there is nothing to read.

mod fault;
mod imports;
mod limits;
mod log;
mod random;
mod state;
mod wasi;

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::{Component, InstancePre};

pub use limits::{Limits, Seed};
pub use log::Log;
pub use state::PluginState;

use crate::engine::PerEngine;
use crate::{Class, Code, Compiled, Engine, Fault, Fuel};

/// A plugin that is ready to be called: its imports are resolved, what is left for a call is to instantiate it.
///
/// `E` is what the caller found out about the component once and needs at each call: which exports it means to call.
pub struct Plugin<E = ()> {
    engine: Engine,
    compiled: Arc<Compiled>,
    linked: Arc<PerEngine<Linked<E>>>,
}

/// A plugin as one engine runs it. There are several engines, one a core, so that calls on different cores share
/// nothing; each has its own handles to the same component.
pub struct Linked<E = ()> {
    /// For typed bindings: `bindgen!`'s `…Pre::new(linked.pre.clone())`.
    pub pre: InstancePre<PluginState>,
    /// What was found in this very component.
    pub exports: E,
}

/// What came of one call.
#[derive(Debug)]
pub struct Run<R> {
    /// The answer, or why there is none.
    pub outcome: Result<R, Fault>,
    /// What the call cost, a failed one too.
    pub fuel: Fuel,
    /// What the plugin wrote, whether it failed or not.
    pub log: Log,
}

impl Plugin {
    /// Links a component with exactly what it imports, as far as a plugin may.
    ///
    /// Fails with `FORBIDDEN_IMPORT`, and the offenders, when it asks for more than deterministic WASI.
    pub fn prepare(engine: &Engine, compiled: Arc<Compiled>) -> Result<Plugin, Fault> {
        Plugin::prepare_with(engine, compiled, |_| Ok(()))
    }
}

impl<E> Plugin<E> {
    /// The same, and finds `exports` of the component. A `ComponentExportIndex` is good for the component that it was
    /// found in only, therefore it is asked for each engine's.
    pub fn prepare_with(
        engine: &Engine,
        compiled: Arc<Compiled>,
        exports: impl Fn(&Component) -> Result<E, Fault>,
    ) -> Result<Self, Fault> {
        if compiled.class() != Class::Plugin {
            return Err(Fault::internal("the component was not compiled as a plugin"));
        }
        let linked = compiled.components().try_map(|component| {
            let exports = exports(component)?;
            Ok::<_, Fault>(Linked { pre: imports::link(component.engine(), component)?, exports })
        })?;
        Ok(Self { engine: engine.clone(), compiled, linked: Arc::new(linked) })
    }

    /// The component.
    pub fn compiled(&self) -> &Arc<Compiled> {
        &self.compiled
    }

    /// Runs `call` in a fresh store. It instantiates the plugin and calls it; traps and limits become faults.
    pub fn run<R>(
        &self,
        limits: &Limits,
        seed: Seed<'_>,
        call: impl FnOnce(&mut Store<PluginState>, &Linked<E>) -> wasmtime::Result<R>,
    ) -> Run<R> {
        let Some(admission) = self.engine.admit_plugin() else {
            return Run { outcome: Err(busy()), fuel: Fuel(0), log: Log::default() };
        };
        let mut store = Store::new(admission.engine, PluginState::new(limits, seed));
        let result = match self.bound(&mut store, limits) {
            Ok(()) => call(&mut store, self.linked.at(admission.shard)),
            Err(error) => Err(error),
        };
        let fuel = Fuel(limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0)));
        let outcome = result.map_err(|error| fault::classify(&error, store.data(), limits));
        Run { outcome, fuel, log: store.into_data().into_log() }
    }

    fn bound(&self, store: &mut Store<PluginState>, limits: &Limits) -> wasmtime::Result<()> {
        store.set_fuel(limits.fuel)?;
        store.set_epoch_deadline(self.engine.ticks(limits.wall));
        store.set_hostcall_fuel(limits.output_bytes);
        store.limiter(PluginState::usage);
        Ok(())
    }
}

// Written out, since `derive` would ask for `E: Clone`.
impl<E> Clone for Plugin<E> {
    fn clone(&self) -> Self {
        let Self { engine, compiled, linked } = self;
        Self { engine: engine.clone(), compiled: Arc::clone(compiled), linked: Arc::clone(linked) }
    }
}

impl<E> std::fmt::Debug for Plugin<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("digest", &self.compiled.digest()).finish_non_exhaustive()
    }
}

fn busy() -> Fault {
    Fault::new(Code::Unavailable, "PLUGINS_BUSY", "more plugins run at once than this host has room for; try again")
}
