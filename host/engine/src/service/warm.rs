//! Instances that wait for their next call.
//!
//! A service is trusted, so an instance may answer more than one call: one at a time, for one tenant only, so many
//! times and so long, and never again after a trap or a swap.
//!
//! The lists are behind mutexes, although they are on every call's path: eight of them, spread by tenant, each held for
//! the few nanoseconds of a `Vec`'s push or remove, with no allocation in the common case and never across an await or
//! the drop of an instance. A lock-free stack would need a safe way to free its nodes and would cost as much.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use wasmtime::Store;
use wasmtime::component::Instance;

use super::ServiceLimits;
use super::state::ServiceState;
use crate::TenantId;
use crate::sync::lock;

const SHARDS: usize = 8;

/// An instance and its store, in use or waiting.
pub(super) struct Live {
    pub(super) store: Store<ServiceState>,
    pub(super) instance: Instance,
    pub(super) uses: u32,
    pub(super) born: Instant,
}

struct Idle {
    tenant: TenantId,
    live: Live,
    _count: Counted,
}

/// Counts itself among all that wait, as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(all))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The waiting instances of one release.
pub(super) struct Warm {
    shards: [Mutex<Vec<Idle>>; SHARDS],
    spread: RandomState,
    closed: AtomicBool,
    /// Those of all releases.
    all: Arc<AtomicUsize>,
    limits: ServiceLimits,
}

impl Warm {
    pub(super) fn new(all: Arc<AtomicUsize>, limits: ServiceLimits) -> Self {
        Self { shards: Default::default(), spread: RandomState::new(), closed: AtomicBool::new(false), all, limits }
    }

    fn shard(&self, tenant: &TenantId) -> &Mutex<Vec<Idle>> {
        let at = usize::try_from(self.spread.hash_one(tenant) % SHARDS as u64).unwrap_or(0);
        // `at` is below the number of shards; there is no other way to say so without a panic.
        self.shards.get(at).unwrap_or(&self.shards[0])
    }

    /// The tenant's instance that was used last, if one waits and is young enough.
    pub(super) fn take(&self, tenant: &TenantId) -> Option<Live> {
        let idle = {
            let mut waiting = lock(self.shard(tenant));
            let at = waiting.iter().rposition(|idle| idle.tenant == *tenant)?;
            waiting.remove(at)
        };
        (idle.live.born.elapsed() < self.limits.warm_age).then_some(idle.live)
    }

    /// Keeps an instance for the tenant's next call, if it may have one.
    pub(super) fn put(&self, tenant: TenantId, mut live: Live) {
        if self.closed.load(Ordering::Relaxed) || live.uses >= self.limits.warm_uses || self.limits.warm == 0 {
            return;
        }
        live.store.data_mut().rest();
        let full = self.all.load(Ordering::Relaxed) >= self.limits.warm;
        let idle = Idle { tenant, live, _count: Counted::new(&self.all) };
        let _evicted = {
            let mut waiting = lock(self.shard(&idle.tenant));
            // The one that waited longest makes room; where none is at hand, the new one goes.
            match (full, waiting.is_empty()) {
                (true, true) => Some(idle),
                (full, _) => {
                    let oldest = full.then(|| waiting.remove(0));
                    waiting.push(idle);
                    oldest
                }
            }
        };
    }

    /// Drops those that are too old.
    pub(super) fn sweep(&self, now: Instant) {
        for shard in &self.shards {
            let old = |idle: &mut Idle| now.saturating_duration_since(idle.live.born) >= self.limits.warm_age;
            let _dropped_behind_the_lock: Vec<Idle> = lock(shard).extract_if(.., old).collect();
        }
    }

    /// Drops all, and takes none back.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        for shard in &self.shards {
            let _dropped_behind_the_lock = std::mem::take(&mut *lock(shard));
        }
    }
}
