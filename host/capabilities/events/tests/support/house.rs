//! A host in small: databases, a bus, a relay and a dispatcher, with a handler that leaves an effect.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fondaco_engine::{Code, Fault, ServiceName, TenantId};
use fondaco_events::bus::embedded::EmbeddedBus;
use fondaco_events::bus::redis::{RedisBus, RedisConfig};
use fondaco_events::bus::{Bus, BusError};
use fondaco_events::{Attempt, Effect, Events, LettersOf, Limits, Subscription};
use fondaco_sql::{Database, Databases, DatabasesConfig, Migrations, ShardConfig, Value, Work};
use fondaco_test_servers::{Postgres, Redis};

use super::{PATIENCE, TYPE, draft, number, subscription, until};

/// Where a house keeps what.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) folder: PathBuf,
    /// The address of a PostgreSQL database, instead of SQLite.
    pub(crate) postgres: Option<String>,
    /// The address of a Redis, instead of the embedded bus.
    pub(crate) redis: Option<String>,
}

impl Site {
    pub(crate) fn embedded(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), postgres: None, redis: None }
    }

    pub(crate) fn with_redis(self, server: &Redis) -> Self {
        Self { redis: Some(server.url()), ..self }
    }

    pub(crate) fn with_postgres(self, server: &Postgres) -> Self {
        Self { postgres: Some(server.url()), ..self }
    }

    async fn databases(&self) -> Databases {
        let config = match &self.postgres {
            None => DatabasesConfig::embedded(self.folder.join("sql")),
            Some(url) => DatabasesConfig::postgres(vec![ShardConfig {
                name: "main".into(),
                url: url.clone(),
                replicas: Vec::new(),
                open: true,
            }]),
        };
        Databases::open(config).await.unwrap()
    }

    async fn bus(&self) -> Arc<dyn Bus> {
        match &self.redis {
            None => Arc::new(self.embedded_bus().await),
            Some(url) => {
                let config = RedisConfig { lease: Duration::from_millis(600), ..RedisConfig::new(url.clone()) };
                Arc::new(RedisBus::new(&config).unwrap())
            }
        }
    }

    /// The process that held it may have been killed a moment ago.
    async fn embedded_bus(&self) -> EmbeddedBus {
        until("the bus is free", async || match EmbeddedBus::open(&self.folder.join("events")).await {
            Ok(bus) => Some(bus),
            Err(BusError::Failed(message)) if message.contains("in use") => None,
            Err(error) => panic!("{error}"),
        })
        .await
    }
}

pub(crate) const PUBLISHER: &str = "shop";
pub(crate) const HANDLER: &str = "book";
pub(crate) const QUEUE: &str = "book/fondaco.test.*";

/// A host.
pub(crate) struct House {
    pub(crate) databases: Databases,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) events: Events,
}

impl House {
    /// One that subscribes and handles.
    pub(crate) async fn start(site: &Site, handles: impl Effect) -> Self {
        Self::start_with(site, handles, subscription(QUEUE)).await
    }

    pub(crate) async fn start_with(site: &Site, handles: impl Effect, subscription: Subscription) -> Self {
        let house = Self::open(site).await;
        let handler = house.events.native_handler(handles);
        // A bus that is away is no reason not to start.
        let _later = house.events.subscribe(subscription).await;
        house.events.start_with(Arc::new(handler));
        house
    }

    async fn open(site: &Site) -> Self {
        let databases = site.databases().await;
        let bus = site.bus().await;
        let events = Events::with_bus(Arc::clone(&bus), databases.clone(), Limits::default());
        Self { databases, bus, events }
    }

    /// The publisher's database, with a table of what it published.
    pub(crate) async fn shop(&self, tenant: &str) -> Database {
        let table = "CREATE TABLE published (key TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (key, number))";
        self.database(tenant, PUBLISHER, table).await
    }

    /// The handler's database, with a table of effects.
    pub(crate) async fn book(&self, tenant: &str) -> Database {
        let table = "CREATE TABLE effects (key TEXT NOT NULL, seq BIGINT NOT NULL, number BIGINT NOT NULL, \
                     PRIMARY KEY (key, seq))";
        self.database(tenant, HANDLER, table).await
    }

    async fn database(&self, tenant: &str, service: &str, table: &str) -> Database {
        let (tenant, service): (TenantId, ServiceName) = (tenant.parse().unwrap(), service.parse().unwrap());
        let grant = serde_json::json!({ "migrations": [{ "version": 1, "name": "init", "sql": table }] });
        let migrations = Migrations::from_grant(&grant).unwrap();
        until("the database is there", async || {
            let database = self.databases.of(&tenant, &service).await.ok()?;
            database.migrate(&migrations).await.ok()?;
            Some(database)
        })
        .await
    }

    /// Publishes the next events of a key in one unit of work: all or none.
    pub(crate) async fn publish(&self, shop: &Database, key: &str, count: u32) -> Result<Vec<u32>, Fault> {
        self.publish_as(shop, TYPE, key, count).await
    }

