//! A host with the service `ledger` on stores of one kind or the other, and clients that write into it.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fondaco_system_tests::api::{Answer, Api};
use fondaco_system_tests::cli::{self, Ended};
use fondaco_system_tests::host::{self, House};
use fondaco_system_tests::wait::until;
use fondaco_test_servers::{Postgres, Redis};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const PATH: &str = "/v1/ledger/entries";

/// Where a host keeps things.
#[derive(Clone, Copy)]
pub(crate) enum Stores {
    /// SQLite and the embedded bus.
    Embedded,
    /// PostgreSQL and Redis.
    Distributed,
}

/// A house whose host has the service, and the servers behind it.
pub(crate) struct Ledger {
    house: House,
    servers: Option<(Postgres, Redis)>,
    config: PathBuf,
    operator: String,
}

/// It while its host runs.
pub(crate) struct Running<'a> {
    ledger: &'a Ledger,
    host: host::Host,
    operator: Api,
}

/// One store's client.
#[derive(Clone)]
pub(crate) struct Shop(Api);

impl Ledger {
    /// `None`, with a word on why, where something is missing.
    pub(crate) fn new(stores: Stores) -> Option<Self> {
        let house = House::new()?;
        let servers = match stores {
            Stores::Embedded => None,
            Stores::Distributed => Some((Postgres::start()?, Redis::start()?)),
        };
        let config = house.scratch().join("fondaco.toml");
        let text = servers.as_ref().map_or_else(String::new, |(postgres, redis)| {
            let (postgres, redis) = (postgres.url(), redis.url());
            format!(
                "[sql]\nkind = \"postgres\"\n[[sql.postgres.shards]]\nname = \"main\"\nurl = \"{postgres}\"\n\
                 [events]\nkind = \"redis\"\nredis = {{ url = \"{redis}\", lease_ms = 1000 }}\n"
            )
        });
        std::fs::write(&config, text).unwrap();
        let operator = house.operator();
        Some(Self { house, servers, config, operator })
    }

    /// As the build made it: version 1.0.0.
    pub(crate) fn component(&self) -> Vec<u8> {
        self.house.guest("tests/ledger")
    }

    /// Starts the host, with version 1.0.0 there to be released.
    pub(crate) async fn start(&self) -> Running<'_> {
        let host = self.house.start_with(&["--config", self.config.to_str().unwrap()]).await;
        let operator = host.api(&self.operator);
        let running = Running { ledger: self, host, operator };
        running.push("1.0.0", self.component()).await.ok();
        running
    }

    pub(crate) fn redis_away(&self) {
        self.servers.as_ref().unwrap().1.stop();
    }

    pub(crate) fn redis_back_empty(&self) {
        let redis = &self.servers.as_ref().unwrap().1;
        redis.resume();
        redis.command(&["FLUSHALL"]);
    }

    pub(crate) fn postgres_away(&self) {
        self.servers.as_ref().unwrap().0.stop();
    }

    pub(crate) fn postgres_back(&self) {
        self.servers.as_ref().unwrap().0.resume();
    }
}

impl Running<'_> {
    pub(crate) async fn push(&self, version: &str, component: Vec<u8>) -> Answer {
        self.operator.push_service("ledger", version, component).await
    }

    pub(crate) async fn release(&self, version: &str, config: &Value) -> Answer {
        self.operator.release_service("ledger", version, config).await
    }

    pub(crate) async fn rollback(&self) -> Answer {
        self.operator.rollback_service("ledger").await
    }

    /// The version that serves.
    pub(crate) async fn serves(&self) -> Value {
        self.operator.get("/v1/services/ledger").await.ok()["version"].clone()
    }

    pub(crate) fn shop(&self, tenant: &str) -> Shop {
        Shop(self.host.api(&self.ledger.house.merchant(tenant)))
    }

    /// The `fondaco` command with the operator's key.
    pub(crate) fn command(&self, arguments: &[&str]) -> Ended {
        let environment = [("FONDACO_URL", self.host.base.as_str()), ("FONDACO_KEY", &self.ledger.operator)];
        cli::run(self.ledger.house.binary(), arguments, &environment)
    }

    pub(crate) async fn stop(self) {
        self.host.stop().await;
    }

    pub(crate) async fn kill(self) {
        self.host.kill().await;
    }
}

impl Deref for Shop {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.0
    }
}

impl Shop {
    pub(crate) async fn write(&self, author: &str, number: u64) -> Answer {
        self.send(Method::POST, PATH, &json!({ "author": author, "number": number })).await
    }

