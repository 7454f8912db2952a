//! A PostgreSQL that goes away and comes back, shards and replicas. SQLite has none of it.

use std::time::{Duration, Instant};

use fondaco_engine::Code;
use fondaco_sql::{Databases, DatabasesConfig, ShardConfig};
use sqlx::Connection as _;

use crate::world::{World, begin, change, migrations, number, reason, soon, tenant, until, with_tables, within};

const TABLE: &str = "CREATE TABLE t (a BIGINT)";
const INSERT: &str = "INSERT INTO t (a) VALUES ($1)";

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_said_at_once_and_overcome() {
    let Some(world) = World::postgres().await else { return };
    let server = world.server.as_ref().unwrap();
    let databases = world.databases().await;
    let shop = with_tables(&databases, "acme", TABLE).await;
    for round in 0..2_i64 {
        change(&shop, INSERT, &[round.into()]).await.unwrap();
        let mut open = begin(&shop).await;
        open.execute(INSERT, &[100.into()]).await.unwrap();
        server.stop();
        let fault = open.commit().await.unwrap_err();
        assert_eq!((fault.code, &*fault.reason), (Code::Unavailable, "DATABASE_UNAVAILABLE"));
        // The first may have to find out; all after it need not wait.
        assert_eq!(reason(shop.query("SELECT a FROM t", &[], soon()).await), "DATABASE_UNAVAILABLE");
        let begun = Instant::now();
        for _ in 0..50 {
            assert_eq!(reason(shop.query("SELECT a FROM t", &[], soon()).await), "DATABASE_UNAVAILABLE");
            assert_eq!(reason(change(&shop, INSERT, &[1.into()]).await), "DATABASE_UNAVAILABLE");
        }
        // A hundred calls: far less than a hundred waits for a connection would take (2 s each).
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        server.resume();
        let shop = &shop;
        until("it comes back by itself", || async { change(shop, "DELETE FROM t WHERE a = -1", &[]).await.is_ok() })
            .await;
        // What was acknowledged is there, what was not is not.
        assert_eq!(number(shop, "SELECT count(*) FROM t").await, round + 1);
        assert_eq!(number(shop, "SELECT count(*) FROM t WHERE a = 100").await, 0);
    }
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_connection_left_is_busy_and_not_away() {
    let Some(world) = World::postgres().await else { return };
    let databases = world.databases().await;
    let shop = with_tables(&databases, "acme", TABLE).await;
    // What the pool has is in use, and somebody else takes all the others.
    let mut ours = vec![begin(&shop).await];
    let mut others = Vec::new();
    while let Ok(other) = sqlx::PgConnection::connect(&world.server.as_ref().unwrap().url()).await {
        others.push(other);
    }
    let full = loop {
        match shop.begin(within(3_000)).await {
            Ok(work) => ours.push(work),
            Err(fault) => break fault,
        }
    };
    assert_eq!((full.code, &*full.reason), (Code::Unavailable, "DATABASE_BUSY"));
    drop(others);
    let shop = &shop;
    until("there is a connection again", || async { shop.begin(within(3_000)).await.is_ok() }).await;
    // Had the server been taken for away, those who ask in this moment would be refused.
    drop(ours);
    assert_eq!(change(shop, INSERT, &[1.into()]).await, Ok(1));
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_died_in_their_sleep_are_replaced() {
    let Some(world) = World::postgres().await else { return };
    let server = world.server.as_ref().unwrap();
    let databases = world.databases().await;
    let shop = with_tables(&databases, "acme", TABLE).await;
    let held = (begin(&shop).await, begin(&shop).await, begin(&shop).await);
    drop(held);
    server.stop();
    server.resume();
    // Nobody was told, and nobody notices.
    assert_eq!(change(&shop, INSERT, &[1.into()]).await, Ok(1));
    assert_eq!(number(&shop, "SELECT count(*) FROM t").await, 1);
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_placed_once() {
    let Some(world) = World::postgres().await else { return };
    let server = world.server.as_ref().unwrap();
    let mut shards = world.config.postgres.shards.clone();
    shards.push(World::shard(server, "second").await);
    let config = DatabasesConfig::postgres(shards.clone());
    let databases = Databases::open(config.clone()).await.unwrap();
    let release = migrations(&[TABLE]);
    for index in 0..10 {
        let own = databases.of(&tenant(index), &"shop".parse().unwrap()).await.unwrap();
        own.migrate(&release).await.unwrap();
        change(&own, INSERT, &[i64::try_from(index).unwrap().into()]).await.unwrap();
    }
    databases.close().await;
    // One that takes no more, and one without which half of the tenants would be gone.
    shards[0].open = false;
    shards.push(World::shard(server, "third").await);
    let databases = Databases::open(DatabasesConfig::postgres(shards)).await.unwrap();
    for index in 0..10 {
        let own = databases.of(&tenant(index), &"shop".parse().unwrap()).await.unwrap();
        assert_eq!(number(&own, "SELECT a FROM t").await, i64::try_from(index).unwrap());
    }
    for index in 10..15 {
        databases.of(&tenant(index), &"shop".parse().unwrap()).await.unwrap();
    }
    databases.close().await;
    assert_eq!(schemas(server, "main").await, 5);
    assert_eq!(schemas(server, "second").await, 5);
    assert_eq!(schemas(server, "third").await, 5);
}

async fn schemas(server: &fondaco_test_servers::Postgres, shard: &str) -> i64 {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(&server.url_of(shard)).await.unwrap();
    let text = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'tenant-%'";
    sqlx::query_scalar(text).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_away_is_not_missed() {
    let Some(world) = World::postgres().await else { return };
    let primary = world.config.postgres.shards[0].clone();
    // One that is there (the same server: what it has is what a replica would have), and one that never was.
    let nowhere = format!("postgres://host@127.0.0.1:{}/main", fondaco_test_servers::free_port());
    for replica in [primary.url.clone(), nowhere] {
        let shard = ShardConfig { replicas: vec![replica], ..primary.clone() };
        let databases = Databases::open(DatabasesConfig::postgres(vec![shard])).await.unwrap();
        let shop = with_tables(&databases, "acme", TABLE).await;
        change(&shop, "DELETE FROM t", &[]).await.unwrap();
        for _ in 0..3 {
            let answer = shop.query_replica("SELECT count(*) FROM t", &[], within(10_000)).await.unwrap();
            assert_eq!(answer.rows, [[0.into()]]);
        }
        databases.close().await;
    }
}
