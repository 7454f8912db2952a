//! Memory for entries, in one share a tenant: a tenant that caches much pushes out its own entries and nobody else's.
//!
//! A share is a moka cache with a bound of its own. The sum of all is bounded by admission: when the memory is full, a
//! tenant that holds its even part of it or more adds nothing until some of its entries have gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fondaco_engine::TenantId;
use moka::Expiry;
use moka::sync::Cache;

use crate::CacheConfig;

/// A tenant that asks for nothing for so long gives its share back.
const IDLE: Duration = Duration::from_mins(5);
/// What an entry takes beside its key and value, about.
const OVERHEAD: usize = 128;

#[derive(Clone)]
struct Entry {
    value: Bytes,
    expires: Instant,
}

/// Each entry has its own end.
struct Ends;

impl Expiry<String, Entry> for Ends {
    fn expire_after_create(&self, _: &String, entry: &Entry, now: Instant) -> Option<Duration> {
        Some(entry.expires.saturating_duration_since(now))
    }

    fn expire_after_update(&self, _: &String, entry: &Entry, now: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(entry.expires.saturating_duration_since(now))
    }
}

/// What all tenants hold. Counted here: moka's own counts lag behind.
#[derive(Default)]
struct Total {
    bytes: AtomicU64,
    tenants: AtomicU64,
}

/// Bytes in use, of one tenant and of all.
struct Usage {
    own: AtomicU64,
    total: Arc<Total>,
}

