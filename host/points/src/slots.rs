//! Tenant → its plugin set. Reading takes no lock: a quote must never wait for another tenant's release.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arc_swap::ArcSwap;
use fondaco_engine::TenantId;

use crate::set::PluginSet;

/// So many maps that adding the ten-thousandth tenant copies a map of some hundred slots, not of all.
const SHARDS: usize = 64;

type Slot = Arc<ArcSwap<PluginSet>>;
type Shard = ArcSwap<HashMap<TenantId, Slot>>;

pub(crate) struct Slots {
    shards: Vec<Shard>,
    hasher: RandomState,
    /// What a tenant without plugins has.
    empty: Arc<PluginSet>,
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            hasher: RandomState::new(),
            empty: Arc::new(PluginSet::empty()),
        }
    }

    /// The set that serves now.
    pub(crate) fn get(&self, tenant: &TenantId) -> Arc<PluginSet> {
        let slot = self.shard(tenant).and_then(|shard| shard.load().get(tenant).map(|slot| slot.load_full()));
        slot.unwrap_or_else(|| Arc::clone(&self.empty))
    }

    /// Serves `set` from now on; calls in flight keep the one that they pinned.
    pub(crate) fn put(&self, tenant: &TenantId, set: Arc<PluginSet>) {
        let Some(shard) = self.shard(tenant) else {
            return;
        };
        if let Some(slot) = shard.load().get(tenant) {
            return slot.store(set);
        }
        // Two who add the same tenant at the same time: the second `rcu` finds the slot of the first and keeps it.
        shard.rcu(|slots| {
            let mut slots = HashMap::clone(slots);
            slots.entry(tenant.clone()).or_insert_with(|| Arc::new(ArcSwap::new(Arc::clone(&set))));
            slots
        });
        if let Some(slot) = shard.load().get(tenant) {
            slot.store(set);
        }
    }

    fn shard(&self, tenant: &TenantId) -> Option<&Shard> {
        // Always there; the remainder is below SHARDS.
        let hash = self.hasher.hash_one(tenant) % SHARDS as u64;
        self.shards.get(usize::try_from(hash).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_what_was_put_last() {
        let slots = Slots::new();
        let (first, second) = (Arc::new(PluginSet::empty()), Arc::new(PluginSet::empty()));
        let tenant: TenantId = "acme".parse().unwrap();
        slots.put(&tenant, Arc::clone(&first));
        let pinned = slots.get(&tenant);
        slots.put(&tenant, Arc::clone(&second));
        assert!(Arc::ptr_eq(&pinned, &first));
        assert!(Arc::ptr_eq(&slots.get(&tenant), &second));
    }

    #[test]
    fn a_stranger_has_the_empty_set() {
        let slots = Slots::new();
        assert_eq!(slots.get(&"nobody".parse().unwrap()).iter().count(), 0);
    }

    #[test]
    fn threads_that_add_tenants_lose_none() {
        let slots = Slots::new();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let slots = &slots;
                scope.spawn(move || {
                    for tenant in 0..100 {
                        let tenant: TenantId = format!("t{thread}-{tenant}").parse().unwrap();
                        slots.put(&tenant, Arc::new(PluginSet::empty()));
                    }
                });
            }
        });
        let tenants: usize = slots.shards.iter().map(|shard| shard.load().len()).sum();
        assert_eq!(tenants, 400);
    }
}
