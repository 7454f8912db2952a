//! The cache: values that may be gone at any moment, and are never older than they should be.
//!
//! Two implementations: [`MemoryCache`] in this process, and [`RedisCache`] shared by replicas with a short-lived
//! [`MemoryCache`]-like share in front. Both bound each tenant's part, and push a tenant's entries out for entries of
//! the same tenant only. Both give one caller at a time the lease to make a value that is missing ([`flights`]).

mod flights;
mod memory;
mod near;
mod redis;
mod scripts;
mod shares;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fondaco_engine::Fault;

pub use self::memory::MemoryCache;
pub use self::redis::RedisCache;

use crate::names::{Key, Scope};

/// How long a lease lasts.
pub const LEASE: Duration = Duration::from_secs(10);
/// The longest that an entry is kept.
pub const LONGEST: Duration = Duration::from_hours(24);

/// What a read-through found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// The value.
    Hit(Bytes),
    /// There is none, and making one is the caller's, under this lease.
    Lease(u64),
    /// Someone else is making it and was not done in time.
    Busy,
}

/// A cache.
#[async_trait]
pub trait Cache: Send + Sync {
    /// The values of keys, in the order asked. A store that is away is a miss.
    async fn get_many(&self, scope: &Scope, keys: &[Key]) -> Vec<Option<Bytes>>;

    /// Keeps a value. `CACHE_UNAVAILABLE` when an older one may go on being served.
    async fn set(&self, scope: &Scope, key: &Key, value: Bytes, ttl: Duration) -> Result<(), Fault>;

    /// Forgets a key and whoever is just making its value. `CACHE_UNAVAILABLE` when it may go on being served.
    async fn delete(&self, scope: &Scope, key: &Key) -> Result<(), Fault>;

    /// The value, or the lease to make it; waits for whoever has the lease.
    async fn load(&self, scope: &Scope, key: &Key, wait: Duration) -> Loaded;

    /// Keeps what was made under a lease; false when the lease has ended.
    async fn fill(&self, scope: &Scope, key: &Key, lease: u64, value: Bytes, ttl: Duration) -> bool;

    /// Gives a lease back that nothing was made under. Does not wait: it is called when a call is dropped.
    fn release(&self, scope: &Scope, key: &Key, lease: u64);
}

/// One text for whose and which: labels have no `:`, so that no two pairs have the same.
fn entry(scope: &Scope, key: &Key) -> String {
    format!("{}:{}:{}", scope.tenant, scope.service, key.as_str())
}
