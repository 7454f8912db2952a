//! Services: trusted components that call each other and are called from outside, generically, by their own types.
//!
//! Nothing here is bound when a component is linked. An import of another service is a shim that holds a
//! [`slot`]; who serves is looked up at each call. So a service is swapped by storing one pointer: calls in flight keep
//! the release that they began with, new ones find the new one, and the old one goes when its last call has returned.
//! A service that another one imports may come later, or never; until then a call of it is a fault like any other.

mod activate;
mod call;
mod compatible;
mod configurable;
mod exports;
mod extension;
mod fault;
mod function;
mod link;
mod parts;
mod redact;
mod release;
mod slot;
mod state;
mod view;
mod warm;

use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use wasmtime::component::Val;

pub use activate::StagedService;
pub use extension::{End, Extension, Grants, Prepared, Staging};
pub use function::Function;
pub use release::ServiceRelease;
pub use state::ServiceState;
pub use view::{FunctionView, InterfaceView, ServiceView};

use crate::sync::lock;
use crate::wire::{Arguments, Reader};
use crate::{CallContext, Class, Code, Engine, Fault, ServiceName};
use call::House;
use exports::Import;
use release::Release;
use slot::Directory;

/// What services may take.
#[derive(Debug, Clone)]
pub struct ServiceLimits {
    /// Calls from outside at a time; more wait. Lowered where the pool does not hold them all at full depth, so that
    /// a nested call always finds room and can never starve the one that waits for it.
    pub roots: usize,
    /// Calls on top of each other, the one from outside included.
    pub depth: u8,
    /// The longest that a call from outside may take, with all that it calls.
    pub wall: Duration,
    /// All linear memories of one instance together.
    pub memory_bytes: usize,
    /// Elements of all tables of one instance together.
    pub table_elements: usize,
    /// Bytes that the host takes over from an instance in one go: an answer, or the arguments of a call.
    pub output_bytes: usize,
    /// Instances that are kept warm, of all services and tenants together.
    pub warm: usize,
    /// Calls that one instance serves before it is replaced.
    pub warm_uses: u32,
    /// How long one instance is kept before it is replaced.
    pub warm_age: Duration,
}

impl Default for ServiceLimits {
    fn default() -> Self {
        Self {
            roots: 128,
            depth: 4,
            wall: Duration::from_secs(10),
            memory_bytes: 256 << 20,
            table_elements: 64 << 10,
            output_bytes: 16 << 20,
            warm: 4_096,
            warm_uses: 1_000,
            warm_age: Duration::from_mins(1),
        }
    }
}

impl ServiceLimits {
    /// The same, lowered to what a pool of so many instances holds: all calls from outside at full depth, and beside them
    /// what is kept warm.
    fn within(self, pool: usize) -> Self {
        let depth = self.depth.max(1);
        // Warm ones take what calls from outside leave, and in a small pool a quarter of it.
        let beside_roots = pool.saturating_sub(self.roots.saturating_mul(usize::from(depth)));
        let warm = self.warm.min(beside_roots.max(pool / 4));
        let room = pool.saturating_sub(warm) / usize::from(depth);
        let roots = self.roots.min(room).max(1);
        if (roots, warm) != (self.roots, self.warm) {
            tracing::info!(pool, roots, warm, "service limits lowered to what the pool holds");
        }
        Self { roots, depth, warm, ..self }
    }
}

/// The services of this process: who serves, and how to call them. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    inner: Arc<Inner>,
}

struct Inner {
    house: Arc<House>,
    directory: Directory,
    extensions: Vec<Arc<dyn Extension>>,
    /// Calls from outside.
    roots: Semaphore,
    /// One activation at a time: each is checked against what the one before it left.
    activations: tokio::sync::Mutex<()>,
    /// Releases that serve no more and still have calls in flight.
    draining: Mutex<Vec<Weak<Release>>>,
}

impl Services {
    /// No services yet.
    pub fn new(engine: &Engine, extensions: Vec<Arc<dyn Extension>>, limits: ServiceLimits) -> Services {
        let pool = engine.config().services;
        let limits = limits.within(pool.instances as usize);
        let inner = Inner {
            roots: Semaphore::new(limits.roots),
            house: Arc::new(House::new(engine.clone(), limits)),
            directory: Directory::default(),
            extensions,
            activations: tokio::sync::Mutex::default(),
            draining: Mutex::default(),
        };
        let inner = Arc::new(inner);
        let weak = Arc::downgrade(&inner);
        engine.ticker().each_second(Box::new(move || weak.upgrade().is_some_and(|inner| inner.tidy())));
        Self { inner }
    }

