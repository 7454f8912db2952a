//! The same statements by sqlx, as an author without Fondaco would write them: typed rows, statements kept prepared, a
//! connection at hand for reading and one for writing.

use std::path::Path;

use anyhow::{Result, ensure};
use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::{Side, What};
use crate::house::{FILL, sku};

/// As in the migration of `tests/guests/stock`, and what the benchmark fills in there.
const TABLE: &str = include_str!("../../../guests/stock/migrations/0001_init.sql");
const READ: &str = "SELECT sku, on_hand, reserved FROM stock WHERE sku = $1";
const TAKE: &str = "UPDATE stock SET reserved = reserved + $2 WHERE sku = $1 AND on_hand - reserved >= $2";

macro_rules! side {
    ($name:ident, $connection:ty, $begin:literal) => {
        pub(super) struct $name {
            reader: $connection,
            writer: $connection,
        }

        impl $name {
            async fn read(&mut self, first: u32, count: u32) -> Result<i64> {
                let mut sum = 0;
                for number in first..first + count {
                    let query = sqlx::query_as::<_, (String, i64, i64)>(READ).bind(sku(number));
                    let (_, on_hand, reserved) = query.fetch_one(&mut self.reader).await?;
                    sum += on_hand - reserved;
                }
                Ok(sum)
            }

            async fn take(&mut self, first: u32, count: u32) -> Result<u64> {
                let mut transaction = self.writer.begin_with($begin).await?;
                let mut changed = 0;
                for number in first..first + count {
                    let query = sqlx::query(TAKE).bind(sku(number)).bind(1_i64);
                    changed += query.execute(&mut *transaction).await?.rows_affected();
                }
                transaction.commit().await?;
                Ok(changed)
            }
        }

        #[async_trait]
        impl Side for $name {
            async fn run(&mut self, what: What, first: u32, count: u32) -> Result<()> {
                match what {
                    What::PointRead => ensure!(self.read(first, count).await? > 0, "nothing is on hand"),
                    What::GuardedUpdate => {
                        ensure!(self.take(first, count).await? == u64::from(count), "not all was reserved");
                    }
                }
                Ok(())
            }
        }
    };
}

side!(Sqlite, SqliteConnection, "BEGIN IMMEDIATE");
side!(Postgres, PgConnection, "BEGIN");

impl Sqlite {
    /// A new file, with what `fondaco-sql` says to its own: see `host/capabilities/sql/src/sqlite/home.rs`.
    pub(super) async fn open(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("wal_autocheckpoint", "256")
            .pragma("journal_size_limit", "16777216")
            .pragma("trusted_schema", "off")
            .pragma("cell_size_check", "on")
            .pragma("case_sensitive_like", "on")
            .disable_statement_logging();
        let mut writer = options.connect().await?;
        writer.execute(TABLE).await?;
        writer.execute(FILL).await?;
        Ok(Self { reader: options.pragma("query_only", "on").connect().await?, writer })
    }
}

impl Postgres {
    /// Tables of its own in the database that the capability has its schemas in.
    pub(super) async fn open(url: &str) -> Result<Self> {
        let mut writer = PgConnection::connect(url).await?;
        writer.execute(TABLE).await?;
        writer.execute(FILL).await?;
        Ok(Self { reader: PgConnection::connect(url).await?, writer })
    }
}
