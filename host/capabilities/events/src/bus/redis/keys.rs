//! The keys in Redis, and how its words are read. All keys have one hash tag, so that scripts may use them together.

use redis::Script;
use std::sync::LazyLock;

use crate::bus::{BusError, Receipt};
use crate::event::Event;
use crate::subscription::SubscriptionName;

/// The names of keys, below a prefix.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: format!("{{{prefix}:events}}") }
    }

    /// `<incarnation>/<count>`: changes with the routes, and is gone when all is gone.
    pub(super) fn version(&self) -> String {
        format!("{}:version", self.prefix)
    }

    /// Subscription → partitions.
    pub(super) fn routes(&self) -> String {
        format!("{}:routes", self.prefix)
    }

    /// Subscription → when it was declared last, in ms since 1970.
    pub(super) fn declared(&self) -> String {
        format!("{}:declared", self.prefix)
    }

    /// Event → in how many streams it still lies.
    pub(super) fn open(&self) -> String {
        format!("{}:open", self.prefix)
    }

    /// What stands before `<subscription>:<partition>` in a stream's name.
    pub(super) fn streams(&self) -> String {
        format!("{}:stream:", self.prefix)
    }

    pub(super) fn stream(&self, name: &SubscriptionName, partition: u16) -> String {
        format!("{}{name}:{partition}", self.streams())
    }

    /// `<partition>:<entry>` → `<attempts>:<due>`.
    pub(super) fn attempts(&self, name: &SubscriptionName) -> String {
        format!("{}:attempts:{name}", self.prefix)
    }

    pub(super) fn replicas(&self, name: &SubscriptionName) -> String {
        format!("{}:replicas:{name}", self.prefix)
    }

    /// What stands before the partition in a lease's name.
    pub(super) fn leases(&self, name: &SubscriptionName) -> String {
        format!("{}:lease:{name}:", self.prefix)
    }
}

pub(super) static APPEND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/append.lua")));
pub(super) static DECLARE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/declare.lua")));
pub(super) static SETTLE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/settle.lua")));
pub(super) static LEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/lease.lua")));
pub(super) static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/renew.lua")));
pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/release.lua")));
pub(super) static RETIRE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/retire.lua")));

/// The partition of an event: that of its tenant and key, so that order is kept; any without a key. The same on every
/// host and in every version.
pub(super) fn partition_of(event: &Event, partitions: u16) -> u16 {
    let mut hasher = blake3::Hasher::new();
    match &event.partition_key {
        Some(key) => hasher.update(event.tenant.as_str().as_bytes()).update(b"/").update(key.as_bytes()),
        None => hasher.update(event.id.as_bytes()),
    };
    let [first, second, ..] = *hasher.finalize().as_bytes();
    u16::from_be_bytes([first, second]).checked_rem(partitions).unwrap_or(0)
}

/// A generation's mark in receipts.
pub(super) fn mark_of(generation: &str) -> u64 {
    let hash = blake3::hash(generation.as_bytes());
    u64::from_be_bytes(hash.as_bytes().first_chunk().copied().unwrap_or_default())
}

/// `<ms>-<number>`, an entry's id.
pub(super) fn entry_id(receipt: Receipt) -> String {
    format!("{}-{}", receipt.id.0, receipt.id.1)
}

pub(super) fn parse_entry_id(id: &str) -> Option<(u64, u64)> {
    let (ms, number) = id.split_once('-')?;
    Some((ms.parse().ok()?, number.parse().ok()?))
}

/// A field of an entry's attempts.
pub(super) fn attempt_field(receipt: Receipt) -> String {
    format!("{}:{}", receipt.partition, entry_id(receipt))
}

/// The attempts and when it is due; none where nothing stands there.
pub(super) fn parse_attempt(text: Option<&str>) -> (u32, i64) {
    let parsed = text.and_then(|text| {
        let (attempts, due_ms) = text.split_once(':')?;
        Some((attempts.parse().ok()?, due_ms.parse().ok()?))
    });
    parsed.unwrap_or_default()
}

/// What a fault of Redis means for the caller. A server's own complaint (wrong password, no memory, wrong type) does
/// not go away by itself, unless it says so.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn failed(error: redis::RedisError) -> BusError {
    let passing = matches!(error.code(), None | Some("LOADING" | "TRYAGAIN" | "MASTERDOWN" | "READONLY" | "BUSY"));
    if passing { BusError::Unavailable(error.to_string()) } else { BusError::Failed(error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Draft;

    fn event(tenant: &str, key: Option<&str>) -> Event {
        let draft = Draft { ty: "a.b".into(), subject: None, partition_key: key.map(Into::into), data: "1".into() };
        Event::new(draft, tenant.parse().unwrap(), "/services/a".into(), 0, 8).unwrap()
    }

    #[test]
    fn a_key_has_one_partition_for_ever() {
        // These figures must never change: events of a key would overtake each other.
        let of = |key| partition_of(&event("acme", Some(key)), 8);
        assert_eq!([of("a"), of("b"), of("c"), of("d")], [of("a"), of("b"), of("c"), of("d")]);
        let used: std::collections::HashSet<_> = (0..200).map(|_| partition_of(&event("acme", None), 8)).collect();
        assert_eq!(used.len(), 8);
        assert_eq!(partition_of(&event("acme", None), 0), 0);
    }

    #[test]
    fn words_parse_back() {
        let receipt = Receipt { generation: 0, partition: 3, id: (1_700_000_000_000, 7) };
        assert_eq!(parse_entry_id(&entry_id(receipt)), Some(receipt.id));
        assert_eq!(attempt_field(receipt), "3:1700000000000-7");
        assert_eq!(parse_attempt(Some("3:-9")), (3, -9));
        assert_eq!((parse_attempt(Some("x")), parse_attempt(None)), ((0, 0), (0, 0)));
    }
}
