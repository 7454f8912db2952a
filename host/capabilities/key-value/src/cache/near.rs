//! What this process has just read of Redis, in its own memory: kept for a second at most, and only while Redis tells of
//! every change ([`crate::link`]).
//!
//! A read and the message of a change travel on two connections. Each entry therefore belongs to a stripe with a
//! counter that every change raises: what was read is kept only if the counter is what it was before the read.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fondaco_engine::TenantId;

use super::shares::Shares;
use crate::CacheConfig;
use crate::link::{Listener, TRACKED};

const STRIPES: u64 = 1_024;

/// The entries in this process's memory.
pub(super) struct Near {
    shares: Shares,
    vouched: AtomicBool,
    stripes: Vec<AtomicU64>,
    hasher: RandomState,
    ttl: Duration,
}

impl Near {
    pub(super) fn new(config: CacheConfig) -> Self {
        Self {
            shares: Shares::new(config),
            vouched: AtomicBool::new(false),
            stripes: (0..STRIPES).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            ttl: Duration::from_millis(config.near_ms),
        }
    }

    fn stripe(&self, entry: &str) -> Option<&AtomicU64> {
        let at = usize::try_from(self.hasher.hash_one(entry) % STRIPES).unwrap_or_default();
        self.stripes.get(at)
    }

    pub(super) fn seen(&self, entry: &str) -> u64 {
        self.stripe(entry).map_or(0, |stripe| stripe.load(Ordering::SeqCst))
    }

    pub(super) fn get(&self, tenant: &TenantId, entry: &str) -> Option<Bytes> {
        if self.vouched.load(Ordering::SeqCst) { self.shares.get(tenant, entry) } else { None }
    }

    /// Keeps what was read, unless it has changed since `seen`.
    pub(super) fn keep(&self, tenant: &TenantId, entry: &str, value: &Bytes, seen: u64) {
        if !self.vouched.load(Ordering::SeqCst) || self.seen(entry) != seen {
            return;
        }
        self.shares.set(tenant, entry.to_owned(), value.clone(), self.ttl);
        if self.seen(entry) != seen {
            self.shares.remove(tenant, entry);
        }
    }

    pub(super) fn forget(&self, tenant: &TenantId, entry: &str) {
        if let Some(stripe) = self.stripe(entry) {
            stripe.fetch_add(1, Ordering::SeqCst);
        }
        self.shares.remove(tenant, entry);
    }
}

impl Listener for Near {
    fn vouched(&self, vouched: bool) {
        self.vouched.store(false, Ordering::SeqCst);
        for stripe in &self.stripes {
            stripe.fetch_add(1, Ordering::SeqCst);
        }
        self.shares.clear();
        self.vouched.store(vouched, Ordering::SeqCst);
    }

    fn changed(&self, key: &[u8]) {
        // `fondaco:cache:e:{tenant}:service:key`
        let entry = std::str::from_utf8(key).ok().and_then(|key| key.strip_prefix(TRACKED)?.strip_prefix('{'));
        let Some((tenant, rest)) = entry.and_then(|entry| entry.split_once("}:")) else { return };
        if let Ok(tenant) = tenant.parse::<TenantId>() {
            self.forget(&tenant, &format!("{tenant}:{rest}"));
        }
    }
}
