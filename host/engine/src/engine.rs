//! The engine: two wasmtime engines, the compiler's front, the ticker. Made once, cloned freely.

pub(crate) mod compile;
mod settings;
mod ticker;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use wasmtime::PoolingAllocatorMetrics;

pub(crate) use settings::for_compiling;
pub(crate) use ticker::Ticker;

use crate::{Class, Compiled, Digest, EngineConfig, EngineError, Fault};
use compile::Compilation;

/// Compiles and runs components. Cheap to clone; the last clone stops the ticker.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    plugins: wasmtime::Engine,
    services: wasmtime::Engine,
    compilation: Compilation,
    ticker: Ticker,
    running_plugins: AtomicU32,
    config: EngineConfig,
}

impl Engine {
    /// Reserves the pools, opens the cache and starts the ticker.
    ///
    /// Where the address space does not hold the pools, instances are made on demand and a warning is logged.
    pub fn new(config: EngineConfig) -> Result<Engine, EngineError> {
        let plugins = settings::engine(Class::Plugin, &config.plugins)?;
        let services = settings::engine(Class::Service, &config.services)?;
        let compilation = Compilation::new(&config, plugins.clone(), services.clone())?;
        let ticker = Ticker::start(config.tick, [plugins.weak(), services.weak()])?;
        Ok(Self {
            inner: Arc::new(Inner {
                plugins,
                services,
                compilation,
                ticker,
                running_plugins: AtomicU32::new(0),
                config,
            }),
        })
    }

    /// Compiles a component, or finds it in memory or on disk. Equal bytes that arrive together are compiled once.
    pub async fn compile(&self, class: Class, bytes: Bytes) -> Result<Arc<Compiled>, Fault> {
        let digest = Digest::of(&bytes);
        self.inner.compilation.load(class, digest, move || Ok(bytes)).await
    }

    /// The same for bytes that need not be read when the digest is known already.
    pub async fn load(
        &self,
        class: Class,
        digest: Digest,
        bytes: impl FnOnce() -> io::Result<Bytes> + Send + 'static,
    ) -> Result<Arc<Compiled>, Fault> {
        let checked = move || {
            let bytes = bytes()?;
            if Digest::of(&bytes) == digest {
                Ok(bytes)
            } else {
                Err(io::Error::other("its bytes have another digest"))
            }
        };
        self.inner.compilation.load(class, digest, checked).await
    }

    /// What the pool of a class holds just now; none where instances are made on demand.
    pub fn pool_metrics(&self, class: Class) -> Option<PoolingAllocatorMetrics> {
        self.of(class).pooling_allocator_metrics()
    }

    /// Components that went through the compiler since the start, and did not come from memory or disk.
    pub fn compilations(&self) -> u64 {
        self.inner.compilation.count()
    }

    /// The settings that it was made with.
    pub fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    /// Wasmtime's engine of a class.
    pub fn of(&self, class: Class) -> &wasmtime::Engine {
        match class {
            Class::Plugin => &self.inner.plugins,
            Class::Service => &self.inner.services,
        }
    }

    /// A deadline in ticks of the epoch.
    pub(crate) fn ticks(&self, wall: Duration) -> u64 {
        ticker::ticks(wall, self.inner.config.tick)
    }

    /// Room in the pool for one plugin's call. Asked before the pool is, so that the pool itself never runs out.
    pub(crate) fn admit_plugin(&self) -> Option<Admission<'_>> {
        let admission = Admission::enter(&self.inner.running_plugins);
        (admission.already < self.inner.config.plugins.instances).then_some(admission)
    }

    pub(crate) fn ticker(&self) -> &Ticker {
        &self.inner.ticker
    }
}

/// A place in the pool; given back when dropped.
pub(crate) struct Admission<'a> {
    running: &'a AtomicU32,
    already: u32,
}

impl<'a> Admission<'a> {
    fn enter(running: &'a AtomicU32) -> Self {
        Self { running, already: running.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }
}
