//! Buckets in one SQLite file: a write is on disk before it is answered.
//!
//! Triggers count each tenant's keys and bytes inside of the transaction that changes them, so the count can't drift
//! from what is there, whatever is killed when.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fondaco_engine::Fault;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};

use super::{Change, Page, Store, page, settled};
use crate::config::Quota;
use crate::names::{Bucket, Key};
use crate::{PAGE, faults};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS entries (
    tenant TEXT NOT NULL, service TEXT NOT NULL, bucket TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
    UNIQUE (tenant, service, bucket, key)
) STRICT;
CREATE TABLE IF NOT EXISTS usage (
    tenant TEXT PRIMARY KEY, keys INTEGER NOT NULL, bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS entries_insert AFTER INSERT ON entries BEGIN
    INSERT INTO usage (tenant, keys, bytes)
        VALUES (new.tenant, 1, length(CAST(new.key AS BLOB)) + length(new.value))
        ON CONFLICT (tenant) DO UPDATE SET keys = keys + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER IF NOT EXISTS entries_update AFTER UPDATE OF value ON entries BEGIN
    UPDATE usage SET bytes = bytes + length(new.value) - length(old.value) WHERE tenant = new.tenant;
END;
CREATE TRIGGER IF NOT EXISTS entries_delete AFTER DELETE ON entries BEGIN
    UPDATE usage SET keys = keys - 1, bytes = bytes - length(CAST(old.key AS BLOB)) - length(old.value)
        WHERE tenant = old.tenant;
END;";

const GET: &str = "SELECT value FROM entries WHERE tenant = $1 AND service = $2 AND bucket = $3 AND key = $4";
const EXISTS: &str = "SELECT 1 FROM entries WHERE tenant = $1 AND service = $2 AND bucket = $3 AND key = $4";
const KEYS: &str = "SELECT key FROM entries WHERE tenant = $1 AND service = $2 AND bucket = $3 AND key > $4 \
     ORDER BY key LIMIT $5";
const SET: &str = "INSERT INTO entries (tenant, service, bucket, key, value) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (tenant, service, bucket, key) DO UPDATE SET value = excluded.value";
const DELETE: &str = "DELETE FROM entries WHERE tenant = $1 AND service = $2 AND bucket = $3 AND key = $4";
const USAGE: &str = "SELECT keys, bytes FROM usage WHERE tenant = $1";

/// Readers at a time.
const READERS: u32 = 4;
/// How long a statement waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Buckets in one SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    /// One connection: SQLite has one writer, and those who wait for it wait in order here.
    writer: SqlitePool,
    readers: SqlitePool,
    quota: Quota,
}

