//! One connection: a thread of sqlx's, with a time limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable as _};
use fondaco_engine::Fault;
use futures::TryStreamExt as _;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{Arguments as _, Column as _, ConnectOptions as _, Decode, Either, Row as _, Sqlite, SqliteConnection};
use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _, SqlStr, TypeInfo as _, ValueRef as _};

use crate::fault;
use crate::store::{Collector, Statement};
use crate::{Rows, Value};

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";

/// What runs with a statement. Each thing that is asked of the connection is two changes of thread, which cost more
/// than most statements: so a transaction begins with its first statement, and may end with its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum With {
    /// Nothing: outside of a transaction it is one by itself.
    Nothing,
    /// A transaction around it, begun here unless it is open.
    Transaction,
    /// The same, and the commit if it succeeds.
    Commit,
}

/// Instructions of SQLite's machine between two looks at the clock: some tens of microseconds.
const STEPS: i32 = 4_000;

pub(super) struct Connection {
    inner: SqliteConnection,
    clock: Arc<Clock>,
    /// Whether a transaction is open.
    open: bool,
    /// Whether its state is known. SQLite ends a transaction by itself where a statement was interrupted or found no
    /// room, and a statement that was left alone may still run.
    sound: bool,
}

/// Until when the running statement may run, in nanoseconds after `base`. Zero stops it at once.
struct Clock {
    base: Instant,
    until: AtomicU64,
}

impl Clock {
    fn set(&self, until: Instant) {
        let nanos = until.saturating_duration_since(self.base).as_nanos();
        self.until.store(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn has_time(&self) -> bool {
        self.base.elapsed() < Duration::from_nanos(self.until.load(Ordering::Relaxed))
    }
}

/// Stops the statement of a caller who has gone.
struct Stop<'a>(&'a Clock);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.until.store(0, Ordering::Relaxed);
    }
}

/// Connects. While another process makes the same new file a WAL database, SQLite says at once that it is busy, without
/// the wait that it has for everything else.
async fn connect(options: &SqliteConnectOptions, patience: Duration) -> Result<SqliteConnection, Fault> {
    let attempts = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(1))
        .with_max_delay(Duration::from_millis(50))
        .with_total_delay(Some(patience))
        .without_max_times();
    let connect = || async { options.connect().await.map_err(|error| fault::of(&error)) };
    connect.retry(attempts).sleep(tokio::time::sleep).when(|fault| fault.reason == fault::busy().reason).await
}

impl Connection {
    pub(super) async fn open(options: &SqliteConnectOptions, patience: Duration) -> Result<Self, Fault> {
        let mut inner = connect(options, patience).await?;
        let clock = Arc::new(Clock { base: Instant::now(), until: AtomicU64::new(u64::MAX) });
        {
            let mut handle = inner.lock_handle().await.map_err(|error| fault::of(&error))?;
            super::limits::set(&mut handle);
            let clock = Arc::clone(&clock);
            handle.set_progress_handler(STEPS, move || clock.has_time());
        }
        Ok(Self { inner, clock, open: false, sound: true })
    }

    /// Begins a transaction, unless one is open.
    pub(super) async fn begin(&mut self) -> Result<(), Fault> {
        if !self.open {
            self.command(BEGIN).await?;
            self.open = true;
        }
        Ok(())
    }

    /// Commits, if there is something to commit.
    pub(super) async fn commit(&mut self) -> Result<(), Fault> {
        if self.open {
            self.command(COMMIT).await?;
            self.open = false;
        }
        Ok(())
    }

    pub(super) async fn rollback(&mut self) -> Result<(), Fault> {
        if self.open {
            self.command(ROLLBACK).await?;
            self.open = false;
        }
        Ok(())
    }

    /// What changes the state of the transaction. Of one that fails, or that is left alone, nobody knows what it is.
    async fn command(&mut self, text: &'static str) -> Result<(), Fault> {
        self.sound = false;
        self.inner.execute(text).await.map_err(|error| fault::of(&error))?;
        self.sound = true;
        Ok(())
    }