    pub(crate) async fn publish_as(&self, shop: &Database, ty: &str, key: &str, count: u32) -> Result<Vec<u32>, Fault> {
        let mut work = shop.begin(deadline()).await?;
        let next = "INSERT INTO published (key, number) \
                    SELECT $1, coalesce(max(number), 0) + 1 FROM published WHERE key = $1 RETURNING number";
        let mut numbers = Vec::new();
        for _ in 0..count {
            let rows = work.query_internal(next, &[Value::from(key)]).await?;
            let Value::Integer(number) = rows.rows[0][0] else { panic!("a number") };
            let number = u32::try_from(number).unwrap();
            self.events.publish(&mut work, shop.tenant(), shop.service(), draft(ty, Some(key), number))?;
            numbers.push(number);
        }
        work.commit().await?;
        Ok(numbers)
    }

    /// Waits until nothing is left to do. As long as it becomes less, it does not hang.
    pub(crate) async fn settle(&self, tenants: &[&str]) {
        let shops: Vec<_> = futures::future::join_all(tenants.iter().map(|tenant| self.shop(tenant))).await;
        let mut least = None;
        while least != Some(0) {
            let before = least;
            least = Some(
                until(&format!("less is left to do than {before:?}"), async || {
                    self.left(&shops).await.filter(|left| before.is_none_or(|before| *left < before))
                })
                .await,
            );
        }
    }

    /// What is left to do: events on the bus; those in outboxes count twice, since they go by the bus.
    async fn left(&self, shops: &[Database]) -> Option<u64> {
        let mut left = self.bus.lag().await.ok()?.iter().map(|lag| lag.events).sum();
        for shop in shops {
            left += 2 * u64::try_from(count(shop, "SELECT count(*) FROM fondaco_outbox").await?).ok()?;
        }
        Some(left)
    }

    /// Each event that was published has left one effect, or is a dead letter; the effects of a key came in order.
    pub(crate) async fn check(&self, tenant: &str) -> Checked {
        let shop = self.shop(tenant).await;
        let book = self.book(tenant).await;
        let published = pairs(&shop, "SELECT key, number FROM published ORDER BY key, number").await;
        let effects = pairs(&book, "SELECT key, number FROM effects ORDER BY key, seq").await;
        let of = LettersOf { tenant: Some(shop.tenant()), service: Some(book.service()), subscription: None };
        let letters = self.events.dead_letters(of, u16::MAX).await.unwrap();
        let dead: Vec<_> = letters.iter().map(|letter| pair(&letter.event)).collect();
        for (one, two) in effects.iter().zip(effects.iter().skip(1)) {
            assert!(one.0 != two.0 || one.1 < two.1, "{one:?} then {two:?}: out of order, or doubled");
        }
        let mut all: Vec<_> = effects.iter().chain(&dead).cloned().collect();
        all.sort();
        assert_eq!(all, published, "published is not handled ∪ dead");
        Checked { handled: effects.len(), dead: dead.len() }
    }

    /// Stops in order.
    pub(crate) async fn stop(self) {
        self.events.stop(PATIENCE).await;
        self.databases.close().await;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) handled: usize,
    pub(crate) dead: usize,
}

fn pair(event: &str) -> (String, i64) {
    let event: serde_json::Value = serde_json::from_str(event).unwrap();
    (event["partitionkey"].as_str().unwrap().to_owned(), event["data"]["number"].as_i64().unwrap())
}

pub(crate) fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

pub(crate) async fn count(database: &Database, statement: &'static str) -> Option<i64> {
    let rows = database.query_internal(statement, &[], deadline()).await.ok()?;
    match rows.rows[0][0] {
        Value::Integer(count) => Some(count),
        _ => None,
    }
}

async fn pairs(database: &Database, statement: &'static str) -> Vec<(String, i64)> {
    let rows = database.query_internal(statement, &[], deadline()).await.unwrap();
    let pair = |row: Vec<Value>| match <[Value; 2]>::try_from(row) {
        Ok([Value::Text(key), Value::Integer(number)]) => (key, number),
        other => panic!("{other:?}"),
    };
    rows.rows.into_iter().map(pair).collect()
}

/// Writes each event down; fails for every number that is a multiple of this (0: for none).
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub(crate) poison: u32,
}

#[async_trait]
impl Effect for Book {
    async fn apply(&self, work: &mut Work, attempt: &Attempt) -> Result<(), Fault> {
        let number = number(&attempt.event);
        let key = attempt.event.partition_key.clone().unwrap_or_default();
        let statement = "INSERT INTO effects (key, seq, number) \
                         SELECT $1, coalesce(max(seq), 0) + 1, CAST($2 AS BIGINT) FROM effects WHERE key = $1";
        work.execute_internal(statement, &[key.into(), i64::from(number).into()]).await?;
        if self.poison > 0 && number.is_multiple_of(self.poison) {
            // What was written before is not to be left.
            return Err(Fault::new(Code::FailedPrecondition, "POISON", format!("{number} cannot be handled")));
        }
        Ok(())
    }
}
