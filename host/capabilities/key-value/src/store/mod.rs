//! Durable buckets: what is written is there when the call returns, for every reader, until it is deleted.
//!
//! Two implementations: [`SqliteStore`] in a file, and [`RedisStore`] shared by replicas. Both keep the tenant's quota
//! in the same step as the write, so that it is exact however many write at a time.

mod redis;
mod sqlite;

use async_trait::async_trait;
use bytes::Bytes;
use fondaco_engine::Fault;

pub use self::redis::RedisStore;
pub use self::sqlite::SqliteStore;

use crate::names::{Bucket, Key};

/// One change of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: Key,
    /// Its value from now on; none deletes it.
    pub value: Option<Bytes>,
}

/// A page of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order of their bytes.
    pub keys: Vec<String>,
    /// Where the next page begins; none at the end.
    pub cursor: Option<String>,
}

/// Durable buckets.
#[async_trait]
pub trait Store: Send + Sync {
    /// The values of keys, in the order asked.
    async fn get_many(&self, bucket: &Bucket, keys: &[Key]) -> Result<Vec<Option<Bytes>>, Fault>;

    /// Whether there is a value.
    async fn exists(&self, bucket: &Bucket, key: &Key) -> Result<bool, Fault>;

    /// Keys from behind `after` on, up to [`PAGE`](crate::PAGE) of them.
    async fn keys(&self, bucket: &Bucket, after: Option<&str>) -> Result<Page, Fault>;

    /// All changes or none. `KEY_VALUE_QUOTA` when the tenant would hold too much.
    async fn write(&self, bucket: &Bucket, changes: &[Change]) -> Result<(), Fault>;

    /// Adds to a number.
    async fn increment(&self, bucket: &Bucket, key: &Key, delta: i64) -> Result<i64, Fault>;

    /// Sets the value if the key holds what is expected; false when it does not.
    async fn swap(&self, bucket: &Bucket, key: &Key, expected: Option<&Bytes>, value: &Bytes) -> Result<bool, Fault>;
}

/// The last change of each key: what a batch comes to.
fn settled(changes: &[Change]) -> Vec<&Change> {
    let last = |at: usize, change: &Change| !changes.iter().skip(at + 1).any(|later| later.key == change.key);
    changes.iter().enumerate().filter(|(at, change)| last(*at, change)).map(|(_, change)| change).collect()
}

/// A page out of one key more than it may have.
fn page(mut keys: Vec<String>) -> Page {
    let more = keys.len() > crate::PAGE;
    keys.truncate(crate::PAGE);
    let cursor = if more { keys.last().cloned() } else { None };
    Page { keys, cursor }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_change_of_a_key_counts() {
        let change = |key: &str, value: Option<&'static str>| Change {
            key: key.parse().unwrap(),
            value: value.map(|text| Bytes::from_static(text.as_bytes())),
        };
        let changes = [change("a", Some("1")), change("b", Some("2")), change("a", None)];
        assert_eq!(settled(&changes), [&changes[1], &changes[2]]);
    }
}
