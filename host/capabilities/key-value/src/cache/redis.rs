//! The cache in Redis, shared by replicas, with the entries that this process has just read in its own memory.
//!
//! So a reader sees what another replica has replaced for as long as the message of it takes, and for `near_ms` if the
//! connection that would bring it is dead without anyone having noticed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use fondaco_engine::Fault;
use redis::Value;
use uuid::Uuid;

use super::flights::{Flights, Learned, Part, follow};
use super::near::Near;
use super::scripts::{Names, Scripts};
use super::{Cache, LEASE, Loaded, entry};
use crate::link::{Link, Listener};
use crate::names::{Key, Scope};
use crate::{CacheConfig, KeyValueConfig, faults};

/// How often it is asked whether another replica has made the value.
const ASK: Duration = Duration::from_millis(25);

/// The cache in Redis.
pub struct RedisCache {
    link: Link,
    near: Arc<Near>,
    flights: Flights,
    config: CacheConfig,
    /// Makes this process's leases its own.
    replica: Uuid,
    scripts: Scripts,
}

/// What Redis said to a load.
enum Far {
    Value(Bytes),
    Mine,
    Theirs,
    Away,
}

impl RedisCache {
    /// Opens the way to Redis, and answers the cache and the way.
    pub(crate) fn open(config: &KeyValueConfig) -> Result<(Self, Link), Fault> {
        let near = Arc::new(Near::new(config.cache));
        let link = Link::open(&config.redis_url, config.redis_timeout(), Arc::clone(&near) as Arc<dyn Listener>)?;
        let scripts = Scripts::new();
        let (flights, replica) = (Flights::new(), Uuid::new_v4());
        let cache = Self { link: link.clone(), near, flights, config: config.cache, replica, scripts };
        Ok((cache, link))
    }

    fn token(&self, lease: u64) -> String {
        format!("{}:{lease}", self.replica)
    }

    /// Reads entries from Redis; none when it is away.
    async fn far(&self, scope: &Scope, keys: &[&Key]) -> Option<Vec<Option<Vec<u8>>>> {
        let mut connection = self.link.connection().ok()?;
        let mut command = redis::cmd("MGET");
        for key in keys {
            command.arg(Names::of(scope, key).entry());
        }
        let values = command.query_async(&mut connection).await;
        values.map_err(|error| self.link.failed(&error)).ok()
    }

    async fn ask(&self, scope: &Scope, key: &Key, lease: u64) -> Far {
        let Ok(mut connection) = self.link.connection() else { return Far::Away };
        let names = Names::of(scope, key);
        let mut prepared = self.scripts.load.prepare_invoke();
        prepared.key(names.entry()).key(names.lease()).arg(self.token(lease)).arg(LEASE.as_millis().to_string());
        match prepared.invoke_async(&mut connection).await {
            Ok(Value::BulkString(value)) => Far::Value(value.into()),
            Ok(Value::Nil) => Far::Mine,
            Ok(_) => Far::Theirs,
            Err(error) => {
                self.link.failed(&error);
                Far::Away
            }
        }
    }

    /// Leads the flight of a key: against the other replicas.
    async fn lead(&self, scope: &Scope, key: &Key, lease: u64, until: Instant) -> Loaded {
        let entry = entry(scope, key);
        // Dropped on the way, it sends its followers on.
        let leading = Leading { flights: &self.flights, entry: &entry, lease };
        loop {
            let seen = self.near.seen(&entry);
            match self.ask(scope, key, lease).await {
                Far::Value(value) => {
                    self.near.keep(&scope.tenant, &entry, &value, seen);
                    self.flights.land(&entry, lease, &value, || ());
                    return Loaded::Hit(value);
                }
                // Without Redis the lease is good in this process alone: better than none.
                Far::Mine | Far::Away => {
                    leading.goes_on();
                    return Loaded::Lease(lease);
                }
                Far::Theirs if Instant::now() < until => tokio::time::sleep(ASK).await,
                Far::Theirs => return Loaded::Busy,
            }
        }
    }

    async fn store(&self, scope: &Scope, key: &Key, token: &str, value: &Bytes, ttl: Duration) -> Result<bool, Fault> {
        let mut connection = self.link.connection().map_err(|_| faults::cache_unavailable())?;
        let names = Names::of(scope, key);
        let mut prepared = self.scripts.set.prepare_invoke();
        prepared.key(names.entry()).key(names.ends()).key(names.sizes()).key(names.lease());
        prepared.arg(names.name()).arg(&value[..]).arg(ttl.as_millis().to_string());
        prepared.arg(self.config.redis_tenant_bytes).arg(token);
        let stored: RedisResult = prepared.invoke_async(&mut connection).await;
        self.near.forget(&scope.tenant, &entry(scope, key));
        stored.map(|stored| stored == 1).map_err(|error| {
            self.link.failed(&error);
            faults::cache_unavailable()
        })
    }
}

