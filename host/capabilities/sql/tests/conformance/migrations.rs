//! Schemas on their way.

use fondaco_sql::{Migrations, Value};

use crate::world::{World, change, database, migrations, number, reason, rows, soon, tenant};

const FIRST: &str =
    "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT NOT NULL); INSERT INTO t (id, name) VALUES (1, 'one')";
const SECOND: &str = "ALTER TABLE t ADD COLUMN note TEXT NOT NULL DEFAULT 'none';
                      CREATE INDEX t_note ON t (note); INSERT INTO t (id, name, note) VALUES (2, 'two', 'it''s new')";

pub(crate) async fn each_step_runs_once(world: &World) {
    let databases = world.databases().await;
    let shop = database(&databases, "acme", "shop").await;
    for _ in 0..2 {
        shop.migrate(&migrations(&[FIRST])).await.unwrap();
    }
    assert_eq!(number(&shop, "SELECT count(*) FROM t").await, 1);
    shop.migrate(&migrations(&[FIRST, SECOND])).await.unwrap();
    // The release before goes on with a database that is ahead, and may be staged again.
    shop.migrate(&migrations(&[FIRST])).await.unwrap();
    shop.migrate(&migrations(&[FIRST, SECOND])).await.unwrap();
    assert_eq!(rows(&shop, "SELECT note FROM t ORDER BY id", &[]).await, [["none".into()], [Value::from("it's new")]]);
    databases.close().await;
    // And after a start.
    let databases = world.databases().await;
    let shop = database(&databases, "acme", "shop").await;
    shop.migrate(&migrations(&[FIRST, SECOND])).await.unwrap();
    assert_eq!(number(&shop, "SELECT count(*) FROM t").await, 2);
    databases.close().await;
}

pub(crate) async fn a_failing_step_leaves_nothing(world: &World) {
    let databases = world.databases().await;
    let shop = database(&databases, "acme", "shop").await;
    shop.migrate(&migrations(&[FIRST])).await.unwrap();
    change(&shop, "INSERT INTO t (id, name) VALUES (2, 'one')", &[]).await.unwrap();
    let bad = "ALTER TABLE t ADD COLUMN note TEXT; CREATE UNIQUE INDEX t_name ON t (name)";
    let fault = shop.migrate(&migrations(&[FIRST, bad])).await.unwrap_err();
    assert_eq!(fault.reason, "MIGRATION_FAILED");
    let beginning = "migration 2 `step-2` of service `shop` failed on the database of tenant `acme`, in statement 2 \
                     (`CREATE UNIQUE INDEX t_name ON t(name)`): ";
    assert!(fault.message.starts_with(beginning), "{}", fault.message);
    assert_eq!(fault.detail("cause"), Some("UNIQUE_VIOLATION"));
    // The old release does not notice.
    shop.migrate(&migrations(&[FIRST])).await.unwrap();
    assert_eq!(reason(shop.query("SELECT note FROM t", &[], soon()).await), "SQL_ERROR");
    assert_eq!(change(&shop, "INSERT INTO t (id, name) VALUES (3, 'three')", &[]).await, Ok(1));
    // Once it is put right, it goes on.
    shop.migrate(&migrations(&[FIRST, SECOND])).await.unwrap_err();
    change(&shop, "DELETE FROM t WHERE id = 2", &[]).await.unwrap();
    shop.migrate(&migrations(&[FIRST, SECOND])).await.unwrap();
    databases.close().await;
}

pub(crate) async fn history_does_not_change(world: &World) {
    let databases = world.databases().await;
    let shop = database(&databases, "acme", "shop").await;
    shop.migrate(&migrations(&[FIRST])).await.unwrap();
    let other = "CREATE TABLE t (id BIGINT PRIMARY KEY)";
    assert_eq!(reason(shop.migrate(&migrations(&[other])).await), "MIGRATION_CHANGED");
    let grant = serde_json::json!({ "migrations": [{"version": 3, "name": "x", "sql": "CREATE TABLE x (a BIGINT)"}] });
    shop.migrate(&Migrations::from_grant(&grant).unwrap()).await.unwrap();
    assert_eq!(reason(shop.migrate(&migrations(&[FIRST, SECOND])).await), "MIGRATION_OUT_OF_ORDER");
    databases.close().await;
}

