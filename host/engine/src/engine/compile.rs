//! From `.wasm` bytes to machine code: memory, then disk, then a child process.
//!
//! Equal bytes that arrive together fly once: the first caller's work is shared by all who ask meanwhile, its failure
//! too, so that ten uploads of one compile bomb cost as much as one. When the last who waits gives up, the child is
//! killed.

pub(crate) mod bounds;
mod cache;
pub(crate) mod child;
pub(crate) mod job;
mod prune;

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use tokio::sync::Semaphore;
use wasmtime::component::Component;

use super::PerEngine;
use crate::sync::lock;
use crate::{Class, Code, CompileLimits, Compiled, Compiler, Digest, EngineConfig, EngineError, Fault};
use cache::Cache;
pub use prune::{PruneRules, Pruned};

type Key = (Class, Digest);
type Flight = BoxFuture<'static, Result<Arc<Compiled>, Fault>>;

/// What is known of a component: itself, or the work that makes it.
#[derive(Default)]
struct Known {
    compiled: Weak<Compiled>,
    flight: Option<WeakShared<Flight>>,
}

/// The compiler's front.
pub(crate) struct Compilation {
    shop: Arc<Shop>,
}

struct Shop {
    plugins: PerEngine<wasmtime::Engine>,
    services: PerEngine<wasmtime::Engine>,
    cache: Option<Cache>,
    compiler: Compiler,
    limits: CompileLimits,
    turns: Semaphore,
    known: Mutex<HashMap<Key, Known>>,
    count: AtomicU64,
}

impl Compilation {
    pub(super) fn new(
        config: &EngineConfig,
        plugins: &PerEngine<wasmtime::Engine>,
        services: &PerEngine<wasmtime::Engine>,
    ) -> Result<Self, EngineError> {
        let cache = match &config.cache_dir {
            Some(dir) => {
                let open = Cache::open(dir, [(Class::Plugin, plugins.first()), (Class::Service, services.first())]);
                Some(open.map_err(|error| EngineError::Cache { path: dir.clone(), error })?)
            }
            None => None,
        };
        let shop = Shop {
            plugins: plugins.clone(),
            services: services.clone(),
            cache,
            compiler: config.compiler.clone(),
            limits: config.compile,
            turns: Semaphore::new(config.compile.parallel.max(1)),
            known: Mutex::default(),
            count: AtomicU64::new(0),
        };
        Ok(Self { shop: Arc::new(shop) })
    }

    /// How many components were compiled and not found.
    pub(super) fn count(&self) -> u64 {
        self.shop.count.load(Ordering::Relaxed)
    }

    /// Prunes the folder of compiled components, where there is one.
    pub(super) async fn prune(&self, rules: PruneRules, registered: HashSet<Digest>) -> Result<Pruned, Fault> {
        let shop = Arc::clone(&self.shop);
        let pruned = blocking(move || match &shop.cache {
            Some(cache) => cache.prune(rules, &registered, &shop.in_use()),
            None => Ok(Pruned::default()),
        });
        pruned.await?.map_err(|error| Fault::internal(format!("the compile cache can't be pruned: {error}")))
    }

    /// The component of that digest, from wherever it is nearest.
    pub(super) async fn load(
        &self,
        class: Class,
        digest: Digest,
        bytes: impl FnOnce() -> io::Result<Bytes> + Send + 'static,
    ) -> Result<Arc<Compiled>, Fault> {
        match self.find_or_start((class, digest), bytes) {
            Ok(compiled) => Ok(compiled),
            Err(flight) => flight.await,
        }
    }

    fn find_or_start(
        &self,
        key: Key,
        bytes: impl FnOnce() -> io::Result<Bytes> + Send + 'static,
    ) -> Result<Arc<Compiled>, Shared<Flight>> {
        let mut all = lock(&self.shop.known);
        let known = all.entry(key).or_default();
        if let Some(compiled) = known.compiled.upgrade() {
            return Ok(compiled);
        }
        if let Some(flight) = known.flight.as_ref().and_then(WeakShared::upgrade) {
            return Err(flight);
        }
        let flight = fly(Arc::clone(&self.shop), key, bytes).boxed().shared();
        known.flight = flight.downgrade();
        Err(flight)
    }
}

