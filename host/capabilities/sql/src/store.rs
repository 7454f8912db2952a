//! What the two implementations have in common: a server has databases, a database gives reads and transactions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fondaco_engine::{Code, Fault, ServiceName, TenantId};
use sqlx::SqlStr;

use crate::guard::{Dialect, Effect};
use crate::{Limits, Rows, Value};

/// Where databases are.
#[async_trait]
pub(crate) trait Server: Send + Sync {
    fn dialect(&self) -> Dialect;

    /// How many homes to keep at a time, and how long without use.
    fn keeps(&self) -> (u64, Duration);

    /// The database of a tenant and service, made if there is none.
    async fn open(&self, tenant: &TenantId, service: &ServiceName) -> Result<Arc<dyn Home>, Fault>;

    /// All that exist.
    async fn known(&self) -> Result<Vec<(TenantId, ServiceName)>, Fault>;

    /// A transaction in an empty database that nobody will see again.
    async fn scratch(&self, limits: &Limits) -> Result<Box<dyn Transaction>, Fault>;

    /// Whether all databases of a service are known to have these migrations.
    async fn is_settled(&self, service: &ServiceName, plan: &str) -> Result<bool, Fault>;

    /// Remembers that they have.
    async fn settle(&self, service: &ServiceName, plan: &str) -> Result<(), Fault>;

    /// Closes all connections.
    async fn close(&self);
}

/// One database.
#[async_trait]
pub(crate) trait Home: Send + Sync {
    /// Reads what was committed; on a replica where there is one and it is allowed.
    async fn read(&self, statement: &Statement<'_>, replica: bool) -> Result<Rows, Fault>;

    /// A transaction that writes, as soon as it has its turn. It may begin with its first statement.
    async fn begin(&self, terms: &Terms) -> Result<Box<dyn Transaction>, Fault>;

    /// The same for a migration: no other host migrates the same database at the same time.
    async fn begin_migration(&self, terms: &Terms) -> Result<Box<dyn Transaction>, Fault>;

    /// After a migration: prepared statements are made anew. `version` is the newest of the service's own.
    async fn migrated(&self, version: u32);

    /// Closes its connections.
    async fn close(&self);
}

/// A transaction; rolled back where it is dropped.
#[async_trait]
pub(crate) trait Transaction: Send {
    /// Runs a statement; answers its rows and how many rows it changed.
    async fn run(&mut self, statement: &Statement<'_>) -> Result<(Rows, u64), Fault>;

    /// Runs statements of a migration, `;` between them, with these rights.
    async fn batch(&mut self, text: &str, rights: Rights, until: Instant) -> Result<(), Fault>;

    /// Runs a statement that answers no rows, and commits if it succeeded; how many rows it changed.
    async fn run_and_commit(self: Box<Self>, statement: &Statement<'_>) -> Result<u64, Fault>;

    /// Commits.
    async fn commit(self: Box<Self>) -> Result<(), Fault>;
}

/// In whose name a statement runs, where the database knows names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rights {
    Service,
    Host,
}

/// A statement on its way.
pub(crate) struct Statement<'a> {
    pub(crate) text: &'a SqlStr,
    pub(crate) effect: Effect,
    pub(crate) parameters: &'a [Value],
    pub(crate) terms: Terms<'a>,
}

/// How long and how much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) limits: &'a Limits,
    /// When the call ends.
    pub(crate) deadline: Instant,
}

/// What is kept of a call's time to say that the database was busy, rather than to be cut off.
const LAST_WORDS: Duration = Duration::from_millis(20);

impl Terms<'_> {
    /// Until when a statement that begins now may run.
    pub(crate) fn until(&self) -> Instant {
        self.deadline.min(Instant::now() + self.limits.statement())
    }

    /// Until when to wait for a turn.
    pub(crate) fn patience(&self) -> Instant {
        let last = self.deadline.checked_sub(LAST_WORDS).unwrap_or(self.deadline);
        last.min(Instant::now() + self.limits.busy())
    }
}

/// Rows as they come in, within the limits of a result.
pub(crate) struct Collector<'a> {
    limits: &'a Limits,
    bytes: usize,
    pub(crate) rows: Rows,
    pub(crate) changed: u64,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(limits: &'a Limits) -> Self {
        Self { limits, bytes: 0, rows: Rows::default(), changed: 0 }
    }

    /// Takes a row; `columns` are named with the first.
    pub(crate) fn take(&mut self, columns: impl FnOnce() -> Vec<String>, row: Vec<Value>) -> Result<(), Fault> {
        if self.rows.rows.is_empty() {
            self.rows.columns = columns();
        }
        self.bytes += row.iter().map(Value::size).sum::<usize>() + size_of::<Vec<Value>>();
        let exhausted = |message| Err(Fault::new(Code::ResourceExhausted, "RESULT_TOO_BIG", message));
        if self.rows.rows.len() >= self.limits.rows {
            return exhausted(format!("the result has more than {} rows; use LIMIT", self.limits.rows));
        }
        if self.bytes > self.limits.result_bytes {
            return exhausted(format!("the result has more than {} bytes; ask for less", self.limits.result_bytes));
        }
        self.rows.rows.push(row);
        Ok(())
    }
}

/// Checks parameters against the statement and the limits, before a database sees them.
pub(crate) fn check_parameters(expected: usize, parameters: &[Value], limits: &Limits) -> Result<(), Fault> {
    let invalid = |message: String| Err(crate::fault::parameter(message));
    if parameters.len() != expected {
        return invalid(format!("the statement takes {expected} parameters, found {}", parameters.len()));
    }
    if parameters.len() > limits.parameters {
        return invalid(format!("{} parameters; at most {} are allowed", parameters.len(), limits.parameters));
    }
    let bytes: usize = parameters.iter().map(Value::size).sum();
    if bytes > limits.parameter_bytes {
        return invalid(format!("parameters of {bytes} bytes; at most {} are allowed", limits.parameter_bytes));
    }
    for (index, value) in parameters.iter().enumerate() {
        match value {
            Value::Real(real) if !real.is_finite() => {
                return invalid(format!("parameter ${} is not a finite number", index + 1));
            }
            Value::Text(text) if text.contains('\0') => {
                return invalid(format!("parameter ${} has the character NUL", index + 1));
            }
            _ => {}
        }
    }
    Ok(())
}
