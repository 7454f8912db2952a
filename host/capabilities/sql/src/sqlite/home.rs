//! One file: the connection that writes, those that read, and whose turn it is.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fondaco_engine::Fault;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard, Semaphore};
use tokio::time::timeout_at;

use super::connection::{Connection, With};
use crate::fault;
use crate::store::{Home, Rights, Statement, Terms, Transaction};
use crate::{EmbeddedConfig, Limits, Rows};

/// Bytes of a page of a new file.
const PAGE: u64 = 4_096;

/// Statements that each connection keeps prepared.
const STATEMENTS: usize = 128;

pub(super) struct SqliteHome {
    options: SqliteConnectOptions,
    writer: Arc<Turns<Option<Connection>>>,
    readers: Readers,
}

/// Connections that read: so many at a time, made when needed.
struct Readers {
    options: SqliteConnectOptions,
    turns: Semaphore,
    idle: Mutex<Vec<Connection>>,
    /// Counts migrations: a connection that is older is not used again.
    epoch: AtomicU64,
}

impl SqliteHome {
    pub(super) fn new(file: PathBuf, config: &EmbeddedConfig, limits: &Limits) -> Self {
        let options = options(limits)
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // The log goes back to its start after a MiB, and what is written over needs no new room: a commit that made
            // the file longer would be two writes to the disk and more. Ten thousand tenants' logs are smaller too.
            .pragma("wal_autocheckpoint", "256")
            // After a big transaction the log shrinks again.
            .pragma("journal_size_limit", "16777216");
        let readers = Readers {
            options: options.clone().pragma("query_only", "on"),
            turns: Semaphore::new(config.readers.max(1) as usize),
            idle: Mutex::default(),
            epoch: AtomicU64::new(0),
        };
        let options = options.pragma("max_page_count", (limits.database_bytes / PAGE).max(64).to_string());
        Self { options, writer: Arc::default(), readers }
    }

    async fn lock(&self, terms: &Terms<'_>) -> Result<OwnedMutexGuard<Option<Connection>>, Fault> {
        let turn = Arc::clone(&self.writer).lock_owned();
        let mut writer = timeout_at(terms.patience().into(), turn).await.map_err(|_| fault::busy())?;
        if writer.is_none() {
            *writer = Some(Connection::open(&self.options, left(terms)).await?);
        }
        Ok(writer)
    }
}

#[async_trait]
impl Home for SqliteHome {
    async fn read(&self, statement: &Statement<'_>, _replica: bool) -> Result<Rows, Fault> {
        let turn = timeout_at(statement.terms.patience().into(), self.readers.turns.acquire()).await;
        let _turn = turn.map_err(|_| fault::busy())?.map_err(|_| fault::unavailable())?;
        let epoch = self.readers.epoch.load(Ordering::Acquire);
        let idle = self.readers.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::open(&self.readers.options, left(&statement.terms)).await?,
        };
        let answer = connection.run(statement, With::Nothing).await;
        if connection.is_sound() && epoch == self.readers.epoch.load(Ordering::Acquire) {
            self.readers.idle().push(connection);
        }
        answer.map(|(rows, _)| rows)
    }

    async fn begin(&self, terms: &Terms) -> Result<Box<dyn Transaction>, Fault> {
        Ok(Box::new(Writing::new(self.lock(terms).await?, false)))
    }

    async fn begin_migration(&self, terms: &Terms) -> Result<Box<dyn Transaction>, Fault> {
        // SQLite has one writer over all processes: from the first statement on no other migrates.
        Ok(Box::new(Writing::new(self.lock(terms).await?, true)))
    }

    async fn migrated(&self, _version: u32) {
        self.readers.epoch.fetch_add(1, Ordering::AcqRel);
        self.readers.idle().clear();
    }

    async fn close(&self) {
        self.readers.epoch.fetch_add(1, Ordering::AcqRel);
        let readers = std::mem::take(&mut *self.readers.idle());
        for reader in readers {
            reader.close().await;
        }
        if let Some(writer) = self.writer.lock().await.take() {
            writer.close().await;
        }
    }
}

impl Readers {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the call may still wait.
fn left(terms: &Terms<'_>) -> Duration {
    terms.patience().saturating_duration_since(Instant::now())
}

/// What both kinds of connections have.
fn options(limits: &Limits) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .foreign_keys(true)
        .busy_timeout(limits.busy())
        .statement_cache_capacity(STATEMENTS)
        // What a statement's answer may run ahead of its reader.
        .row_buffer_size(64)
        .pragma("trusted_schema", "off")
        .pragma("cell_size_check", "on")
        // As PostgreSQL compares.
        .pragma("case_sensitive_like", "on")
        .disable_statement_logging()
}

/// An empty database in memory, with a transaction in it.
pub(super) async fn scratch(limits: &Limits) -> Result<Box<dyn Transaction>, Fault> {
    let connection = Connection::open(&options(limits).in_memory(true), limits.busy()).await?;
    let turn = Arc::new(Turns::new(Some(connection))).lock_owned().await;
    Ok(Box::new(Writing::new(turn, false)))
}

type Turn = OwnedMutexGuard<Option<Connection>>;

/// A transaction, which begins with its first statement. Whoever waits for the connection gets it when this is dropped
/// and what is left of it was rolled back.
struct Writing {
    /// `None` only after its end.
    turn: Option<Turn>,
    /// Whether prepared statements are to be forgotten afterwards, because tables change.
    forget: bool,
}

impl Writing {
    fn new(turn: Turn, forget: bool) -> Self {
        Self { turn: Some(turn), forget }
    }

    fn connection(&mut self) -> Result<&mut Connection, Fault> {
        self.turn.as_mut().and_then(|turn| turn.as_mut()).ok_or_else(fault::unavailable)
    }
}

#[async_trait]
impl Transaction for Writing {
    async fn run(&mut self, statement: &Statement<'_>) -> Result<(Rows, u64), Fault> {
        self.connection()?.run(statement, With::Transaction).await
    }

    async fn batch(&mut self, text: &str, _rights: Rights, until: Instant) -> Result<(), Fault> {
        self.connection()?.begin().await?;
        self.connection()?.batch(text, until).await
    }

    async fn run_and_commit(mut self: Box<Self>, statement: &Statement<'_>) -> Result<u64, Fault> {
        let (_, changed) = self.connection()?.run(statement, With::Commit).await?;
        Ok(changed)
    }

    async fn commit(mut self: Box<Self>) -> Result<(), Fault> {
        self.connection()?.commit().await?;
        if self.forget {
            self.connection()?.forget().await?;
        }
        Ok(())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let Some(mut turn) = self.turn.take() else { return };
        match turn.as_ref() {
            Some(connection) if connection.is_sound() && !connection.is_open() => return,
            Some(connection) if connection.is_sound() => {
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(roll_back(turn));
                    return;
                }
            }
            _ => {}
        }
        // It ends its statement at once, and its transaction with it; the next one begins with a new one.
        *turn = None;
    }
}

async fn roll_back(mut turn: Turn) {
    if let Some(connection) = turn.as_mut()
        && connection.rollback().await.is_err()
    {
        *turn = None;
    }
}