async fn fly(
    shop: Arc<Shop>,
    key: Key,
    bytes: impl FnOnce() -> io::Result<Bytes> + Send + 'static,
) -> Result<Arc<Compiled>, Fault> {
    let made = shop.make(key, bytes).await;
    let mut all = lock(&shop.known);
    match &made {
        Ok(compiled) => drop(all.insert(key, Known { compiled: Arc::downgrade(compiled), flight: None })),
        Err(_) => drop(all.remove(&key)),
    }
    // Names of components that nobody uses any more must not pile up.
    all.retain(|_, known| {
        let flying = known.flight.as_ref().is_some_and(|flight| flight.upgrade().is_some());
        flying || known.compiled.strong_count() > 0
    });
    made
}

impl Shop {
    fn engines(&self, class: Class) -> &PerEngine<wasmtime::Engine> {
        match class {
            Class::Plugin => &self.plugins,
            Class::Service => &self.services,
        }
    }

    async fn make(
        self: &Arc<Self>,
        key: Key,
        bytes: impl FnOnce() -> io::Result<Bytes> + Send + 'static,
    ) -> Result<Arc<Compiled>, Fault> {
        let (class, digest) = key;
        let shop = Arc::clone(self);
        if let Some(found) = blocking(move || shop.on_disk(key)).await? {
            return Ok(found);
        }
        let bytes = blocking(bytes).await?.map_err(|error| {
            Fault::new(Code::DataLoss, "COMPONENT_UNREADABLE", format!("component {digest} can't be read: {error}"))
        })?;
        bounds::check_header(&bytes, &self.limits)?;
        let artifact = self.compile(class, bytes).await?;
        self.count.fetch_add(1, Ordering::Relaxed);
        let shop = Arc::clone(self);
        blocking(move || shop.keep(key, &artifact)).await?
    }

    fn in_use(&self) -> Vec<Key> {
        let all = lock(&self.known);
        all.iter().filter(|(_, known)| known.compiled.strong_count() > 0).map(|(key, _)| *key).collect()
    }

    fn on_disk(&self, (class, digest): Key) -> Option<Arc<Compiled>> {
        let (components, size) = self.cache.as_ref()?.get(self.engines(class), class, digest)?;
        Some(Arc::new(Compiled::new(digest, class, size, components)))
    }

    async fn compile(self: &Arc<Self>, class: Class, bytes: Bytes) -> Result<Vec<u8>, Fault> {
        let closed = |_| Fault::internal("the compiler is shut down");
        let _turn = self.turns.acquire().await.map_err(closed)?;
        match &self.compiler {
            Compiler::Child(worker) => child::compile(worker, class, &self.limits, &bytes).await,
            Compiler::InProcess => {
                let shop = Arc::clone(self);
                blocking(move || job::compile(shop.engines(class).first(), &bytes, &shop.limits)).await?
            }
        }
    }

    fn keep(&self, (class, digest): Key, artifact: &[u8]) -> Result<Arc<Compiled>, Fault> {
        if let Some(cache) = &self.cache {
            match cache.put(class, digest, artifact) {
                Ok(()) => {
                    if let Some(found) = self.on_disk((class, digest)) {
                        return Ok(found);
                    }
                }
                Err(error) => tracing::warn!(%class, digest = %digest.short(), %error, "compiled component not cached"),
            }
        }
        // SAFETY: the bytes are what our own compile worker, or this process, has just made.
        #[allow(unsafe_code)]
        let load = |engine| unsafe { Component::deserialize(engine, artifact) };
        let components = self.engines(class).try_map(load).map_err(|error| unloadable(&error))?;
        Ok(Arc::new(Compiled::new(digest, class, artifact.len(), components)))
    }
}

/// Machine code is refused for two reasons: it was made for another engine, or the pool has no slot that is big enough.
fn unloadable(error: &wasmtime::Error) -> Fault {
    let reason = format!("{error:#}");
    if reason.contains("compiled with") || reason.contains("compiled without") {
        tracing::error!(reason, "compiled component does not load");
        return Fault::internal("the compile worker is of another version than the host");
    }
    let message = format!("the component needs more than an instance may have: {reason}");
    Fault::new(Code::InvalidArgument, "DOES_NOT_FIT", message)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "work on a component was lost");
        Fault::internal("work on the component was lost; try again")
    })
}
