//! Settings of the capability, and what one tenant may keep.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where pairs and cache entries are kept, and how much of them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyValueConfig {
    /// Which implementation.
    pub kind: Kind,
    /// `redis://[user:password@]host:port[/database]`, for `redis`.
    pub redis_url: String,
    /// How long one command to Redis may take, in milliseconds. What takes longer is `KEY_VALUE_UNAVAILABLE`, and
    /// Redis counts as away until it answers again.
    pub redis_timeout_ms: u64,
    /// What one tenant may keep in its buckets.
    pub quota: Quota,
    /// The cache.
    pub cache: CacheConfig,
}

/// The implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Buckets in a SQLite file, the cache in this process: for one host.
    Embedded,
    /// Both in Redis, shared by all replicas, with a short-lived cache in each process in front.
    Redis,
}

/// What one tenant may keep in the buckets of all its services together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// Pairs.
    pub keys: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

/// How much the cache may keep, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// Bytes of memory for the entries of all tenants. When it is full, a tenant that holds more than its even part
    /// adds nothing; one that holds less still does, so that up to twice this may be in use.
    pub memory_bytes: u64,
    /// Bytes of memory for one tenant. What does not fit pushes out entries of the same tenant.
    pub tenant_bytes: u64,
    /// Bytes in Redis for one tenant, likewise.
    pub redis_tenant_bytes: u64,
    /// How long an entry of Redis is served out of this process's memory, in milliseconds: the longest that a reader
    /// can see what another replica has replaced.
    pub near_ms: u64,
}

impl Default for KeyValueConfig {
    fn default() -> Self {
        Self {
            kind: Kind::Embedded,
            redis_url: "redis://127.0.0.1:6379".to_owned(),
            redis_timeout_ms: 1_000,
            quota: Quota::default(),
            cache: CacheConfig::default(),
        }
    }
}

impl Default for Quota {
    fn default() -> Self {
        Self { keys: 100_000, bytes: 256 << 20 }
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { memory_bytes: 256 << 20, tenant_bytes: 16 << 20, redis_tenant_bytes: 64 << 20, near_ms: 1_000 }
    }
}

impl KeyValueConfig {
    pub(crate) fn redis_timeout(&self) -> Duration {
        Duration::from_millis(self.redis_timeout_ms)
    }
}

impl fmt::Debug for KeyValueConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL: it may have a password in it.
        f.debug_struct("KeyValueConfig")
            .field("kind", &self.kind)
            .field("redis_timeout_ms", &self.redis_timeout_ms)
            .field("quota", &self.quota)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_printed() {
        let config = KeyValueConfig { redis_url: "redis://:hunter2@r:1".into(), ..KeyValueConfig::default() };
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