type RedisResult = redis::RedisResult<i64>;

struct Leading<'a> {
    flights: &'a Flights,
    entry: &'a str,
    lease: u64,
}

impl Leading<'_> {
    /// The flight is the lease's from now on.
    fn goes_on(self) {
        std::mem::forget(self);
    }
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        self.flights.give_up(self.entry, self.lease);
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get_many(&self, scope: &Scope, keys: &[Key]) -> Vec<Option<Bytes>> {
        let entries: Vec<_> = keys.iter().map(|key| entry(scope, key)).collect();
        let mut values: Vec<_> = entries.iter().map(|entry| self.near.get(&scope.tenant, entry)).collect();
        let missing = |value: &Option<Bytes>| value.is_none();
        let asked: Vec<_> = keys.iter().zip(&values).filter(|(_, value)| missing(value)).map(|(key, _)| key).collect();
        if asked.is_empty() {
            return values;
        }
        let seen: Vec<_> = entries.iter().map(|entry| self.near.seen(entry)).collect();
        let Some(found) = self.far(scope, &asked).await else { return values };
        let gaps = values.iter_mut().zip(&entries).zip(seen).filter(|((value, _), _)| missing(value));
        for (((value, entry), seen), found) in gaps.zip(found) {
            *value = found.map(Bytes::from);
            if let Some(value) = value {
                self.near.keep(&scope.tenant, entry, value, seen);
            }
        }
        values
    }

    async fn set(&self, scope: &Scope, key: &Key, value: Bytes, ttl: Duration) -> Result<(), Fault> {
        let stored = self.store(scope, key, "", &value, ttl).await;
        self.flights.revoke(&entry(scope, key), || ());
        stored.map(|_| ())
    }

    async fn delete(&self, scope: &Scope, key: &Key) -> Result<(), Fault> {
        let entry = entry(scope, key);
        self.flights.revoke(&entry, || self.near.forget(&scope.tenant, &entry));
        let mut connection = self.link.connection().map_err(|_| faults::cache_unavailable())?;
        let names = Names::of(scope, key);
        let mut prepared = self.scripts.delete.prepare_invoke();
        prepared.key(names.entry()).key(names.ends()).key(names.sizes()).key(names.lease()).arg(names.name());
        let deleted: RedisResult = prepared.invoke_async(&mut connection).await;
        // Again: who read it before it was gone may have kept it after the first time.
        self.near.forget(&scope.tenant, &entry);
        deleted.map(|_| ()).map_err(|error| {
            self.link.failed(&error);
            faults::cache_unavailable()
        })
    }

    async fn load(&self, scope: &Scope, key: &Key, wait: Duration) -> Loaded {
        let entry = entry(scope, key);
        let until = Instant::now() + wait;
        loop {
            if let Some(value) = self.near.get(&scope.tenant, &entry) {
                return Loaded::Hit(value);
            }
            match self.flights.join(&entry) {
                Part::Leader(lease) => return self.lead(scope, key, lease, until).await,
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
        let kept = self.store(scope, key, &self.token(lease), &value, ttl).await;
        match kept {
            // Another replica took the lease back: what was made is old, for everyone.
            Ok(false) => {
                self.flights.give_up(&entry, lease);
                false
            }
            Ok(true) => self.flights.land(&entry, lease, &value, || ()),
            // Not kept, but those who wait here are spared the work.
            Err(_) => {
                self.flights.land(&entry, lease, &value, || ());
                false
            }
        }
    }

    fn release(&self, scope: &Scope, key: &Key, lease: u64) {
        self.flights.give_up(&entry(scope, key), lease);
        let Ok(mut connection) = self.link.connection() else { return };
        let (lock, token, script) = (Names::of(scope, key).lease(), self.token(lease), self.scripts.release.clone());
        // Nobody waits for it; if it is lost, the lease ends by itself.
        tokio::spawn(async move {
            let mut prepared = script.prepare_invoke();
            let _: redis::RedisResult<i64> = prepared.key(lock).arg(token).invoke_async(&mut connection).await;
        });
    }
}
