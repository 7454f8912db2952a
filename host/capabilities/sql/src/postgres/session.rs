//! A connection, and for whom it is set up.
//!
//! Role, search path and limits are set for the session, so that a read on a connection that is set up already is one
//! message there and one back. Whoever comes for another place sets everything anew, in one message: also what nobody
//! should have been able to change. Why, and what it costs: `docs/decisions/0013-sessions-remember-their-place.md`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fondaco_engine::Fault;
use futures::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, Either, Executor as _, PgConnection};
use tokio::time::timeout;

use super::names::Names;
use super::values::{self, ParameterTypes};
use crate::store::{Collector, Statement};
use crate::{Rows, fault};

/// Milliseconds after which the server notices, in the middle of a statement, that nobody waits for it any more.
const CHECK_MS: u64 = 200;

/// As `DISCARD ALL`, but prepared statements stay, which are nobody's: each call runs them by its own role and path.
const CLEAN: &str = "RESET SESSION AUTHORIZATION; RESET ALL; CLOSE ALL; UNLISTEN *; DISCARD TEMP; DISCARD SEQUENCES";

/// Whose rights and tables a session has, and how long its statements may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The schema and its role; none where the host is at work for itself.
    pub(super) names: Option<Arc<Names>>,
    /// Milliseconds that a statement may run.
    pub(super) statement_ms: u64,
}

impl Place {
    /// The host's own. Its statements name schemas themselves.
    pub(super) const fn host(statement_ms: u64) -> Self {
        Self { names: None, statement_ms }
    }

    /// Sets up a session, whatever it was before. Names are ours and have no quotes.
    fn set_up(&self) -> String {
        let (path, role) = match &self.names {
            Some(names) => (format!("\"{}\", pg_temp", names.schema), names.role.as_str()),
            None => ("pg_catalog, pg_temp".to_owned(), "none"),
        };
        let statement = self.statement_ms.max(1);
        let lock = lock_ms(statement);
        format!(
            "{CLEAN}; SELECT pg_advisory_unlock_all(), set_config('default_transaction_read_only', 'on', false), \
             set_config('statement_timeout', '{statement}', false), set_config('lock_timeout', '{lock}', false), \
             set_config('client_connection_check_interval', '{CHECK_MS}', false), \
             set_config('search_path', '{path}', false), set_config('role', '{role}', false)"
        )
    }
}

/// A little less than a statement may take, so that it is said who was in the way.
fn lock_ms(statement_ms: u64) -> u64 {
    (statement_ms - statement_ms / 10).max(1)
}

pub(super) struct Session {
    connection: PgConnection,
    /// For whom it is set up; none where that is not known.
    place: Option<Place>,
    /// Whether nothing is under way on it, and it may be used again.
    settled: bool,
    born: Instant,
    /// When it was last given back.
    used: Instant,
}

impl Session {
    pub(super) fn new(connection: PgConnection) -> Self {
        let now = Instant::now();
        Self { connection, place: None, settled: true, born: now, used: now }
    }

    /// Whether it has the rights and tables of that place.
    pub(super) fn is_at(&self, place: &Place) -> bool {
        self.place.as_ref().is_some_and(|own| own.names == place.names)
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }

    pub(super) fn touch(&mut self) {
        self.used = Instant::now();
    }

    /// Whether it has lived or slept for too long.
    pub(super) fn is_stale(&self, life: Duration, sleep: Duration) -> bool {
        self.born.elapsed() >= life || self.used.elapsed() >= sleep
    }

    /// Told in order, so that the server does not note a lost client.
    pub(super) async fn close(self, within: Duration) {
        let _ = timeout(within, self.connection.close()).await;
    }

    /// Reads what was committed: one way there and back, two where the session was somebody else's.
    pub(super) async fn read(
        &mut self,
        place: &Place,
        prefix: &str,
        types: &Arc<ParameterTypes>,
        statement: &Statement<'_>,
    ) -> Result<Rows, Fault> {
        if self.place.as_ref() != Some(place) {
            self.place = None;
            self.execute(place.set_up()).await.inspect_err(|_| self.settled = false)?;
            self.place = Some(place.clone());
        }
        self.run(prefix, types, statement).await.map(|(rows, _)| rows)
    }

    /// Begins a transaction that writes, all in one message: it costs one way there and back, whoever was here before.
    pub(super) async fn begin(&mut self, place: &Place, until: Instant) -> Result<(), Fault> {
        let begun = if self.is_at(place) {
            self.execute(beginning(place.statement_ms, until)).await
        } else {
            self.place = None;
            // A transaction of its own, which stays when the one that follows is rolled back.
            let set_up = place.set_up();
            self.execute(format!("BEGIN; {set_up}; COMMIT; {}", beginning(place.statement_ms, until))).await
        };
        begun.inspect_err(|_| self.settled = false)?;
        if self.place.is_none() {
            self.place = Some(place.clone());
        }
        Ok(())
    }

    /// Runs a statement of which `prefix` says for which tables it was prepared.
    pub(super) async fn run(
        &mut self,
        prefix: &str,
        types: &Arc<ParameterTypes>,
        statement: &Statement<'_>,
    ) -> Result<(Rows, u64), Fault> {
        let text: Arc<str> = Arc::from(format!("{prefix}{}", statement.text.as_str()));
        self.settled = false;
        let types = types.of(&mut self.connection, &text, statement.parameters.len()).await;
        self.settled = !types.as_ref().is_err_and(fault::is_lost);
        let arguments = values::arguments(&types?, statement.parameters)?;
        self.settled = false;
        let mut collector = Collector::new(statement.terms.limits);
        let mut answer = self.connection.fetch_many(sqlx::query_with(AssertSqlSafe(text), arguments));
        // What the limits break off is still on its way here, all of it: then it stays unsettled.
        loop {
            match answer.try_next().await {
                Ok(None) => break,
                Ok(Some(Either::Left(done))) => collector.changed += done.rows_affected(),
                Ok(Some(Either::Right(row))) => collector.take(|| values::columns(&row), values::row(&row)?)?,
                Err(error) => {
                    let fault = fault::of(&error);
                    self.settled = is_ended(&error, &fault);
                    return Err(fault);
                }
            }
        }
        self.settled = true;
        Ok((collector.rows, collector.changed))
    }

    /// Runs statements of ours, `;` between them.
    pub(super) async fn execute(&mut self, text: String) -> Result<(), Fault> {
        self.settled = false;
        let done = self.connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await;
        match done {
            Ok(_) => {
                self.settled = true;
                Ok(())
            }
            Err(error) => {
                let fault = fault::of(&error);
                self.settled = is_ended(&error, &fault);
                Err(fault)
            }
        }
    }
}

/// Whether the server ended a statement by its own word, and goes on.
fn is_ended(error: &sqlx::Error, fault: &Fault) -> bool {
    matches!(error, sqlx::Error::Database(_)) && !fault::is_lost(fault)
}

/// The limits are the transaction's; what else it is comes from the session.
fn beginning(statement_ms: u64, until: Instant) -> String {
    let left = until.saturating_duration_since(Instant::now()).as_millis();
    let left = u64::try_from(left).unwrap_or(u64::MAX).clamp(1, 86_400_000);
    let statement = statement_ms.min(left).max(1);
    let lock = lock_ms(statement);
    let idle = left.saturating_add(1_000);
    // The same as SET LOCAL of each, but read and planned once.
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT set_config('statement_timeout', '{statement}', true), \
         set_config('lock_timeout', '{lock}', true), set_config('idle_in_transaction_session_timeout', '{idle}', true)"
    )
}