pub(crate) async fn two_hosts_migrate_once(world: &World) {
    let hosts = [world.databases().await, world.databases().await, world.databases().await];
    let release = migrations(&[FIRST, SECOND]);
    let migrate = |host: &fondaco_sql::Databases| {
        let (host, release) = (host.clone(), release.clone());
        tokio::spawn(async move {
            for number in 0..6 {
                let shop = host.of(&tenant(number), &"shop".parse().unwrap()).await.unwrap();
                shop.migrate(&release).await.unwrap();
            }
        })
    };
    for host in hosts.iter().map(migrate).collect::<Vec<_>>() {
        host.await.unwrap();
    }
    for index in 0..6 {
        let shop = hosts[0].of(&tenant(index), &"shop".parse().unwrap()).await.unwrap();
        assert_eq!(number(&shop, "SELECT count(*) FROM t").await, 2);
    }
    for host in hosts {
        host.close().await;
    }
}

pub(crate) async fn a_release_is_staged_on_all_databases(world: &World) {
    let databases = world.databases().await;
    let service = "shop".parse().unwrap();
    for index in 0..12 {
        databases.of(&tenant(index), &service).await.unwrap().migrate(&migrations(&[FIRST])).await.unwrap();
    }
    let other = database(&databases, "tenant-1", "other").await;
    other.migrate(&migrations(&["CREATE TABLE mine (a BIGINT)"])).await.unwrap();
    // One that can't work anywhere is found out before any of them is touched.
    let nowhere = migrations(&[FIRST, "ALTER TABLE nothing ADD COLUMN a BIGINT"]);
    let fault = databases.stage(&service, &nowhere).await.unwrap_err();
    assert_eq!(fault.reason, "MIGRATION_FAILED");
    assert!(fault.message.contains("failed on an empty database, in statement 1"), "{}", fault.message);
    // One that fails for what a tenant has in it names the tenant.
    let seventh = databases.of(&tenant(7), &service).await.unwrap();
    change(&seventh, "INSERT INTO t (id, name) VALUES (9, 'one')", &[]).await.unwrap();
    let unique = migrations(&[FIRST, "CREATE UNIQUE INDEX t_name ON t (name)"]);
    let fault = databases.stage(&service, &unique).await.unwrap_err();
    assert_eq!((&*fault.reason, fault.detail("tenant")), ("MIGRATION_FAILED", Some("tenant-7")));
    change(&seventh, "DELETE FROM t WHERE id = 9", &[]).await.unwrap();
    databases.stage(&service, &unique).await.unwrap();
    for index in 0..12 {
        let shop = databases.of(&tenant(index), &service).await.unwrap();
        let twice = change(&shop, "INSERT INTO t (id, name) VALUES (9, 'one')", &[]).await;
        assert_eq!(reason(twice), "UNIQUE_VIOLATION");
    }
    // Who comes later migrates when it first comes.
    let late = database(&databases, "late", "shop").await;
    late.migrate(&unique).await.unwrap();
    assert_eq!(number(&late, "SELECT count(*) FROM t").await, 1);
    databases.close().await;
}

pub(crate) async fn old_and_new_code_serve_side_by_side(world: &World) {
    let (here, there) = (world.databases().await, world.databases().await);
    let (old, new) = (migrations(&[FIRST]), migrations(&[FIRST, SECOND]));
    let (shop, elsewhere) = (database(&here, "acme", "shop").await, database(&there, "acme", "shop").await);
    let all = |host: &fondaco_sql::Database| {
        let host = host.clone();
        async move { rows(&host, "SELECT * FROM t WHERE id = $1", &[1.into()]).await.remove(0).len() }
    };
    for host in [&shop, &elsewhere] {
        host.migrate(&old).await.unwrap();
        // Prepared statements remember what the table was.
        assert_eq!(all(host).await, 2);
        let mut work = host.begin(soon()).await.unwrap();
        assert_eq!(work.query("SELECT * FROM t WHERE id = $1", &[1.into()]).await.unwrap().rows[0].len(), 2);
        drop(work);
    }
    shop.migrate(&new).await.unwrap();
    for host in [&shop, &elsewhere] {
        assert_eq!(all(host).await, 3);
        host.migrate(&old).await.unwrap();
        let insert = "INSERT INTO t (id, name) VALUES ($1, 'old') ON CONFLICT DO NOTHING";
        change(host, insert, &[3.into()]).await.unwrap();
        assert_eq!(all(host).await, 3);
    }
    assert_eq!(number(&shop, "SELECT count(*) FROM t WHERE note = 'none'").await, 2);
    here.close().await;
    there.close().await;
}
