//! How much and how long.

use std::time::{Duration, Instant};

use fondaco_sql::{Limits, Value};

use crate::world::{World, begin, change, database, number, reason, rows, soon, until, with_tables, within};

const COUNT: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT i FROM n";
pub(crate) const FOR_EVER: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// A product that no machine counts to its end.
pub(crate) fn cartesian() -> String {
    let values = "(SELECT 1 AS a UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5)";
    let joined: Vec<_> = (0..24).map(|index| format!("{values} x{index}")).collect();
    format!("SELECT count(*) FROM {}", joined.join(", "))
}

pub(crate) async fn a_result_is_bounded(world: &World) {
    let databases = world.with(Limits { rows: 100, result_bytes: 4_096, ..Limits::default() }).await;
    let database = with_tables(&databases, "acme", "CREATE TABLE t (a TEXT)").await;
    assert_eq!(rows(&database, COUNT, &[100.into()]).await.len(), 100);
    let many = database.query(COUNT, &[1_000_000.into()], soon()).await;
    assert_eq!(reason(many), "RESULT_TOO_BIG");
    change(&database, "INSERT INTO t (a) VALUES ($1)", &["x".repeat(5_000).into()]).await.unwrap();
    assert_eq!(reason(database.query("SELECT a FROM t", &[], soon()).await), "RESULT_TOO_BIG");
    // In a unit of work it ends the unit, and the next one begins as ever.
    let mut work = begin(&database).await;
    work.execute("DELETE FROM t", &[]).await.unwrap();
    assert_eq!(reason(work.query(COUNT, &[1_000_000.into()]).await), "RESULT_TOO_BIG");
    assert_eq!(reason(work.commit().await), "WORK_FAILED");
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 1);
    databases.close().await;
}

pub(crate) async fn a_statement_is_bounded(world: &World) {
    let limits = Limits { statement_bytes: 1_000, parameters: 3, parameter_bytes: 2_000, ..Limits::default() };
    let databases = world.with(limits).await;
    let database = with_tables(&databases, "acme", "CREATE TABLE t (a TEXT)").await;
    let long = format!("SELECT '{}'", "x".repeat(1_000));
    assert_eq!(reason(database.query(&long, &[], soon()).await), "STATEMENT_TOO_LONG");
    let four = [1, 2, 3, 4].map(Value::from);
    let answer = database.query("SELECT a FROM t WHERE 1 IN ($1, $2, $3, $4)", &four, soon()).await;
    assert_eq!(reason(answer), "INVALID_PARAMETER");
    let big = [Value::from("x".repeat(2_000))];
    assert_eq!(reason(database.query("SELECT a FROM t WHERE a = $1", &big, soon()).await), "INVALID_PARAMETER");
    databases.close().await;
}

pub(crate) async fn a_statement_does_not_run_for_ever(world: &World) {
    let databases = world.with(Limits { statement_ms: 200, ..Limits::default() }).await;
    let database = with_tables(&databases, "acme", "CREATE TABLE t (a BIGINT)").await;
    assert_eq!(reason(database.query(FOR_EVER, &[], soon()).await), "STATEMENT_TIMEOUT");
    // Nor longer than its call.
    let databases = world.databases().await;
    let database = with_tables(&databases, "acme", "CREATE TABLE t (a BIGINT)").await;
    assert_eq!(reason(database.query(&cartesian(), &[], within(300)).await), "STATEMENT_TIMEOUT");
    let mut work = database.begin(within(500)).await.unwrap();
    work.execute("INSERT INTO t (a) VALUES (1)", &[]).await.unwrap();
    assert_eq!(reason(work.query(FOR_EVER, &[]).await), "STATEMENT_TIMEOUT");
    assert_eq!(reason(work.commit().await), "WORK_FAILED");
    // Whoever gives up waiting stops it too, long before its own limit.
    let work = async {
        let mut work = begin(&database).await;
        work.execute("INSERT INTO t (a) VALUES (1)", &[]).await.unwrap();
        work.query(FOR_EVER, &[]).await
    };
    assert!(tokio::time::timeout(Duration::from_millis(300), work).await.is_err());
    if world.is_sqlite() {
        let begun = Instant::now();
        drop(begin(&database).await);
        assert!(begun.elapsed() < Duration::from_secs(4), "the statement went on without its caller");
    }
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 0);
    databases.close().await;
}

pub(crate) async fn a_tenant_has_so_many_connections(world: &World) {
    let databases = world.with(Limits { connections_per_tenant: 2, ..Limits::default() }).await;
    let (first, second) = (database(&databases, "greedy", "a").await, database(&databases, "greedy", "b").await);
    let held = (begin(&first).await, begin(&second).await);
    let third = database(&databases, "greedy", "c").await;
    assert_eq!(reason(third.begin(within(100)).await), "TENANT_BUSY");
    assert_eq!(reason(third.query("SELECT 1", &[], within(100)).await), "TENANT_BUSY");
    // It is its own affair.
    let other = with_tables(&databases, "modest", "CREATE TABLE t (a BIGINT)").await;
    assert_eq!(change(&other, "INSERT INTO t (a) VALUES (1)", &[]).await, Ok(1));
    drop(held);
    let third = &third;
    until("connections are given back", || async { third.begin(within(100)).await.is_ok() }).await;
    databases.close().await;
}

pub(crate) async fn a_database_does_not_grow_for_ever(world: &World) {
    let limits = Limits { database_bytes: 1 << 20, measure_seconds: 0, ..Limits::default() };
    let databases = world.with(limits).await;
    let database = with_tables(&databases, "acme", "CREATE TABLE t (id BIGINT PRIMARY KEY, a BYTEA)").await;
    // Nothing that packs well.
    let noise = |seed: u64| -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let next = |state: &mut u64| {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            state.to_le_bytes()
        };
        (0..8_192).flat_map(|_| next(&mut state)).collect()
    };
    let insert = "INSERT INTO t (id, a) VALUES ($1, $2)";
    let mut last = Ok(0);
    for id in 0..64 {
        last = change(&database, insert, &[id.into(), noise(id.unsigned_abs()).into()]).await;
        if last.is_err() {
            break;
        }
    }
    assert_eq!(reason(last), "DATABASE_FULL");
    let kept = number(&database, "SELECT count(*) FROM t").await;
    assert!((8..32).contains(&kept), "{kept}");
    // The way out is open, and another tenant does not notice.
    assert_eq!(change(&database, "DELETE FROM t WHERE id > 0", &[]).await, Ok(u64::try_from(kept).unwrap() - 1));
    let other = with_tables(&databases, "other", "CREATE TABLE t (id BIGINT PRIMARY KEY, a BYTEA)").await;
    assert_eq!(change(&other, insert, &[1.into(), noise(1).into()]).await, Ok(1));
    databases.close().await;
}