impl Usage {
    fn add(&self, bytes: u64) {
        self.own.fetch_add(bytes, Ordering::Relaxed);
        self.total.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Does nothing where the share has given up all that it held.
    fn subtract(&self, bytes: u64) {
        let less = |own: u64| own.checked_sub(bytes);
        if self.own.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            self.total.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// The share is gone, whenever moka frees its entries.
    fn give_up(&self) {
        self.total.bytes.fetch_sub(self.own.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Drop for Usage {
    fn drop(&mut self) {
        // What was added after it was given up.
        self.give_up();
    }
}

/// One tenant's entries.
struct Share {
    entries: Cache<String, Entry>,
    usage: Arc<Usage>,
}

/// The shares of all tenants.
pub(super) struct Shares {
    tenants: Cache<TenantId, Arc<Share>>,
    total: Arc<Total>,
    config: CacheConfig,
}

impl Shares {
    pub(super) fn new(config: CacheConfig) -> Self {
        let total = Arc::<Total>::default();
        let left = Arc::clone(&total);
        let gone = move |_, share: Arc<Share>, _| {
            left.tenants.fetch_sub(1, Ordering::Relaxed);
            share.usage.give_up();
        };
        let tenants = Cache::builder().time_to_idle(IDLE).eviction_listener(gone).build();
        Self { tenants, total, config }
    }

    pub(super) fn get(&self, tenant: &TenantId, entry: &str) -> Option<Bytes> {
        let entry = self.tenants.get(tenant)?.entries.get(entry)?;
        // Entries end on time, whenever moka gets round to them.
        (Instant::now() < entry.expires).then_some(entry.value)
    }

    /// Keeps a value if there is room for it. An older one never stays, room or not.
    pub(super) fn set(&self, tenant: &TenantId, entry: String, value: Bytes, ttl: Duration) -> bool {
        let share = self.tenants.get_with_by_ref(tenant, || Arc::new(self.share()));
        let bytes = weight(&entry, &value);
        let own = share.usage.own.load(Ordering::Relaxed);
        if !self.admits(own, bytes) {
            // What has ended or was pushed out may still be counted.
            share.entries.run_pending_tasks();
        }
        if !self.admits(share.usage.own.load(Ordering::Relaxed), bytes) {
            share.entries.invalidate(&entry);
            metrics::counter!("fondaco_cache_refused_total").increment(1);
            return false;
        }
        share.usage.add(bytes);
        share.entries.insert(entry, Entry { value, expires: Instant::now() + ttl });
        true
    }

    pub(super) fn remove(&self, tenant: &TenantId, entry: &str) {
        if let Some(share) = self.tenants.get(tenant) {
            share.entries.invalidate(entry);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.tenants.invalidate_all();
    }

    fn share(&self) -> Share {
        self.total.tenants.fetch_add(1, Ordering::Relaxed);
        let usage = Arc::new(Usage { own: AtomicU64::new(0), total: Arc::clone(&self.total) });
        let told = Arc::clone(&usage);
        let entries = Cache::builder()
            .max_capacity(self.config.tenant_bytes)
            .weigher(|key: &String, entry: &Entry| u32::try_from(weight(key, &entry.value)).unwrap_or(u32::MAX))
            .expire_after(Ends)
            .eviction_listener(move |key: Arc<String>, entry: Entry, _| told.subtract(weight(&key, &entry.value)))
            .build();
        Share { entries, usage }
    }

    fn admits(&self, own: u64, bytes: u64) -> bool {
        let Total { bytes: used, tenants } = &*self.total;
        admits(self.config, used.load(Ordering::Relaxed), own, tenants.load(Ordering::Relaxed), bytes)
    }

    #[cfg(test)]
    fn settle(&self, tenant: &TenantId) -> (u64, u64) {
        self.tenants.run_pending_tasks();
        let own = self.tenants.get(tenant).map_or(0, |share| {
            share.entries.run_pending_tasks();
            share.usage.own.load(Ordering::Relaxed)
        });
        (own, self.total.bytes.load(Ordering::Relaxed))
    }
}

fn weight(key: &str, value: &Bytes) -> u64 {
    u64::try_from(key.len() + value.len() + OVERHEAD).unwrap_or(u64::MAX)
}

/// Whether an entry of so many bytes may be added by a tenant who holds `own` of the `used` bytes.
fn admits(config: CacheConfig, used: u64, own: u64, tenants: u64, bytes: u64) -> bool {
    let even = config.memory_bytes / tenants.max(1);
    used.saturating_add(bytes) <= config.memory_bytes || own.saturating_add(bytes) <= even
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: CacheConfig =
        CacheConfig { memory_bytes: 10_000, tenant_bytes: 6_000, redis_tenant_bytes: 0, near_ms: 0 };
    const TTL: Duration = Duration::from_mins(1);

    fn fill(shares: &Shares, tenant: &TenantId, entries: usize) {
        for at in 0..entries {
            shares.set(tenant, format!("k{at}"), Bytes::from(vec![0; 1_000]), TTL);
        }
    }

    #[test]
    fn a_full_memory_admits_those_below_their_even_part() {
        for (used, own, tenants, bytes, expected) in [
            (0, 0, 1, 100, true),
            (9_950, 6_000, 2, 100, false),
            (9_950, 3_950, 2, 100, true),
            (20_000, 0, 100, 101, false),
        ] {
            assert_eq!(admits(CONFIG, used, own, tenants, bytes), expected, "{used} {own} {tenants} {bytes}");
        }
    }

    #[test]
    fn a_tenant_pushes_out_its_own_entries_only() {
        let shares = Shares::new(CONFIG);
        let (quiet, noisy) = ("quiet".parse().unwrap(), "noisy".parse().unwrap());
        fill(&shares, &quiet, 2);
        fill(&shares, &noisy, 500);
        let (own, _) = shares.settle(&noisy);
        assert!((1_000..=6_000).contains(&own), "{own}");
        for at in 0..2 {
            assert!(shares.get(&quiet, &format!("k{at}")).is_some(), "{at}");
        }
    }

    #[test]
    fn what_has_gone_is_no_longer_counted() {
        let shares = Shares::new(CONFIG);
        let tenant = "acme".parse().unwrap();
        fill(&shares, &tenant, 4);
        assert!(shares.settle(&tenant).0 > 4_000);
        for at in 0..4 {
            shares.remove(&tenant, &format!("k{at}"));
        }
        assert_eq!(shares.settle(&tenant), (0, 0));
        fill(&shares, &tenant, 4);
        shares.clear();
        assert_eq!(shares.settle(&tenant), (0, 0));
        assert!(shares.get(&tenant, "k0").is_none());
    }

    #[test]
    fn one_tenants_flood_stays_within_the_memory() {
        let shares = Shares::new(CONFIG);
        for tenant in 0..50 {
            fill(&shares, &format!("t{tenant}").parse().unwrap(), 20);
        }
        let used = shares.settle(&"t0".parse().unwrap()).1;
        assert!(used <= 2 * CONFIG.memory_bytes, "{used}");
    }
}
