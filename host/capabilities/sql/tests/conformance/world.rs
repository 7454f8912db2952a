//! A place for databases, empty at the beginning of each test.

use std::time::{Duration, Instant};

use fondaco_engine::{Fault, TenantId};
use fondaco_sql::{Database, Databases, DatabasesConfig, Limits, Migrations, Rows, ShardConfig, Value, Work};
use fondaco_test_servers::Postgres;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) config: DatabasesConfig,
    pub(crate) server: Option<Postgres>,
    _folder: Option<TempDir>,
}

impl World {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { config: DatabasesConfig::embedded(folder.path()), server: None, _folder: Some(folder) }
    }

    /// With a user that is not the server's superuser: what it may is all that a host needs.
    pub(crate) async fn postgres() -> Option<Self> {
        let server = Postgres::start()?;
        admin(&server, "CREATE ROLE host LOGIN CREATEROLE").await;
        let shard = Self::shard(&server, "main").await;
        Some(Self { config: DatabasesConfig::postgres(vec![shard]), server: Some(server), _folder: None })
    }

    pub(crate) async fn shard(server: &Postgres, name: &str) -> ShardConfig {
        admin(server, &format!("CREATE DATABASE \"{name}\" OWNER host")).await;
        let url = server.url_of(name).replace("fondaco@", "host@");
        ShardConfig { name: name.to_owned(), url, replicas: Vec::new(), open: true }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.server.is_none()
    }

    pub(crate) async fn databases(&self) -> Databases {
        Databases::open(self.config.clone()).await.unwrap()
    }

    pub(crate) async fn with(&self, limits: Limits) -> Databases {
        Databases::open(DatabasesConfig { limits, ..self.config.clone() }).await.unwrap()
    }
}

pub(crate) async fn admin(server: &Postgres, statement: &str) {
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))).await.unwrap();
    connection.close().await.unwrap();
}

/// The same in one of its databases; the last statement answers a number.
pub(crate) async fn admin_in(server: &Postgres, database: &str, statements: &str) -> i64 {
    let mut connection = PgConnection::connect(&server.url_of(database)).await.unwrap();
    let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))).await.unwrap();
    connection.close().await.unwrap();
    // Answered as text, as whatever is not prepared.
    row.try_get_raw(0).unwrap().as_str().unwrap().parse().unwrap()
}

pub(crate) fn soon() -> Instant {
    within(20_000)
}

pub(crate) fn within(ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(ms)
}

pub(crate) async fn database(databases: &Databases, tenant: &str, service: &str) -> Database {
    databases.of(&tenant.parse().unwrap(), &service.parse().unwrap()).await.unwrap()
}

/// The database of one tenant, with these tables.
pub(crate) async fn with_tables(databases: &Databases, tenant: &str, tables: &str) -> Database {
    let database = database(databases, tenant, "shop").await;
    database.migrate(&migrations(&[tables])).await.unwrap();
    database
}

/// Migrations 1, 2, 3, …
pub(crate) fn migrations(steps: &[&str]) -> Migrations {
    let steps: Vec<_> = (1..)
        .zip(steps)
        .map(|(version, sql)| serde_json::json!({"version": version, "name": format!("step-{version}"), "sql": sql}))
        .collect();
    Migrations::from_grant(&serde_json::json!({ "migrations": steps })).unwrap()
}

pub(crate) async fn rows(database: &Database, statement: &str, parameters: &[Value]) -> Vec<Vec<Value>> {
    let answer: Result<Rows, Fault> = database.query(statement, parameters, soon()).await;
    answer.unwrap_or_else(|fault| panic!("{statement}: {fault}")).rows
}

/// One integer.
pub(crate) async fn number(database: &Database, statement: &str) -> i64 {
    match rows(database, statement, &[]).await.as_slice() {
        [row] if matches!(row.as_slice(), [Value::Integer(_)]) => match row[0] {
            Value::Integer(number) => number,
            _ => unreachable!(),
        },
        other => panic!("{statement}: {other:?}"),
    }
}

/// One statement in a unit of work of its own.
pub(crate) async fn change(database: &Database, statement: &str, parameters: &[Value]) -> Result<u64, Fault> {
    let mut work = database.begin(soon()).await?;
    let changed = work.execute(statement, parameters).await?;
    work.commit().await?;
    Ok(changed)
}

pub(crate) async fn begin(database: &Database) -> Work {
    database.begin(soon()).await.unwrap()
}

pub(crate) fn reason<T: std::fmt::Debug>(answer: Result<T, Fault>) -> String {
    answer.expect_err("a fault").reason.into_owned()
}

pub(crate) fn tenant(number: usize) -> TenantId {
    format!("tenant-{number}").parse().unwrap()
}

/// Waits until it holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let deadline = soon();
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
