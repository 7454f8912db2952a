//! `[events]` of the host's configuration.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bus::redis::RedisConfig;

/// `[events]` of the host's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventsConfig {
    /// Which bus.
    pub kind: Kind,
    /// For `redis`.
    pub redis: RedisSection,
    /// What services may publish, and how long what was handled is remembered.
    pub limits: Limits,
}

/// Which bus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A log in SQLite, for one process.
    #[default]
    Embedded,
    /// Redis Streams, for many.
    Redis,
}

/// Redis.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisSection {
    /// `redis://user:password@host:port/database`. Never shown.
    pub url: String,
    /// What all keys begin with: `{<prefix>:events}`.
    pub prefix: String,
    /// Partitions of a subscription that is new: as many hosts can share its work. 1 to 255.
    pub partitions: u16,
    /// Milliseconds that a partition stays with a host that does not answer any more.
    pub lease_ms: u64,
}

impl Default for RedisSection {
    fn default() -> Self {
        let RedisConfig { url, prefix, partitions, lease } = RedisConfig::new("redis://127.0.0.1:6379");
        Self { url, prefix, partitions, lease_ms: u64::try_from(lease.as_millis()).unwrap_or(6_000) }
    }
}

impl fmt::Debug for RedisSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisSection({}, {} partitions)", self.prefix, self.partitions)
    }
}

impl RedisSection {
    pub(crate) fn to_config(&self) -> RedisConfig {
        RedisConfig {
            url: self.url.clone(),
            prefix: self.prefix.clone(),
            partitions: self.partitions,
            lease: Duration::from_millis(self.lease_ms.max(300)),
        }
    }
}

/// What services may publish, and how long what was handled is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of an event's data.
    pub data_bytes: usize,
    /// Events that one call may publish.
    pub events_per_call: u32,
    /// Events that one tenant may publish a second, over all services of this host.
    pub events_per_second: u32,
    /// Events that it may publish at once on top, after a pause.
    pub burst: u32,
    /// Hours that an event stays in its outbox at most after it was relayed. Inboxes remember twice as long.
    pub retention_hours: u32,
    /// Hours that a subscription is kept which no release has any more.
    pub orphan_hours: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            data_bytes: 64 << 10,
            events_per_call: 1_000,
            events_per_second: 1_000,
            burst: 5_000,
            retention_hours: 7 * 24,
            orphan_hours: 7 * 24,
        }
    }
}

impl Limits {
    pub(crate) fn retention(&self) -> Duration {
        hours(self.retention_hours)
    }

    pub(crate) fn orphans(&self) -> Duration {
        hours(self.orphan_hours)
    }
}

fn hours(count: u32) -> Duration {
    Duration::from_hours(u64::from(count.max(1)))
}
