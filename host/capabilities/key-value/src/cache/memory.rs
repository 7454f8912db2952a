//! The cache in this process: for one host.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use fondaco_engine::Fault;

use super::flights::{Flights, Learned, Part, follow};
use super::shares::Shares;
use super::{Cache, Loaded, entry};
use crate::CacheConfig;
use crate::names::{Key, Scope};

/// The cache in this process.
pub struct MemoryCache {
    shares: Shares,
    flights: Flights,
}

impl MemoryCache {
    /// Empty.
    pub fn new(config: CacheConfig) -> Self {
        Self { shares: Shares::new(config), flights: Flights::new() }
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get_many(&self, scope: &Scope, keys: &[Key]) -> Vec<Option<Bytes>> {
        keys.iter().map(|key| self.shares.get(&scope.tenant, &entry(scope, key))).collect()
    }

    async fn set(&self, scope: &Scope, key: &Key, value: Bytes, ttl: Duration) -> Result<(), Fault> {
        let entry = entry(scope, key);
        self.flights.revoke(&entry, || {
            self.shares.set(&scope.tenant, entry.clone(), value, ttl);
        });
        Ok(())
    }

    async fn delete(&self, scope: &Scope, key: &Key) -> Result<(), Fault> {
        let entry = entry(scope, key);
        self.flights.revoke(&entry, || self.shares.remove(&scope.tenant, &entry));
        Ok(())
    }

    async fn load(&self, scope: &Scope, key: &Key, wait: Duration) -> Loaded {
        let entry = entry(scope, key);
        let until = Instant::now() + wait;
        loop {
            if let Some(value) = self.shares.get(&scope.tenant, &entry) {
                return Loaded::Hit(value);
            }
            match self.flights.join(&entry) {
                Part::Leader(lease) => match self.shares.get(&scope.tenant, &entry) {
                    // It landed between the two looks.
                    Some(value) => {
                        self.flights.give_up(&entry, lease);
                        return Loaded::Hit(value);
                    }
                    None => return Loaded::Lease(lease),
                },
                Part::Follower(made) => match follow(made, until).await {
                    Learned::Value(value) => return Loaded::Hit(value),
                    Learned::Nothing => {}
                    Learned::Late => return Loaded::Busy,
                },
            }
        }
    }

    async fn fill(&self, scope: &Scope, key: &Key, lease: u64, value: Bytes, ttl: Duration) -> bool {
        let entry = entry(scope, key);
        let keep = || {
            self.shares.set(&scope.tenant, entry.clone(), value.clone(), ttl);
        };
        self.flights.land(&entry, lease, &value, keep)
    }

    fn release(&self, scope: &Scope, key: &Key, lease: u64) {
        self.flights.give_up(&entry(scope, key), lease);
    }
}
