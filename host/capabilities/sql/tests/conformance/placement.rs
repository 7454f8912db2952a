//! Many databases: apart from each other, and most of them asleep.

use fondaco_sql::{DatabasesConfig, EmbeddedConfig};

use crate::world::{World, change, database, migrations, number, tenant, until, with_tables};

const TABLE: &str = "CREATE TABLE t (a BIGINT)";

pub(crate) async fn tenants_and_services_are_apart(world: &World) {
    let databases = world.databases().await;
    let long = "x".repeat(63);
    let places = [("acme", "shop"), ("acme", "stock"), ("other", "shop"), ("a-b", "c"), ("a", "b-c"), (&*long, &*long)];
    for (index, (tenant, service)) in (1_i64..).zip(places) {
        let own = database(&databases, tenant, service).await;
        own.migrate(&migrations(&[TABLE])).await.unwrap();
        change(&own, "INSERT INTO t (a) VALUES ($1)", &[index.into()]).await.unwrap();
    }
    for (index, (tenant, service)) in (1_i64..).zip(places) {
        let own = database(&databases, tenant, service).await;
        assert_eq!(number(&own, "SELECT a FROM t").await, index, "{tenant} {service}");
    }
    let mut known = databases.known().await.unwrap();
    known.sort_unstable();
    let mut expected: Vec<_> =
        places.map(|(tenant, service)| (tenant.parse().unwrap(), service.parse().unwrap())).into();
    expected.sort_unstable();
    assert_eq!(known, expected);
    databases.close().await;
}

pub(crate) async fn what_is_idle_is_closed_and_comes_back(world: &World) {
    let embedded = EmbeddedConfig { idle_seconds: 1, ..world.config.embedded.clone() };
    let databases = fondaco_sql::Databases::open(DatabasesConfig { embedded, ..world.config.clone() }).await.unwrap();
    let shop = with_tables(&databases, "acme", TABLE).await;
    change(&shop, "INSERT INTO t (a) VALUES (5)", &[]).await.unwrap();
    if world.is_sqlite() {
        // A handle does not keep it open.
        until("it is closed", || async { databases.open_now() == 0 }).await;
    }
    assert_eq!(number(&shop, "SELECT a FROM t").await, 5);
    change(&shop, "INSERT INTO t (a) VALUES (6)", &[]).await.unwrap();
    assert_eq!(number(&shop, "SELECT sum(a) FROM t").await, 11);
    databases.close().await;
}

pub(crate) async fn many_tenants_share_a_few_connections(world: &World) {
    let count = if world.is_sqlite() { 300 } else { 60 };
    let embedded = EmbeddedConfig { open: 16, ..world.config.embedded.clone() };
    let databases = fondaco_sql::Databases::open(DatabasesConfig { embedded, ..world.config.clone() }).await.unwrap();
    let release = migrations(&[TABLE]);
    for _round in 0..2 {
        let mut tenants = tokio::task::JoinSet::new();
        for index in 0..count {
            let (databases, release) = (databases.clone(), release.clone());
            tenants.spawn(async move {
                let own = databases.of(&tenant(index), &"shop".parse().unwrap()).await.unwrap();
                own.migrate(&release).await.unwrap();
                let index = i64::try_from(index).unwrap();
                change(&own, "INSERT INTO t (a) VALUES ($1)", &[index.into()]).await.unwrap();
            });
            // As many at a time as a host has calls.
            while tenants.len() > 32 {
                tenants.join_next().await.unwrap().unwrap();
            }
        }
        tenants.join_all().await;
    }
    if world.is_sqlite() {
        until("few are open", || async { databases.open_now() <= 16 }).await;
    }
    for index in [0, count / 2, count - 1] {
        let own = databases.of(&tenant(index), &"shop".parse().unwrap()).await.unwrap();
        let sum = number(&own, "SELECT sum(a) FROM t").await;
        assert_eq!(sum, i64::try_from(index * 2).unwrap());
    }
    assert_eq!(databases.known().await.unwrap().len(), count);
    databases.close().await;
}