    /// A function of the serving release, which the handle pins: the types that arguments are made by are the types of
    /// the one who takes them. `interface` is a full name (`acme:prices/quotes@1.0.0`) or its last part (`quotes`).
    pub fn function(&self, service: &str, interface: &str, function: &str) -> Result<Function, Fault> {
        let missing = |what: String| Fault::new(Code::NotFound, "FUNCTION_NOT_FOUND", what);
        let release = self.inner.directory.serving(service).ok_or_else(|| {
            Fault::new(Code::NotFound, "SERVICE_NOT_FOUND", format!("no service `{service}` is active here"))
        })?;
        let found = release.interfaces.find(interface).cloned();
        let found = found.ok_or_else(|| missing(format!("service `{service}` has no interface `{interface}`")))?;
        let export = found.functions.get(function).cloned();
        let export = export.ok_or_else(|| missing(format!("`{service}.{interface}` has no function `{function}`")))?;
        Ok(Function { release, interface: found, export })
    }

    /// What serves just now, by name.
    pub fn snapshot(&self) -> Vec<ServiceView> {
        self.inner.directory.all().iter().map(|release| view::of(release)).collect()
    }

    /// How many releases were replaced and still answer calls that began before.
    pub fn draining(&self) -> usize {
        let mut draining = lock(&self.inner.draining);
        draining.retain(|release| release.strong_count() > 0);
        draining.len()
    }

    /// Calls a function from outside. A `result<T, fault>` is unwrapped: `T`, or the fault.
    pub async fn call(&self, ctx: &CallContext, function: &Function, args: Vec<Val>) -> Result<Option<Val>, Fault> {
        let Function { release, export, .. } = function;
        let enter = async |house: &House, context| house.enter(release, export, context, &args).await;
        match self.as_root(ctx, release, enter).await? {
            Some(value) if export.fallible => {
                fault::unwrap(value).map_err(|fault| release.facts.redactions.fault(fault))
            }
            value => Ok(value),
        }
    }

    /// The same without [`Val`]: arguments that were laid out by the function's types, and of a good answer what
    /// `reader` makes of it; none where there is nothing to say.
    pub async fn pass(
        &self,
        ctx: &CallContext,
        function: &Function,
        arguments: Arguments,
        reader: Arc<dyn Reader>,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let Function { release, export, .. } = function;
        let pass = async |house: &House, context| house.pass(release, export, context, arguments, reader).await;
        self.as_root(ctx, release, pass).await
    }

    /// Does the work of a call from outside when it is its turn, within the time that it has.
    async fn as_root<T>(
        &self,
        ctx: &CallContext,
        release: &Release,
        work: impl AsyncFnOnce(&House, CallContext) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let house = &self.inner.house;
        let deadline = ctx.deadline.min(Instant::now() + house.limits.wall);
        let context = CallContext { deadline, ..ctx.clone() };
        let call = async {
            let _place = self.inner.roots.acquire().await.map_err(|_| Fault::internal("the host is shutting down"))?;
            work(house, context).await
        };
        // The epoch stops code that computes; this stops code that waits, by dropping the store with all below it.
        let answer = tokio::time::timeout_at(deadline.into(), call).await;
        let answer = answer.unwrap_or_else(|_| Err(fault::deadline(&release.label)));
        answer.map_err(|fault| release.facts.redactions.fault(fault))
    }

    /// The active services that import an interface of this one, `name@version` each.
    pub fn callers(&self, name: &ServiceName) -> Vec<Arc<str>> {
        let Some(called) = self.inner.directory.serving(name.as_str()) else { return Vec::new() };
        let calls = |release: &&Arc<Release>| {
            let of_it = |import: &Import| called.interfaces.find(&import.key).is_some();
            release.name != *name && release.imports.iter().any(of_it)
        };
        self.inner.directory.all().iter().filter(calls).map(|release| Arc::clone(&release.label)).collect()
    }

    /// Stops serving. Calls in flight end well; new ones, and services that import it, get faults.
    pub fn deactivate(&self, name: &ServiceName) {
        if let Some(old) = self.inner.directory.remove(name) {
            self.inner.retire(&old);
        }
    }
}

impl Inner {
    fn retire(&self, old: &Arc<Release>) {
        self.house.warm.close(&old.badge);
        let mut draining = lock(&self.draining);
        draining.retain(|release| release.strong_count() > 0);
        draining.push(Arc::downgrade(old));
    }

    /// Once a second: instances that are too old go even if nobody calls.
    fn tidy(&self) -> bool {
        self.house.warm.sweep(Instant::now());
        true
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Two services that import each other hold each other's slots.
        self.directory.clear();
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.inner.directory.all().iter().map(|release| &release.label)).finish()
    }
}

/// Fails unless a component was compiled as a service.
fn expect_service(release: &ServiceRelease) -> Result<(), Fault> {
    match release.compiled.class() {
        Class::Service => Ok(()),
        Class::Plugin => Err(Fault::internal("the component was not compiled as a service")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_leave_room_for_every_nested_call() {
        let limits = ServiceLimits { roots: 128, depth: 4, warm: 128, ..ServiceLimits::default() };
        for (pool, roots, warm) in [(768, 128, 128), (512, 96, 128), (64, 12, 16), (2, 1, 0)] {
            let within = limits.clone().within(pool);
            assert_eq!((within.roots, within.warm), (roots, warm), "{pool}");
            assert!(within.roots * 4 + within.warm <= pool.max(4), "{pool}");
        }
    }
}
