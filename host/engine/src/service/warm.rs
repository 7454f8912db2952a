//! Instances that wait for their next call.
//!
//! A service is trusted, so an instance may answer more than one call: one at a time, for one tenant only, so many
//! times and so long, and never again after a trap or a swap.
//!
//! Those of all releases wait in one place, so that where room is short the one goes that was used longest ago, of
//! whichever service: a tenant whose quotes call pricing a thousand times a second must not lose its instance to
//! those that catalog needed once. What a call pays for it does not grow with the number of tenants.
//!
//! The lists are behind mutexes, although they are on every call's path: some of them, spread by release and tenant,
//! each held for a look-up and a push or pop, with no allocation in the common case and never across an await or the
//! drop of an instance. A lock-free map would need a safe way to free its nodes and would cost as much.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use hashlink::LinkedHashMap;
use wasmtime::Store;
use wasmtime::component::Instance;

use super::ServiceLimits;
use super::state::ServiceState;
use crate::TenantId;
use crate::sync::lock;

/// The most parts, and how much room each has at least: a small one would push out what another has room for.
const PARTS: usize = 16;
const ROOM: usize = 64;

/// An instance and its store, in use or waiting.
pub(super) struct Live {
    pub(super) store: Store<ServiceState>,
    pub(super) instance: Instance,
    pub(super) uses: u32,
    pub(super) born: Instant,
}

/// By what a release's instances are known among all.
pub(super) struct Badge {
    release: u64,
    closed: AtomicBool,
}

impl Badge {
    /// The name of the instances that this release has for a tenant.
    pub(super) fn of(&self, tenant: TenantId) -> Key {
        Key { release: self.release, tenant }
    }
}

#[derive(PartialEq, Eq, Hash)]
pub(super) struct Key {
    release: u64,
    tenant: TenantId,
}

/// The waiting instances of all releases.
pub(super) struct Warm {
    parts: Box<[Mutex<Part>]>,
    /// Instances that may wait in each.
    room: usize,
    spread: RandomState,
    releases: AtomicU64,
    limits: ServiceLimits,
}

#[derive(Default)]
struct Part {
    /// The keys in the order of their last use, each with its instances in that order. A key whose instances are all
    /// in use stays until the next sweep: they are about to come back.
    waiting: LinkedHashMap<Key, Vec<Live>>,
    count: usize,
}

impl Warm {
    pub(super) fn new(limits: ServiceLimits) -> Self {
        let parts = (limits.warm / ROOM).clamp(1, PARTS);
        Self {
            room: limits.warm.div_ceil(parts),
            parts: (0..parts).map(|_| Mutex::default()).collect(),
            spread: RandomState::new(),
            releases: AtomicU64::new(0),
            limits,
        }
    }

    /// Another release.
    pub(super) fn badge(&self) -> Badge {
        Badge { release: self.releases.fetch_add(1, Ordering::Relaxed), closed: AtomicBool::new(false) }
    }

    fn part(&self, key: &Key) -> Option<MutexGuard<'_, Part>> {
        let parts = self.parts.len() as u64;
        let at = usize::try_from(self.spread.hash_one(key) % parts).ok()?;
        self.parts.get(at).map(lock)
    }

    /// The instance of that name that was used last, if one waits and is young enough.
    pub(super) fn take(&self, key: &Key) -> Option<Live> {
        let live = self.part(key)?.take(key)?;
        (live.born.elapsed() < self.limits.warm_age).then_some(live)
    }

    /// Keeps an instance for the next call, if it may have one.
    pub(super) fn put(&self, badge: &Badge, key: Key, mut live: Live) {
        if self.limits.warm == 0 || live.uses >= self.limits.warm_uses {
            return;
        }
        live.store.data_mut().rest();
        let Some(mut part) = self.part(&key) else { return };
        // Asked behind the lock: who closes goes through all parts after he has said so.
        let refused = if badge.closed.load(Ordering::Acquire) {
            Some(live)
        } else {
            part.put(key, live);
            (part.count > self.room).then(|| part.take_oldest()).flatten()
        };
        drop(part);
        drop(refused);
    }

    /// Drops those that are too old.
    pub(super) fn sweep(&self, now: Instant) {
        let is_old = |live: &Live| now.saturating_duration_since(live.born) >= self.limits.warm_age;
        self.remove(|_, live| is_old(live));
    }

    /// Drops all of a release, and takes none back.
    pub(super) fn close(&self, badge: &Badge) {
        badge.closed.store(true, Ordering::Release);
        self.remove(|key, _| key.release == badge.release);
    }

    fn remove(&self, goes: impl Fn(&Key, &Live) -> bool) {
        for part in &self.parts {
            let _dropped_behind_the_lock = lock(part).remove(&goes);
        }
    }
}

impl Part {
    fn take(&mut self, key: &Key) -> Option<Live> {
        let live = self.waiting.get_mut(key)?.pop()?;
        self.count -= 1;
        Some(live)
    }

    fn put(&mut self, key: Key, live: Live) {
        self.count += 1;
        match self.waiting.to_back(&key) {
            Some(lives) => lives.push(live),
            None => {
                self.waiting.insert(key, vec![live]);
            }
        }
    }

    fn take_oldest(&mut self) -> Option<Live> {
        loop {
            let (_, lives) = self.waiting.iter_mut().next()?;
            if !lives.is_empty() {
                self.count -= 1;
                return Some(lives.remove(0));
            }
            self.waiting.pop_front();
        }
    }

    fn remove(&mut self, goes: impl Fn(&Key, &Live) -> bool) -> Vec<Live> {
        let mut removed = Vec::new();
        self.waiting.retain(|key, lives| {
            removed.extend(lives.extract_if(.., |live| goes(key, live)));
            !lives.is_empty()
        });
        self.count -= removed.len();
        removed
    }
}
