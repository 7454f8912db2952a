//! SQLite: one writer, a few readers, both in WAL mode.
//!
//! A writer begins with `BEGIN IMMEDIATE`: a transaction that reads first and then wants to write
//! would get `SQLITE_BUSY` at once when another process wrote in between. Readers cannot write
//! (`query_only`) and see the last commit. `synchronous=FULL` makes a commit durable before it
//! returns; changes here are rare, so its price does not matter.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Sqlite, Transaction};

use crate::error::Error;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// How long to wait for another process (the CLI, a backup) that writes.
const BUSY: Duration = Duration::from_secs(10);
const READERS: u32 = 4;

#[derive(Clone, Debug)]
pub(crate) struct Database {
    writer: SqlitePool,
    readers: SqlitePool,
    options: SqliteConnectOptions,
}

impl Database {
    pub(crate) async fn open(folder: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("registry.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            // Lets triggers see the deletion inside of INSERT OR REPLACE.
            .pragma("recursive_triggers", "on")
            .pragma("trusted_schema", "off");
        // Two processes may begin on an empty folder at once; SQLite has no lock for a whole migration.
        let _migrating = lock(folder).await?;
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await?;
        MIGRATIONS.run(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.clone().pragma("query_only", "on"))
            .await?;
        Ok(Self { writer, readers, options })
    }

    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    pub(crate) fn read(&self) -> &SqlitePool {
        &self.readers
    }

    /// Several reads that see one and the same state.
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        Ok(self.readers.begin().await?)
    }

    /// A connection of one's own, for `PRAGMA data_version`, which compares with what the same
    /// connection saw before.
    pub(crate) async fn watcher(&self) -> Result<SqliteConnection, Error> {
        Ok(self.options.clone().pragma("query_only", "on").connect().await?)
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

async fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("migrate.lock");
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::create(&path).map_err(Error::io(&path))?;
        file.lock().map_err(Error::io(&path))?;
        Ok(file)
    });
    locked.await.unwrap_or_else(|stopped| Err(Error::io(folder)(std::io::Error::other(stopped))))
}

/// Makes the data folder, for this user only: it holds merchants' code and hashes of keys.
pub(crate) fn make_folder(folder: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::io(folder))
}
