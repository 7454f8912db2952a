//! A key-value capability with all that it stands on, and words for the tests.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fondaco_engine::Fault;
use fondaco_key_value::{Bucket, Cache, CacheConfig, Change, Key, KeyValue, KeyValueConfig, Kind, Quota, Scope, Store};
use tempfile::TempDir;

use crate::server::Redis;

/// The longest that anything here may take; what takes longer hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
/// Longer than any test.
pub(crate) const LONG: Duration = Duration::from_mins(10);

pub(crate) struct House {
    pub(crate) key_value: Arc<KeyValue>,
    pub(crate) server: Option<Redis>,
    folder: TempDir,
}

/// Small quotas, so that they are reached; near copies that would outlive the test, so that only Redis' word ends them.
pub(crate) fn config() -> KeyValueConfig {
    KeyValueConfig {
        quota: Quota { keys: 3_000, bytes: 8 << 20 },
        cache: CacheConfig {
            tenant_bytes: 64 << 10,
            redis_tenant_bytes: 64 << 10,
            near_ms: 600_000,
            ..CacheConfig::default()
        },
        redis_timeout_ms: 500,
        ..KeyValueConfig::default()
    }
}

impl House {
    pub(crate) async fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key_value = KeyValue::open(&config(), folder.path()).await.unwrap();
        Self { key_value, server: None, folder }
    }

    pub(crate) async fn redis() -> Option<Self> {
        let server = Redis::start()?;
        let folder = tempfile::tempdir().unwrap();
        let key_value = replica(&server).await;
        Some(Self { key_value, server: Some(server), folder })
    }

    /// The same house, left and entered again.
    pub(crate) async fn again(self) -> Self {
        drop(self.key_value);
        let key_value = KeyValue::open(&config(), self.folder.path()).await.unwrap();
        Self { key_value, server: self.server, folder: self.folder }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &**self.key_value.store()
    }

    pub(crate) fn cache(&self) -> &dyn Cache {
        &**self.key_value.cache()
    }
}

/// Another host on the same Redis.
pub(crate) async fn replica(server: &Redis) -> Arc<KeyValue> {
    let config = KeyValueConfig { kind: Kind::Redis, redis_url: server.url(), ..config() };
    let key_value = KeyValue::open(&config, std::path::Path::new("/nowhere")).await.unwrap();
    tokio::time::timeout(DEADLINE, key_value.up()).await.expect("redis is up");
    key_value
}

pub(crate) fn scope(tenant: &str, service: &str) -> Scope {
    Scope { tenant: tenant.parse().unwrap(), service: service.parse().unwrap() }
}

pub(crate) fn bucket(tenant: &str, service: &str, name: &str) -> Bucket {
    Bucket { scope: scope(tenant, service), name: name.parse().unwrap() }
}

pub(crate) fn key(text: &str) -> Key {
    text.parse().unwrap()
}

pub(crate) async fn get(store: &dyn Store, bucket: &Bucket, name: &str) -> Option<Bytes> {
    store.get_many(bucket, &[key(name)]).await.unwrap().pop().unwrap()
}

pub(crate) async fn set(store: &dyn Store, bucket: &Bucket, name: &str, value: &[u8]) -> Result<(), Fault> {
    store.write(bucket, &[change(name, value)]).await
}

pub(crate) fn change(name: &str, value: &[u8]) -> Change {
    Change { key: key(name), value: Some(Bytes::copy_from_slice(value)) }
}

pub(crate) fn deletion(name: &str) -> Change {
    Change { key: key(name), value: None }
}

pub(crate) async fn cached(cache: &dyn Cache, scope: &Scope, name: &str) -> Option<Bytes> {
    cache.get_many(scope, &[key(name)]).await.pop().unwrap()
}

/// Asks until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, is: impl Fn() -> F) {
    let asking = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.unwrap_or_else(|_| panic!("it never came to this: {what}"));
}
