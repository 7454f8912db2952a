//! The engine: the wasmtime engines of the two classes, the compiler's front, the ticker. Made once, cloned freely.

pub(crate) mod compile;
mod per_engine;
mod settings;
mod shards;
mod ticker;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub(crate) use per_engine::PerEngine;
pub(crate) use settings::for_compiling;
pub(crate) use ticker::Ticker;

use crate::{Class, Compiled, Digest, EngineConfig, EngineError, Fault};
use compile::Compilation;
pub use compile::{PruneRules, Pruned};
use shards::Shards;

/// Compiles and runs components. Cheap to clone; the last clone stops the ticker.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    plugins: Shards,
    services: PerEngine<wasmtime::Engine>,
    compilation: Compilation,
    ticker: Ticker,
    config: EngineConfig,
}

impl Engine {
    /// Reserves the pools, opens the cache and starts the ticker.
    ///
    /// Where the address space does not hold the pools, instances are made on demand and a warning is logged.
    pub fn new(config: EngineConfig) -> Result<Engine, EngineError> {
        let plugins = Shards::new(config.plugin_engines, &config.plugins)?;
        let services = PerEngine::new(1, || settings::engine(Class::Service, &config.services, 1))?;
        let compilation = Compilation::new(&config, plugins.engines(), &services)?;
        let engines = plugins.engines().iter().chain(services.iter());
        let ticker = Ticker::start(config.tick, engines.map(wasmtime::Engine::weak).collect())?;
        Ok(Self { inner: Arc::new(Inner { plugins, services, compilation, ticker, config }) })
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

    /// Removes compiled components from disk that are not in use here and that `rules` no longer keep; `registered` are
    /// those that may be wanted again.
    pub async fn prune(&self, rules: PruneRules, registered: HashSet<Digest>) -> Result<Pruned, Fault> {
        self.inner.compilation.prune(rules, registered).await
    }

    /// Components that went through the compiler since the start, and did not come from memory or disk.
    pub fn compilations(&self) -> u64 {
        self.inner.compilation.count()
    }

    /// The settings that it was made with.
    pub fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    /// Wasmtime's engine of a class. Plugins have several, of which this is the one of [`Compiled::component`].
    pub fn of(&self, class: Class) -> &wasmtime::Engine {
        match class {
            Class::Plugin => self.inner.plugins.engines().first(),
            Class::Service => self.inner.services.first(),
        }
    }

    /// A deadline in ticks of the epoch.
    pub(crate) fn ticks(&self, wall: Duration) -> u64 {
        ticker::ticks(wall, self.inner.config.tick)
    }

    /// Room for one plugin's call, and where.
    pub(crate) fn admit_plugin(&self) -> Option<shards::Admission<'_>> {
        self.inner.plugins.admit()
    }

    pub(crate) fn ticker(&self) -> &Ticker {
        &self.inner.ticker
    }
}
