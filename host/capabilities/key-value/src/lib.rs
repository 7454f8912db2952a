//! The key-value capability: durable buckets for services (`wasi:keyvalue`) and a cache (`fondaco:host/cache`).
//!
//! It is for counters, carts, sessions, idempotency keys and for what is dear to compute; it must not know what is kept.
//! A bucket and a cache belong to one tenant's service, and nothing leads from one to another. Buckets are durable and
//! exact; the cache forgets, and is bounded a tenant. Neither belongs to a call's unit of work.
//!
//! ```
//! use std::time::Duration;
//! use fondaco_key_value::{KeyValue, KeyValueConfig, Loaded, Scope};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let state = tempfile::tempdir()?;
//! let key_value = KeyValue::open(&KeyValueConfig::default(), state.path()).await?;
//! let scope = Scope { tenant: "acme".parse()?, service: "catalog".parse()? };
//! let key = "price:chair".parse()?;
//!
//! let cache = key_value.cache();
//! let Loaded::Lease(lease) = cache.load(&scope, &key, Duration::from_secs(1)).await else { panic!("it is empty") };
//! cache.fill(&scope, &key, lease, "4999".into(), Duration::from_mins(1)).await;
//! assert_eq!(cache.load(&scope, &key, Duration::ZERO).await, Loaded::Hit("4999".into()));
//! # Ok(())
//! # }
//! ```
//!
//! Where to look: `store` and `cache` are the two traits, each with its two implementations beside it; `link` is the way
//! to Redis; `glue` is WIT.

mod cache;
mod config;
mod faults;
mod glue;
mod grant;
mod link;
mod names;
mod store;
mod turns;

use std::path::Path;
use std::sync::Arc;

use fondaco_engine::{Extension, Fault};

pub use cache::{Cache, LEASE, LONGEST, Loaded, MemoryCache, RedisCache};
pub use config::{CacheConfig, KeyValueConfig, Kind, Quota};
pub use names::{BATCH, BATCH_BYTES, Bucket, BucketName, KEY_BYTES, Key, PAGE, Scope, VALUE_BYTES};
pub use store::{Change, Page, RedisStore, SqliteStore, Store};

use link::Link;
use turns::Turns;

/// The file of the buckets in the capability's folder.
const FILE: &str = "buckets.sqlite";

/// The buckets and the cache of this host.
pub struct KeyValue {
    store: Arc<dyn Store>,
    cache: Arc<dyn Cache>,
    link: Option<Link>,
    turns: Turns,
}

impl KeyValue {
    /// Opens what the configuration says; `folder` is the capability's own, and made if it is not there. Redis need not
    /// be there yet: until it is, caches miss and buckets are `KEY_VALUE_UNAVAILABLE`.
    pub async fn open(config: &KeyValueConfig, folder: &Path) -> Result<Arc<Self>, Fault> {
        let (store, cache, link): (Arc<dyn Store>, Arc<dyn Cache>, _) = match config.kind {
            Kind::Embedded => {
                tokio::fs::create_dir_all(folder).await.map_err(|error| faults::broken(&error))?;
                let store = SqliteStore::open(&folder.join(FILE), config.quota).await?;
                (Arc::new(store), Arc::new(MemoryCache::new(config.cache)), None)
            }
            Kind::Redis => {
                let (cache, link) = RedisCache::open(config)?;
                (Arc::new(RedisStore::new(link.clone(), config.quota)), Arc::new(cache), Some(link))
            }
        };
        Ok(Arc::new(Self { store, cache, link, turns: Turns::new() }))
    }

    /// The buckets.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The cache.
    pub fn cache(&self) -> &Arc<dyn Cache> {
        &self.cache
    }

    /// Whether the store behind is there, as far as is known: for health checks.
    pub fn is_up(&self) -> bool {
        self.link.as_ref().is_none_or(Link::is_up)
    }

    /// Waits until the store behind is there.
    pub async fn up(&self) {
        if let Some(link) = &self.link {
            link.up().await;
        }
    }

    /// What services import.
    pub fn extension(self: &Arc<Self>) -> Arc<dyn Extension> {
        Arc::new(glue::KeyValueExtension::new(Arc::clone(self)))
    }
}
