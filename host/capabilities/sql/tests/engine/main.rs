//! A service on the real engine that reads and writes, and ends in every way that a call can end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod guest;

use std::time::{Duration, Instant};

use fondaco_engine::Fault;
use fondaco_engine::wasmtime::component::Val;
use fondaco_sql::{Databases, DatabasesConfig, Value};
use fondaco_test_probe::{Guest, PATIENCE, Probe};
use serde_json::json;

struct House {
    probe: Probe,
    databases: Databases,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let databases = Databases::open(DatabasesConfig::embedded(folder.path())).await.unwrap();
        let probe = Probe::new(fondaco_sql::extensions(&databases)).named("shop", "shop");
        probe.release_as("neighbour", Guest::of(guest::neighbour())).await.unwrap();
        Self { probe, databases, _folder: folder }
    }

    async fn release(&self, grants: serde_json::Value) -> Result<(), Fault> {
        let guest = Guest::of(guest::shop()).read_only(&["shop.sneak", "shop.count"]);
        self.probe.release(guest.granted(grants)).await
    }

    async fn shop(&self, steps: &[&str]) -> Result<(), Fault> {
        let steps: Vec<_> = (1..)
            .zip(steps)
            .map(|(version, sql)| json!({"version": version, "name": format!("step-{version}"), "sql": sql}))
            .collect();
        self.release(json!({ "sql": { "migrations": steps } })).await
    }

    async fn call_within(&self, function: &str, tenant: &str, wall: Duration) -> Result<u64, Fault> {
        match self.probe.call_within(wall, tenant, function, Vec::new()).await? {
            Some(Val::U64(number)) => Ok(number),
            other => panic!("{other:?}"),
        }
    }

    async fn call(&self, function: &str) -> Result<u64, Fault> {
        self.call_within(function, "acme", PATIENCE).await
    }

    async fn reason(&self, function: &str) -> String {
        self.call(function).await.expect_err(function).reason.into_owned()
    }

    /// What is there, by the host's own eyes.
    async fn kept(&self) -> Vec<Vec<Value>> {
        let shop = self.databases.of(&"acme".parse().unwrap(), &"shop".parse().unwrap()).await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        shop.query("SELECT sku, on_hand FROM stock ORDER BY sku", &[], deadline).await.unwrap().rows
    }
}

fn row(sku: &str, on_hand: i64) -> Vec<Value> {
    vec![sku.into(), on_hand.into()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_whole_or_nothing() {
    let house = House::new().await;
    house.shop(&[guest::TABLES]).await.unwrap();
    assert_eq!(house.call("put").await, Ok(1));
    let first = [row("first", 7)];
    assert_eq!(house.kept().await, first);
    // An err, a trap, a broken constraint: nothing is left, and the next call finds nothing open.
    assert_eq!(house.reason("put-then-err").await, "OUT_OF_STOCK");
    assert_eq!(house.reason("put-then-trap").await, "SERVICE_FAILED");
    assert_eq!(house.reason("put-twice").await, "UNIQUE_VIOLATION");
    assert_eq!(house.kept().await, first);
    assert_eq!(house.call("count").await, Ok(1));
    // Time is up, while it computes and while it waits for the database.
    for function in ["put-then-loop", "put-then-wait"] {
        let late = house.call_within(function, "acme", Duration::from_millis(300)).await;
        let reason = late.unwrap_err().reason;
        assert!(matches!(&*reason, "DEADLINE_EXCEEDED" | "STATEMENT_TIMEOUT"), "{function}: {reason}");
        assert_eq!(house.kept().await, first);
    }
    // The caller has gone.
    let gone = tokio::time::timeout(Duration::from_millis(200), house.call("put-then-loop")).await;
    assert!(gone.is_err());
    assert_eq!(house.call("count-all").await, Ok(1));
    assert_eq!(house.kept().await, first);
    house.databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_commits_between_its_steps() {
    let house = House::new().await;
    house.shop(&[guest::TABLES]).await.unwrap();
    assert_eq!(house.reason("put-commit-put-err").await, "OUT_OF_STOCK");
    assert_eq!(house.kept().await, [row("first", 7)]);
    // A fault that the service swallowed: the call cannot pretend that all was well.
    assert_eq!(house.reason("swallow").await, "WORK_FAILED");
    assert_eq!(house.kept().await, [row("first", 7)]);
    house.databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_called_while_writes_are_open() {
    let house = House::new().await;
    house.shop(&[guest::TABLES]).await.unwrap();
    assert_eq!(house.reason("put-then-ask").await, "UNCOMMITTED_WRITES");
    assert!(house.kept().await.is_empty());
    assert_eq!(house.call("put-commit-ask").await, Ok(42));
    assert_eq!(house.kept().await, [row("first", 7)]);
    house.databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_reads_cannot_write() {
    let house = House::new().await;
    house.shop(&[guest::TABLES]).await.unwrap();
    assert_eq!(house.call("count").await, Ok(0));
    assert_eq!(house.reason("sneak").await, "READ_ONLY");
    assert_eq!(house.reason("wrong").await, "STATEMENT_REFUSED");
    assert!(house.kept().await.is_empty());
    // Rows of a change that are read, and tenants that have nothing in common.
    assert_eq!(house.call("put-returning").await, Ok(7));
    assert_eq!(house.call_within("count", "other", PATIENCE).await, Ok(0));
    assert_eq!(house.call("count").await, Ok(1));
    house.databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_cross() {
    let house = House::new().await;
    house.shop(&[guest::TABLES]).await.unwrap();
    assert_eq!(house.call("put-values").await, Ok(1));
    let shop = house.databases.of(&"acme".parse().unwrap(), &"shop".parse().unwrap()).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let back = shop.query("SELECT missing, flag, big, real, words, raw FROM v", &[], deadline).await.unwrap();
    let expected = [Value::Null, true.into(), i64::MIN.into(), 0.5.into(), "first".into(), b"first".to_vec().into()];
    assert_eq!(back.rows, [expected]);
    house.databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_brings_its_tables() {
    let house = House::new().await;
    let none = house.release(json!({})).await.unwrap_err();
    assert_eq!(none.reason, "NOT_GRANTED");
    let wrong = house.release(json!({"sql": {"tables": 1}})).await.unwrap_err();
    assert_eq!(wrong.reason, "INVALID_GRANT");
    house.shop(&[guest::TABLES]).await.unwrap();
    house.call("put").await.unwrap();
    // A migration that fails refuses the release; the old one goes on serving.
    let failed = house.shop(&[guest::TABLES, "ALTER TABLE nothing ADD COLUMN a BIGINT"]).await.unwrap_err();
    assert_eq!(failed.reason, "MIGRATION_FAILED");
    let refused = house.shop(&[guest::TABLES, "ATTACH 'x' AS y"]).await.unwrap_err();
    assert_eq!(refused.reason, "MIGRATION_REFUSED");
    assert_eq!(house.call("count").await, Ok(1));
    house.shop(&[guest::TABLES, "ALTER TABLE stock ADD COLUMN note TEXT"]).await.unwrap();
    assert_eq!(house.call("count").await, Ok(1));
    // Back to the one before: its tables are a step ahead, and that is fine.
    house.shop(&[guest::TABLES]).await.unwrap();
    assert_eq!(house.call("count").await, Ok(1));
    house.databases.close().await;
}
