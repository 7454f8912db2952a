//! What a statement costs through the capability, against the same statement by sqlx alone.
//!
//! `cargo run --release -p fondaco-sql --example overhead [seconds]`; with PostgreSQL where it is installed.
//! Rounds of both kinds take turns, so that a busy machine is equally unfair to both.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::cast_precision_loss)]

use std::time::{Duration, Instant};

use fondaco_sql::{Database, Databases, DatabasesConfig, Migrations, ShardConfig, Value};
use fondaco_test_servers::Postgres;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection};

const TABLE: &str = "CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand BIGINT NOT NULL, reserved BIGINT NOT NULL)";
const FILL: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
                    INSERT INTO stock (sku, on_hand, reserved) SELECT 'sku-' || i, 1000000000, 0 FROM n";
const READ: &str = "SELECT sku, on_hand, reserved FROM stock WHERE sku = $1";
const TAKE: &str = "UPDATE stock SET reserved = reserved + $2 WHERE sku = $1 AND on_hand - reserved >= $2";

/// Statements of one turn.
const TURN: usize = 50;

fn sku(index: usize) -> String {
    format!("sku-{}", index * 7_919 % 10_000 + 1)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

async fn ours_read(database: &Database) {
    for index in 0..TURN {
        let rows = database.query(READ, &[sku(index).into()], soon()).await.unwrap();
        assert_eq!(rows.rows.len(), 1);
    }
}

/// A unit of work of one guarded update.
async fn ours_take(database: &Database) {
    for index in 0..TURN {
        let mut work = database.begin(soon()).await.unwrap();
        assert_eq!(work.execute(TAKE, &[sku(index).into(), 1_i64.into()]).await.unwrap(), 1);
        work.commit().await.unwrap();
    }
}

/// Reads within one unit of work: what a statement costs beside its transaction.
async fn ours_within(database: &Database) {
    let mut work = database.begin(soon()).await.unwrap();
    for index in 0..TURN {
        assert_eq!(work.query(READ, &[sku(index).into()]).await.unwrap().rows.len(), 1);
    }
    work.commit().await.unwrap();
}

macro_rules! plain {
    ($name:ident, $connection:ty, $begin:literal) => {
        mod $name {
            use super::*;

            pub(super) async fn read(connection: &mut $connection) {
                for index in 0..TURN {
                    let row: (String, i64, i64) =
                        sqlx::query_as(READ).bind(sku(index)).fetch_one(&mut *connection).await.unwrap();
                    assert!(row.1 > 0);
                }
            }

            pub(super) async fn take(connection: &mut $connection) {
                for index in 0..TURN {
                    let mut transaction = connection.begin_with($begin).await.unwrap();
                    let update = sqlx::query(TAKE).bind(sku(index)).bind(1_i64);
                    assert_eq!(update.execute(&mut *transaction).await.unwrap().rows_affected(), 1);
                    transaction.commit().await.unwrap();
                }
            }

            pub(super) async fn within(connection: &mut $connection) {
                let mut transaction = connection.begin_with($begin).await.unwrap();
                read(&mut transaction).await;
                transaction.commit().await.unwrap();
            }
        }
    };
}

plain!(sqlite, SqliteConnection, "BEGIN IMMEDIATE");
plain!(postgres, PgConnection, "BEGIN");

/// The middle of many turns, in microseconds a statement.
struct Middle(Vec<f64>);

impl Middle {
    async fn turn(&mut self, work: impl Future<Output = ()>) {
        let begun = Instant::now();
        work.await;
        self.0.push(begun.elapsed().as_secs_f64() * 1e6 / TURN as f64);
    }

    fn get(mut self) -> f64 {
        self.0.sort_by(f64::total_cmp);
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

macro_rules! compare {
    ($what:literal, $seconds:expr, $ours:expr, $plain:expr) => {
        let (mut ours, mut plain) = (Middle(Vec::new()), Middle(Vec::new()));
        let end = Instant::now() + Duration::from_secs_f64($seconds);
        while Instant::now() < end {
            ours.turn($ours).await;
            plain.turn($plain).await;
        }
        let (ours, plain) = (ours.get(), plain.get());
        println!("{:<34} {ours:>8.1} µs {plain:>8.1} µs {:>7.2} × {:>+8.1} µs", $what, ours / plain, ours - plain);
    };
}

async fn prepared(config: DatabasesConfig) -> (Databases, Database) {
    let databases = Databases::open(config).await.unwrap();
    let steps = serde_json::json!([{"version": 1, "name": "init", "sql": TABLE}]);
    let migrations = Migrations::from_grant(&serde_json::json!({ "migrations": steps })).unwrap();
    let database = databases.of(&"acme".parse().unwrap(), &"inventory".parse().unwrap()).await.unwrap();
    database.migrate(&migrations).await.unwrap();
    let mut work = database.begin(soon()).await.unwrap();
    assert_eq!(work.execute(FILL, &[]).await.unwrap(), 10_000);
    work.commit().await.unwrap();
    assert_eq!(
        database.query("SELECT count(*) FROM stock", &[], soon()).await.unwrap().rows,
        [[Value::Integer(10_000)]]
    );
    (databases, database)
}

#[tokio::main]
async fn main() {
    let seconds: f64 = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(5.0);
    println!("{:<34} {:>11} {:>11} {:>9} {:>11}", "", "capability", "sqlx", "ratio", "overhead");
    let folder = tempfile::tempdir().unwrap();
    let (databases, database) = prepared(DatabasesConfig::embedded(folder.path().join("ours"))).await;
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("plain.sqlite"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    let mut plain = options.connect().await.unwrap();
    plain.execute(TABLE).await.unwrap();
    plain.execute(FILL).await.unwrap();
    compare!("SQLite, point read", seconds, ours_read(&database), sqlite::read(&mut plain));
    compare!("SQLite, read in a unit of work", seconds, ours_within(&database), sqlite::within(&mut plain));
    compare!("SQLite, guarded update, committed", seconds, ours_take(&database), sqlite::take(&mut plain));
    databases.close().await;

    let Some(server) = Postgres::start() else { return };
    let shard = ShardConfig { name: "main".to_owned(), url: server.url(), replicas: Vec::new(), open: true };
    let (databases, database) = prepared(DatabasesConfig::postgres(vec![shard])).await;
    let mut plain = PgConnection::connect(&server.url()).await.unwrap();
    plain.execute(TABLE).await.unwrap();
    plain.execute(FILL).await.unwrap();
    compare!("PostgreSQL, point read", seconds, ours_read(&database), postgres::read(&mut plain));
    compare!("PostgreSQL, read in a unit of work", seconds, ours_within(&database), postgres::within(&mut plain));
    compare!("PostgreSQL, guarded update", seconds, ours_take(&database), postgres::take(&mut plain));
    databases.close().await;
}