    /// A write that ends as it is told; the client waits so long at most. `Err` when it gave up.
    pub(crate) async fn write_and(&self, number: u64, ending: &str, wait: Duration) -> Result<Answer, String> {
        let body = json!({ "author": "ann", "number": number, "then": ending }).to_string();
        let wait = wait.as_millis().to_string();
        let sent = self.try_send_with(Method::POST, PATH, &[("x-request-timeout-ms", &wait)], Bytes::from(body)).await;
        sent.map_err(|error| error.to_string())
    }

    /// A client that closes its connection while the host is at work.
    pub(crate) async fn give_up_on(&self, number: u64, ending: &str, after: Duration) {
        let gone = tokio::time::timeout(after, self.write_and(number, ending, Duration::from_secs(3))).await;
        assert!(gone.is_err(), "the host answered first: {gone:?}");
    }

    pub(crate) async fn totals(&self) -> Value {
        self.get(PATH).await.ok()
    }

    /// The totals once there are so many effects.
    pub(crate) async fn effects(&self, count: u64) -> Value {
        until("all effects", PATIENCE, async || {
            let totals = self.totals().await;
            if totals["effects"] == count { Ok(totals) } else { Err(totals) }
        })
        .await
    }

    /// The same, and as many entries.
    pub(crate) async fn settled(&self, count: u64) -> Value {
        let totals = self.effects(count).await;
        assert_eq!(totals["entries"], count, "{totals}");
        totals
    }

    pub(crate) fn writers(&self, count: u64) -> Writers {
        self.writers_of("writer", count)
    }

    /// So many clients that write growing numbers, each under a name of its own, until they are stopped.
    pub(crate) fn writers_of(&self, prefix: &str, count: u64) -> Writers {
        let progress = Arc::<Progress>::default();
        let mut tasks = JoinSet::new();
        for writer in 0..count {
            let (shop, progress) = (self.clone(), Arc::clone(&progress));
            let author = format!("{prefix}-{writer}");
            tasks.spawn(async move { write_on(&shop, &author, &progress).await });
        }
        Writers { tasks, progress }
    }
}

#[derive(Default)]
struct Progress {
    acknowledged: AtomicU64,
    stop: AtomicBool,
}

/// Clients that write.
pub(crate) struct Writers {
    tasks: JoinSet<Written>,
    progress: Arc<Progress>,
}

/// What came of writes.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) acknowledged: u64,
    pub(crate) sum: u64,
    /// How many, by what was answered.
    pub(crate) failed: BTreeMap<String, u64>,
}

async fn write_on(shop: &Shop, author: &str, progress: &Progress) -> Written {
    let mut written = Written::default();
    for number in 1.. {
        if progress.stop.load(Ordering::Relaxed) {
            break;
        }
        let body = json!({ "author": author, "number": number }).to_string();
        match shop.try_send(Method::POST, PATH, "application/json", body.into()).await {
            Ok(answer) if answer.status == 204 => {
                written.acknowledged += 1;
                written.sum += number;
                progress.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => *written.failed.entry(answer.text()).or_default() += 1,
            // The host is gone.
            Err(_) => break,
        }
    }
    written
}

impl Writers {
    pub(crate) fn acknowledged(&self) -> u64 {
        self.progress.acknowledged.load(Ordering::Relaxed)
    }

    pub(crate) fn at_least(&self, count: u64) -> Result<(), u64> {
        let acknowledged = self.acknowledged();
        if acknowledged >= count { Ok(()) } else { Err(acknowledged) }
    }

    pub(crate) async fn stop(mut self) -> Written {
        self.progress.stop.store(true, Ordering::Relaxed);
        let mut all = Written::default();
        while let Some(one) = self.tasks.join_next().await {
            let one = one.unwrap();
            all.acknowledged += one.acknowledged;
            all.sum += one.sum;
            for (answer, count) in one.failed {
                *all.failed.entry(answer).or_default() += count;
            }
        }
        all
    }
}

/// The component as a version with one more migration.
pub(crate) fn migrated(component: &[u8], version: &str, sql: &str) -> Vec<u8> {
    let mut manifest = fondaco_pack::manifest_of(component).unwrap().expect("the build packs a manifest");
    manifest.version = version.parse().unwrap();
    let migrations = manifest.grants["sql"]["migrations"].as_array().unwrap().len();
    let next = json!({ "version": migrations + 1, "name": "next", "sql": sql });
    manifest.grants.get_mut("sql").unwrap()["migrations"].as_array_mut().unwrap().push(next);
    fondaco_pack::with_manifest(component, &manifest).unwrap()
}