impl SqliteStore {
    /// Opens the file, makes it if it is not there.
    pub async fn open(file: &Path, quota: Quota) -> Result<Self, Fault> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE);
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
        let writer = pool(1).connect_with(options.clone()).await.map_err(|error| failed(&error))?;
        sqlx::raw_sql(SCHEMA).execute(&writer).await.map_err(|error| failed(&error))?;
        let readers = pool(READERS).connect_lazy_with(options.read_only(true));
        Ok(Self { writer, readers, quota })
    }

    async fn begin(&self) -> Result<Transaction<'_, Sqlite>, Fault> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(|error| failed(&error))
    }

    /// Commits if the tenant holds no more than it may.
    async fn commit(&self, mut work: Transaction<'_, Sqlite>, bucket: &Bucket, grew: bool) -> Result<(), Fault> {
        if grew {
            let usage: Option<(i64, i64)> = sqlx::query_as(USAGE)
                .bind(bucket.scope.tenant.as_str())
                .fetch_optional(&mut *work)
                .await
                .map_err(|error| failed(&error))?;
            let (keys, bytes) = usage.unwrap_or_default();
            let above = |held: i64, most: u64| u64::try_from(held).is_ok_and(|held| held > most);
            if above(keys, self.quota.keys) || above(bytes, self.quota.bytes) {
                // Dropped, and so rolled back.
                return Err(faults::over_quota(self.quota));
            }
        }
        work.commit().await.map_err(|error| failed(&error))
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn get_many(&self, bucket: &Bucket, keys: &[Key]) -> Result<Vec<Option<Bytes>>, Fault> {
        let mut connection = self.readers.acquire().await.map_err(|error| failed(&error))?;
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            values.push(current(&mut connection, bucket, key).await?);
        }
        Ok(values)
    }

    async fn exists(&self, bucket: &Bucket, key: &Key) -> Result<bool, Fault> {
        let found = of(sqlx::query(EXISTS), bucket).bind(key.as_str()).fetch_optional(&self.readers).await;
        Ok(found.map_err(|error| failed(&error))?.is_some())
    }

    async fn keys(&self, bucket: &Bucket, after: Option<&str>) -> Result<Page, Fault> {
        let keys: Vec<String> = sqlx::query_scalar(KEYS)
            .bind(bucket.scope.tenant.as_str())
            .bind(bucket.scope.service.as_str())
            .bind(bucket.name.to_string())
            .bind(after.unwrap_or_default())
            .bind(i64::try_from(PAGE + 1).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await
            .map_err(|error| failed(&error))?;
        Ok(page(keys))
    }

    async fn write(&self, bucket: &Bucket, changes: &[Change]) -> Result<(), Fault> {
        let mut work = self.begin().await?;
        let mut grew = false;
        for change in settled(changes) {
            if let Some(value) = &change.value {
                set(&mut work, bucket, &change.key, value).await?;
                grew = true;
            } else {
                let done = of(sqlx::query(DELETE), bucket).bind(change.key.as_str()).execute(&mut *work).await;
                done.map_err(|error| failed(&error))?;
            }
        }
        self.commit(work, bucket, grew).await
    }

    async fn increment(&self, bucket: &Bucket, key: &Key, delta: i64) -> Result<i64, Fault> {
        let mut work = self.begin().await?;
        let number = match current(&mut work, bucket, key).await? {
            Some(value) => number(&value).ok_or_else(faults::not_a_number)?,
            None => 0,
        };
        let sum = number.checked_add(delta).ok_or_else(faults::out_of_range)?;
        set(&mut work, bucket, key, sum.to_string().as_bytes()).await?;
        self.commit(work, bucket, true).await?;
        Ok(sum)
    }

    async fn swap(&self, bucket: &Bucket, key: &Key, expected: Option<&Bytes>, value: &Bytes) -> Result<bool, Fault> {
        let mut work = self.begin().await?;
        if current(&mut work, bucket, key).await?.as_ref() != expected {
            return Ok(false);
        }
        set(&mut work, bucket, key, value).await?;
        self.commit(work, bucket, true).await?;
        Ok(true)
    }
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;

/// The parameters that every statement begins with.
fn of<'q>(query: Query<'q>, bucket: &'q Bucket) -> Query<'q> {
    query.bind(bucket.scope.tenant.as_str()).bind(bucket.scope.service.as_str()).bind(bucket.name.to_string())
}

async fn current(connection: &mut sqlx::SqliteConnection, bucket: &Bucket, key: &Key) -> Result<Option<Bytes>, Fault> {
    let value: Option<Vec<u8>> = sqlx::query_scalar(GET)
        .bind(bucket.scope.tenant.as_str())
        .bind(bucket.scope.service.as_str())
        .bind(bucket.name.to_string())
        .bind(key.as_str())
        .fetch_optional(connection)
        .await
        .map_err(|error| failed(&error))?;
    Ok(value.map(Bytes::from))
}

async fn set(connection: &mut sqlx::SqliteConnection, bucket: &Bucket, key: &Key, value: &[u8]) -> Result<(), Fault> {
    let done = of(sqlx::query(SET), bucket).bind(key.as_str()).bind(value).execute(connection).await;
    done.map(|_| ()).map_err(|error| failed(&error))
}

/// The number that a value is the shortest text of, as Redis reads it: no sign in front, no zeros, no spaces.
fn number(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let number = i64::from_str(text).ok()?;
    (number.to_string() == text).then_some(number)
}

fn failed(error: &sqlx::Error) -> Fault {
    faults::broken(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_text_is_a_number() {
        for (text, expected) in [("0", Some(0)), ("-7", Some(-7)), ("9223372036854775807", Some(i64::MAX))] {
            assert_eq!(number(text.as_bytes()), expected);
        }
        for bad in ["", "+1", "01", "-0", " 1", "1.0", "9223372036854775808", "x"] {
            assert_eq!(number(bad.as_bytes()), None, "{bad}");
        }
    }
}