    /// Whether a transaction is open.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the connection may be used again.
    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }

    pub(super) async fn run(&mut self, statement: &Statement<'_>, with: With) -> Result<(Rows, u64), Fault> {
        self.sound = false;
        let begins = with != With::Nothing && !self.open;
        let commits = with == With::Commit;
        let text = around(statement.text, begins, commits);
        let mut ended = 0;
        let answer = self.run_to_end(statement, text, &mut ended).await;
        // A thread that broke over a table that changed under its statement says no more, and that looks like the end.
        let whole = 1 + usize::from(begins) + usize::from(commits);
        let answer = if answer.is_ok() && ended < whole { Err(fault::changed()) } else { answer };
        match &answer {
            Ok(_) => (self.open, self.sound) = (with == With::Transaction, true),
            Err(fault) => {
                // Where the statement itself failed, the transaction is open; else nobody knows how far it came.
                let has_begun = ended == usize::from(begins);
                self.open |= begins;
                self.sound = has_begun && !ends_transaction(fault);
            }
        }
        answer
    }

    /// Runs `text`, which is the statement and what goes with it; `ended` is told how many came to their end.
    async fn run_to_end(
        &mut self,
        statement: &Statement<'_>,
        text: SqlStr,
        ended: &mut usize,
    ) -> Result<(Rows, u64), Fault> {
        let arguments = arguments(statement.parameters)?;
        self.clock.set(statement.terms.until());
        let _stop = Stop(&self.clock);
        let mut collector = Collector::new(statement.terms.limits);
        let mut answer = self.inner.fetch_many(sqlx::query_with(text, arguments));
        while let Some(part) = answer.try_next().await.map_err(|error| fault::of(&error))? {
            match part {
                Either::Left(done) => {
                    // Of what is no change, as a commit, SQLite says what the last change was.
                    collector.changed = done.rows_affected();
                    *ended += 1;
                }
                Either::Right(row) => collector.take(|| columns(&row), values(&row)?)?,
            }
        }
        Ok((collector.rows, collector.changed))
    }

    pub(super) async fn batch(&mut self, text: &str, until: Instant) -> Result<(), Fault> {
        self.sound = false;
        self.clock.set(until);
        let _stop = Stop(&self.clock);
        let done = self.inner.execute(sqlx::raw_sql(AssertSqlSafe(text))).await;
        let done = done.map(drop).map_err(|error| fault::of(&error));
        self.sound = !done.as_ref().is_err_and(ends_transaction);
        done
    }

    /// Forgets prepared statements, and with them what their tables looked like.
    pub(super) async fn forget(&mut self) -> Result<(), Fault> {
        sqlx::Connection::clear_cached_statements(&mut self.inner).await.map_err(|error| fault::of(&error))
    }

    pub(super) async fn close(self) {
        if let Err(error) = sqlx::Connection::close(self.inner).await {
            tracing::warn!(error = %error, "database not closed in order");
        }
    }
}

fn around(statement: &SqlStr, begins: bool, commits: bool) -> SqlStr {
    let statement = match (begins, commits) {
        (false, false) => return SqlStr::clone(statement),
        (true, false) => format!("{BEGIN};{}", statement.as_str()),
        (false, true) => format!("{};{COMMIT}", statement.as_str()),
        (true, true) => format!("{BEGIN};{};{COMMIT}", statement.as_str()),
    };
    AssertSqlSafe(statement).into_sql_str()
}

/// Whether SQLite may have rolled back on its own: <https://www.sqlite.org/lang_transaction.html>, section 3.1.
fn ends_transaction(fault: &Fault) -> bool {
    matches!(
        &*fault.reason,
        "DATABASE_FULL" | "STATEMENT_TIMEOUT" | "VALUE_TOO_BIG" | "RESULT_TOO_BIG" | "DATABASE_BUSY"
    ) || fault::is_lost(fault)
}

fn arguments(parameters: &[Value]) -> Result<SqliteArguments, Fault> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(parameters.len(), 0);
    for value in parameters {
        let added = match value {
            Value::Null => arguments.add(None::<i64>),
            Value::Boolean(value) => arguments.add(*value),
            Value::Integer(value) => arguments.add(*value),
            Value::Real(value) => arguments.add(*value),
            Value::Text(value) => arguments.add(value.as_str()),
            Value::Bytes(value) => arguments.add(value.as_slice()),
        };
        added.map_err(|error| fault::parameter(error.to_string()))?;
    }
    Ok(arguments)
}

fn columns(row: &SqliteRow) -> Vec<String> {
    row.columns().iter().map(|column| column.name().to_owned()).collect()
}

fn values(row: &SqliteRow) -> Result<Vec<Value>, Fault> {
    row.columns().iter().map(|column| value(row, column)).collect()
}

/// SQLite's values have types of their own, whatever their column says; but what is true or false only the column knows.
fn value(row: &SqliteRow, column: &sqlx::sqlite::SqliteColumn) -> Result<Value, Fault> {
    let value = row.try_get_raw(column.ordinal()).map_err(|error| fault::of(&error))?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    let decoded = match value.type_info().name() {
        "INTEGER" | "BOOLEAN" => {
            let boolean = column.type_info().name() == "BOOLEAN";
            <i64 as Decode<Sqlite>>::decode(value).map(|integer| match integer {
                0 | 1 if boolean => Value::Boolean(integer == 1),
                _ => Value::Integer(integer),
            })
        }
        "REAL" => <f64 as Decode<Sqlite>>::decode(value).map(Value::Real),
        "TEXT" => <String as Decode<Sqlite>>::decode(value).map(Value::Text),
        "BLOB" => <Vec<u8> as Decode<Sqlite>>::decode(value).map(Value::Bytes),
        other => return Err(fault::unsupported(column.name(), other)),
    };
    decoded.map_err(|_| fault::unsupported(column.name(), "text that is not UTF-8"))
}
