//! Connections of PostgreSQL that are set up for one schema and go from hand to hand. SQLite has none of it.

use std::time::Duration;

use fondaco_engine::Code;
use fondaco_sql::{Database, Databases, DatabasesConfig, Limits, ShardConfig, Value};
use fondaco_test_servers::PgBouncer;

use crate::limits::FOR_EVER;
use crate::wire::Wire;
use crate::world::{
    World, admin_in, begin, change, database, migrations, number, reason, rows, soon, tenant, until, with_tables,
    within,
};

const TABLE: &str = "CREATE TABLE t (a BIGINT)";
const INSERT: &str = "INSERT INTO t (a) VALUES ($1)";
const READ: &str = "SELECT a FROM t";

async fn with_connections(world: &World, connections: u32) -> Databases {
    let mut config = world.config.clone();
    config.postgres.connections = connections;
    Databases::open(config).await.unwrap()
}

/// One text, by a statement that nobody checks.
async fn word(database: &Database, statement: &'static str) -> String {
    let answer = database.query_internal(statement, &[], soon()).await.unwrap_or_else(|fault| panic!("{fault}"));
    match answer.rows.as_slice() {
        [row] => match row.as_slice() {
            [Value::Text(word)] => word.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_take_turns_on_one_connection() {
    let Some(world) = World::postgres().await else { return };
    take_turns_on_one_connection(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_take_turns_behind_a_pooler_by_session() {
    let Some(mut world) = World::postgres().await else { return };
    let Some(pooler) = put_behind(&mut world, "session") else { return };
    take_turns_on_one_connection(&world).await;
    drop(pooler);
}

/// It would hand one tenant's session to another.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_by_transaction_is_refused() {
    let Some(mut world) = World::postgres().await else { return };
    let Some(pooler) = put_behind(&mut world, "transaction") else { return };
    let fault = Databases::open(world.config.clone()).await.unwrap_err();
    assert_eq!((fault.code, &*fault.reason), (Code::FailedPrecondition, "POOLED_BY_TRANSACTION"));
    drop(pooler);
}

/// Puts a `PgBouncer` in front of the world's server.
fn put_behind(world: &mut World, mode: &str) -> Option<PgBouncer> {
    let pooler = PgBouncer::start(world.server.as_ref().unwrap(), "host", mode)?;
    world.config.postgres.shards[0].url = pooler.url_of("host", "main");
    Some(pooler)
}

async fn take_turns_on_one_connection(world: &World) {
    let databases = with_connections(world, 1).await;
    let mut shops = Vec::new();
    for index in 0..3 {
        let shop = with_tables(&databases, tenant(index).as_str(), TABLE).await;
        change(&shop, INSERT, &[i64::try_from(index).unwrap().into()]).await.unwrap();
        shops.push(shop);
    }
    for round in 0..20 {
        for (index, shop) in shops.iter().enumerate() {
            let expected = Value::from(i64::try_from(index).unwrap());
            assert_eq!(rows(shop, READ, &[]).await, [[expected.clone()]]);
            if round % 3 == index {
                // What was written is there, what was not committed is not, and the next one reads as ever.
                let mut work = begin(shop).await;
                work.execute(INSERT, &[100.into()]).await.unwrap();
                assert_eq!(work.query(READ, &[]).await.unwrap().rows, [[expected.clone()], [100.into()]]);
                drop(work);
                assert_eq!(change(shop, "UPDATE t SET a = a", &[]).await, Ok(1));
            }
            assert_eq!(rows(shop, READ, &[]).await, [[expected]]);
        }
    }
    // All at once, too.
    let mut readers = tokio::task::JoinSet::new();
    for at in 0..60 {
        let (index, shop) = (at % 3, shops[at % 3].clone());
        readers.spawn(async move { (index, number(&shop, READ).await) });
    }
    for (index, found) in readers.join_all().await {
        assert_eq!(found, i64::try_from(index).unwrap());
    }
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_ends_badly_leaves_nothing_behind() {
    let Some(world) = World::postgres().await else { return };
    let mut config = world.config.clone();
    config.postgres.connections = 1;
    config.limits = Limits { rows: 50, ..Limits::default() };
    let databases = Databases::open(config).await.unwrap();
    let shop = with_tables(&databases, "acme", TABLE).await;
    let other = with_tables(&databases, "other", TABLE).await;
    change(&shop, INSERT, &[1.into()]).await.unwrap();
    change(&other, INSERT, &[2.into()]).await.unwrap();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n";
    for round in 0..3 {
        let both = || async { (number(&shop, READ).await, number(&other, READ).await) };
        assert_eq!(reason(shop.query("SELECT nothing FROM t", &[], soon()).await), "SQL_ERROR");
        assert_eq!(both().await, (1, 2), "{round}");
        assert_eq!(reason(shop.query("SELECT a / (a - 1) FROM t", &[], soon()).await), "SQL_ERROR");
        assert_eq!(both().await, (1, 2), "{round}");
        assert_eq!(
            reason(shop.query("SELECT a FROM t WHERE a = $1", &["x".into()], soon()).await),
            "INVALID_PARAMETER"
        );
        assert_eq!(both().await, (1, 2), "{round}");
        assert_eq!(reason(shop.query(many, &[], soon()).await), "RESULT_TOO_BIG");
        assert_eq!(both().await, (1, 2), "{round}");
        let unsupported = shop.query_internal("SELECT now() FROM generate_series(1, 40)", &[], soon()).await;
        assert_eq!(reason(unsupported), "UNSUPPORTED_TYPE");
        assert_eq!(both().await, (1, 2), "{round}");
        // Time is up, and nobody waits any more.
        assert_eq!(reason(shop.query(FOR_EVER, &[], within(100)).await), "STATEMENT_TIMEOUT");
        assert_eq!(both().await, (1, 2), "{round}");
        let left = tokio::time::timeout(Duration::from_millis(100), shop.query(FOR_EVER, &[], soon())).await;
        assert!(left.is_err());
        assert_eq!(both().await, (1, 2), "{round}");
    }
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_stops_when_nobody_waits_for_it() {
    let Some(world) = World::postgres().await else { return };
    let limits = Limits { statement_ms: 600_000, ..Limits::default() };
    let databases = world.with(limits).await;
    let shop = with_tables(&databases, "acme", TABLE).await;
    let server = world.server.as_ref().unwrap();
    let running = || async {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%RECURSIVE%' \
                     AND application_name = 'fondaco'";
        admin_in(server, "main", count).await > 0
    };
    let reading = tokio::spawn({
        let shop = shop.clone();
        async move { shop.query(FOR_EVER, &[], soon()).await }
    });
    until("it runs", running).await;
    reading.abort();
    until("it stopped", || async { !running().await }).await;
    let writing = tokio::spawn({
        let shop = shop.clone();
        async move { begin(&shop).await.query(FOR_EVER, &[]).await }
    });
    until("it runs", running).await;
    writing.abort();
    until("it stopped", || async { !running().await }).await;
    assert_eq!(reason(shop.query(FOR_EVER, &[], within(200)).await), "STATEMENT_TIMEOUT");
    until("it stopped", || async { !running().await }).await;
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_has_its_own_rights_after_a_tenant() {
    let Some(world) = World::postgres().await else { return };
    let databases = with_connections(&world, 1).await;
    let shop = with_tables(&databases, "acme", TABLE).await;
    let (first, second) = (migrations(&[TABLE]), migrations(&[TABLE, "ALTER TABLE t ADD COLUMN b BIGINT"]));
    for index in 0..3 {
        assert_eq!(number(&shop, "SELECT count(*) FROM t").await, 0);
        // Reads and writes the host's tables, makes a schema and a role, and migrates.
        let new = databases.of(&tenant(index), &"shop".parse().unwrap()).await.unwrap();
        assert_eq!(number(&shop, "SELECT count(*) FROM t").await, 0);
        new.migrate(&first).await.unwrap();
        assert_eq!(number(&new, "SELECT count(*) FROM t").await, 0);
        assert_eq!(databases.known().await.unwrap().len(), index + 2);
    }
    assert_eq!(number(&shop, "SELECT count(*) FROM t").await, 0);
    databases.stage(&"shop".parse().unwrap(), &second).await.unwrap();
    // And nobody has the host's rights after it: the host's role left with its transaction.
    let host = shop.query_internal("SELECT shard FROM fondaco.tenants", &[], soon()).await.unwrap_err();
    assert_eq!(host.detail("sqlstate"), Some("42501"), "{host}");
    shop.migrate(&second).await.unwrap();
    let host = shop.query_internal("SELECT shard FROM fondaco.tenants", &[], soon()).await.unwrap_err();
    assert_eq!(host.detail("sqlstate"), Some("42501"), "{host}");
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_does_not_write_by_a_function() {
    let Some(world) = World::postgres().await else { return };
    let databases = with_connections(&world, 1).await;
    let shop = with_tables(&databases, "acme", TABLE).await;
    let server = world.server.as_ref().unwrap();
    let sneak = "CREATE FUNCTION \"acme.shop\".sneak() RETURNS BIGINT LANGUAGE sql AS \
                 'INSERT INTO \"acme.shop\".t (a) VALUES (1) RETURNING a'; SELECT 0::bigint";
    admin_in(server, "main", sneak).await;
    assert_eq!(reason(shop.query_internal("SELECT sneak()", &[], soon()).await), "READ_ONLY");
    assert_eq!(change(&shop, "DELETE FROM t", &[]).await, Ok(0));
    assert_eq!(reason(shop.query_internal("SELECT sneak()", &[], soon()).await), "READ_ONLY");
    // In a unit of work it may, on the same connection.
    let mut work = begin(&shop).await;
    work.query_internal("SELECT sneak()", &[]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(number(&shop, "SELECT count(*) FROM t").await, 1);
    assert_eq!(reason(shop.query_internal("SELECT sneak()", &[], soon()).await), "READ_ONLY");
    databases.close().await;
}

/// What a statement that got past the guard may leave in its session.
const POISON: &[&str] = &[
    "SELECT set_config('role', 'none', false)",
    "SELECT set_config('search_path', '\"victim.shop\"', false)",
    "SELECT set_config('default_transaction_read_only', 'off', false)",
    "SELECT set_config('default_transaction_isolation', 'serializable', false)",
    "SELECT set_config('statement_timeout', '1000', false)",
    "SELECT set_config('transform_null_equals', 'on', false)",
    "SELECT set_config('client_encoding', 'LATIN1', false)",
    "SELECT set_config('fondaco.word', 'left behind', false)",
    "SELECT pg_advisory_lock(42)::text",
];

const SETTINGS: &str = "SELECT concat_ws(' ', current_user, current_setting('search_path'), \
    current_setting('transaction_read_only'), current_setting('transaction_isolation'), \
    current_setting('statement_timeout'), current_setting('transform_null_equals'), \
    current_setting('client_encoding'), coalesce(current_setting('fondaco.word', true), ''), \
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), (SELECT count(*) FROM pg_cursors WHERE is_holdable))";

#[tokio::test(flavor = "multi_thread")]
async fn nobody_leaves_settings_to_the_next() {
    let Some(world) = World::postgres().await else { return };
    let databases = with_connections(&world, 1).await;
    let attacker = with_tables(&databases, "attacker", TABLE).await;
    let victim = with_tables(&databases, "victim", TABLE).await;
    change(&victim, INSERT, &[7.into()]).await.unwrap();
    let clean = word(&victim, SETTINGS).await;
    assert!(clean.contains(" \"victim.shop\", pg_temp on read committed 5s off UTF8  0 0"), "{clean}");
    for (index, poison) in POISON.iter().enumerate() {
        // Outside of a unit of work, and kept by one.
        attacker.query_internal(poison, &[], soon()).await.unwrap();
        assert_eq!(word(&victim, SETTINGS).await, clean, "{poison}");
        attacker.query_internal(poison, &[], soon()).await.unwrap();
        assert_eq!(change(&victim, "UPDATE t SET a = a WHERE a = 7", &[]).await, Ok(1), "{poison}");
        assert_eq!(word(&victim, SETTINGS).await, clean, "{poison}");
        let mut work = begin(&attacker).await;
        work.query_internal(poison, &[]).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(change(&victim, "UPDATE t SET a = a WHERE a = 7", &[]).await, Ok(1), "{poison}");
        assert_eq!(word(&victim, SETTINGS).await, clean, "{poison}");
        // Nor to the host.
        attacker.query_internal(poison, &[], soon()).await.unwrap();
        assert_eq!(databases.known().await.unwrap().len(), 2, "{poison}");
        let late = format!("late-{index}");
        database(&databases, &late, "shop").await;
        assert_eq!(databases.known().await.unwrap().len(), 3, "{poison}");
        let forget = format!("DELETE FROM fondaco.databases WHERE tenant = '{late}'; SELECT 0::bigint");
        admin_in(world.server.as_ref().unwrap(), "main", &forget).await;
    }
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_asks_once() {
    let Some(world) = World::postgres().await else { return };
    let wire = Wire::to(world.server.as_ref().unwrap().port()).await;
    let databases = Databases::open(wire.config(&world, 1)).await.unwrap();
    let shop = with_tables(&databases, "acme", TABLE).await;
    let other = with_tables(&databases, "other", TABLE).await;
    for shop in [&shop, &other] {
        change(shop, INSERT, &[1.into()]).await.unwrap();
        number(shop, READ).await;
    }
    assert_eq!(wire.asked_by(number(&other, READ)).await, 1);
    // Once more where the session was somebody else's.
    assert_eq!(wire.asked_by(number(&shop, READ)).await, 2);
    for _ in 0..3 {
        assert_eq!(wire.asked_by(number(&shop, READ)).await, 1);
    }
    // Beginning, statement, end: whoever was here before.
    for shop in [&shop, &shop, &other, &shop] {
        assert_eq!(wire.asked_by(change(shop, INSERT, &[1.into()])).await, 3);
    }
    // After a unit of work the session is its tenant's.
    assert_eq!(wire.asked_by(rows(&shop, READ, &[])).await, 1);
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_finds_his_session() {
    let Some(world) = World::postgres().await else { return };
    let wire = Wire::to(world.server.as_ref().unwrap().port()).await;
    let databases = Databases::open(wire.config(&world, 3)).await.unwrap();
    let mut shops = Vec::new();
    for index in 0..3 {
        shops.push(with_tables(&databases, tenant(index).as_str(), TABLE).await);
    }
    // Three at once make three connections, a tenant each.
    let held = (begin(&shops[0]).await, begin(&shops[1]).await, begin(&shops[2]).await);
    drop(held);
    let shops = &shops;
    let all_ask_once = || async {
        let mut asked = Vec::new();
        for shop in shops {
            asked.push(wire.asked_by(rows(shop, READ, &[])).await);
        }
        asked == [1, 1, 1]
    };
    // The first reads prepare their statements, and rollbacks may be on their way.
    until("each has a session of its own", all_ask_once).await;
    for _ in 0..5 {
        assert!(all_ask_once().await);
    }
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_two_reads_is_not_noticed() {
    let Some(world) = World::postgres().await else { return };
    let server = world.server.as_ref().unwrap();
    let databases = with_connections(&world, 4).await;
    let shop = with_tables(&databases, "acme", TABLE).await;
    let other = with_tables(&databases, "other", TABLE).await;
    change(&shop, INSERT, &[1.into()]).await.unwrap();
    change(&other, INSERT, &[2.into()]).await.unwrap();
    drop((begin(&shop).await, begin(&other).await, begin(&shop).await));
    for _ in 0..2 {
        server.stop();
        server.resume();
        for _ in 0..6 {
            assert_eq!((number(&shop, READ).await, number(&other, READ).await), (1, 2));
        }
    }
    databases.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_elsewhere_between_two_reads_is_not_noticed() {
    let Some(world) = World::postgres().await else { return };
    let (here, there) = (world.databases().await, with_connections(&world, 4).await);
    let (shop, elsewhere) = (with_tables(&here, "acme", TABLE).await, with_tables(&there, "acme", TABLE).await);
    change(&shop, INSERT, &[1.into()]).await.unwrap();
    let (all, one) = ("SELECT * FROM t WHERE a = $1", [Value::from(1)]);
    for columns in 1..4_usize {
        // Each connection has the statement prepared for the tables as they are.
        for shop in [&shop, &elsewhere] {
            let reads = (0..8).map(|_| rows(shop, all, &one));
            for answer in futures::future::join_all(reads).await {
                assert_eq!(answer[0].len(), columns);
            }
        }
        let mut steps = vec![TABLE.to_owned()];
        steps.extend((1..=columns).map(|index| format!("ALTER TABLE t ADD COLUMN b{index} BIGINT")));
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        shop.migrate(&migrations(&steps)).await.unwrap();
    }
    for shop in [&shop, &elsewhere] {
        for _ in 0..8 {
            assert_eq!(rows(shop, all, &one).await[0].len(), 4);
        }
    }
    here.close().await;
    there.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded_and_closed() {
    let Some(world) = World::postgres().await else { return };
    let server = world.server.as_ref().unwrap();
    let databases = with_connections(&world, 2).await;
    let shop = with_tables(&databases, "acme", TABLE).await;
    let open = || async {
        admin_in(server, "main", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fondaco'").await
    };
    let held = (begin(&shop).await, begin(&shop).await);
    assert_eq!(open().await, 2);
    assert_eq!(reason(shop.query(READ, &[], within(200)).await), "DATABASE_BUSY");
    assert_eq!(reason(change_within(&shop, 200).await), "DATABASE_BUSY");
    drop(held);
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let shop = shop.clone();
        readers.spawn(async move { rows(&shop, READ, &[]).await.len() });
    }
    assert_eq!(readers.join_all().await, [0; 40]);
    // Those of callers who left, and who asked whether the server is there, take their time to go.
    until("two are left at most", || async { open().await <= 2 }).await;
    let last = begin(&shop).await;
    let ((), committed) = tokio::join!(databases.close(), last.commit());
    assert_eq!(committed, Ok(()));
    until("all are closed", || async { open().await == 0 }).await;
    assert_eq!(reason(shop.query(READ, &[], soon()).await), "DATABASE_UNAVAILABLE");
}

async fn change_within(shop: &Database, ms: u64) -> Result<(), fondaco_engine::Fault> {
    shop.begin(within(ms)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_was_away_is_used_again() {
    let Some(world) = World::postgres().await else { return };
    // The same server by another way: what it has is what a replica would have.
    let mut wire = Wire::to(world.server.as_ref().unwrap().port()).await;
    let primary = world.config.postgres.shards[0].clone();
    let shard = ShardConfig { replicas: vec![wire.shard(&world).url], ..primary };
    let databases = Databases::open(DatabasesConfig::postgres(vec![shard])).await.unwrap();
    let shop = with_tables(&databases, "acme", TABLE).await;
    let read = || async { shop.query_replica("SELECT count(*) FROM t", &[], soon()).await.unwrap() };
    assert!(wire.asked_by(read()).await > 0);
    wire.cut().await;
    for _ in 0..5 {
        assert_eq!(wire.asked_by(read()).await, 0);
    }
    wire.mend().await;
    let (before, wire) = (wire.asked(), &wire);
    until("it is used again", || async {
        read().await;
        wire.asked() > before
    })
    .await;
    databases.close().await;
}
