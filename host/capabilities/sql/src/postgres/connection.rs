//! A connection with a transaction in it.

use std::sync::Arc;
use std::time::Instant;

use fondaco_engine::Fault;
use futures::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Either, Executor as _, Postgres, SqlSafeStr as _};
use sqlx_core::transaction::TransactionManager;

use super::names::Names;
use super::pool::{Pool, Shard};
use super::values::{self, ParameterTypes};
use crate::store::{Collector, Rights, Statement};
use crate::{Rows, fault};

type Manager = <Postgres as sqlx::Database>::TransactionManager;

/// A transaction that is open. Dropped, it is rolled back; what is not known to be in order is closed.
pub(super) struct Open {
    connection: PoolConnection<Postgres>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Something is under way of which the outcome is not known.
    Doubtful,
    Open,
    Done,
}

impl Drop for Open {
    fn drop(&mut self) {
        match self.state {
            State::Open => Manager::start_rollback(&mut self.connection),
            State::Doubtful => self.connection.close_on_drop(),
            State::Done => {}
        }
    }
}

/// How a transaction begins.
pub(super) struct Beginning<'a> {
    pub(super) names: Option<&'a Names>,
    pub(super) writes: bool,
    /// When its call ends.
    pub(super) until: Instant,
    /// Milliseconds that a statement may run.
    pub(super) statement_ms: u64,
}

impl Beginning<'_> {
    /// All in one message: a transaction costs one way there and back to begin. Names are ours and have no quotes.
    fn text(&self) -> String {
        let left = self.until.saturating_duration_since(Instant::now()).as_millis();
        let left = u64::try_from(left).unwrap_or(u64::MAX).clamp(1, 86_400_000);
        let statement = self.statement_ms.min(left).max(1);
        // A little less, so that it is said who was in the way.
        let lock = (statement - statement / 10).max(1);
        let mode = if self.writes { "READ WRITE" } else { "READ ONLY" };
        let idle = left.saturating_add(1_000);
        let place = match self.names {
            Some(Names { schema, role }) => format!(
                ", set_config('search_path', '\"{schema}\", pg_temp', true), set_config('role', '{role}', true)"
            ),
            None => String::new(),
        };
        // The same as SET LOCAL of each, but read and planned once.
        format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED {mode}; SELECT set_config('statement_timeout', '{statement}', true), \
             set_config('lock_timeout', '{lock}', true), \
             set_config('idle_in_transaction_session_timeout', '{idle}', true){place}"
        )
    }
}

impl Open {
    /// Begins on a connection of the pool's. Connections that died in their sleep are passed over.
    pub(super) async fn begin(pool: &Pool, beginning: &Beginning<'_>, wait: Instant) -> Result<Self, Fault> {
        let mut left = pool.attempts();
        loop {
            let mut open = Self { connection: pool.acquire(wait).await?, state: State::Doubtful };
            let text = AssertSqlSafe(beginning.text()).into_sql_str();
            let Err(error) = Manager::begin(&mut open.connection, Some(text)).await else {
                open.state = State::Open;
                return Ok(open);
            };
            let fault = fault::of(&error);
            left = left.saturating_sub(1);
            if !fault::is_lost(&fault) || left == 0 {
                return Err(fault);
            }
            drop(open);
            pool.probe().await?;
        }
    }

    pub(super) async fn commit(&mut self) -> Result<(), Fault> {
        self.state = State::Doubtful;
        Manager::commit(&mut self.connection).await.map_err(|error| fault::of(&error))?;
        self.state = State::Done;
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
        let answer = self.run_text(&text, types, statement).await;
        // What the limits broke off is still on its way here, all of it.
        let broken_off = |fault: &Fault| fault::is_lost(fault) || fault.reason == "RESULT_TOO_BIG";
        if answer.as_ref().is_err_and(broken_off) {
            self.state = State::Doubtful;
        }
        answer
    }

    async fn run_text(
        &mut self,
        text: &Arc<str>,
        types: &Arc<ParameterTypes>,
        statement: &Statement<'_>,
    ) -> Result<(Rows, u64), Fault> {
        let types = types.of(&mut self.connection, text, statement.parameters.len()).await?;
        let arguments = values::arguments(&types, statement.parameters)?;
        let mut collector = Collector::new(statement.terms.limits);
        let query = sqlx::query_with(AssertSqlSafe(Arc::clone(text)), arguments);
        let mut answer = self.connection.fetch_many(query);
        while let Some(part) = answer.try_next().await.map_err(|error| fault::of(&error))? {
            match part {
                Either::Left(done) => collector.changed += done.rows_affected(),
                Either::Right(row) => collector.take(|| values::columns(&row), values::row(&row)?)?,
            }
        }
        Ok((collector.rows, collector.changed))
    }

    /// Runs statements of ours as the host or as the schema's owner.
    pub(super) async fn batch(&mut self, text: &str, rights: Rights, names: &Names) -> Result<(), Fault> {
        let role = match rights {
            Rights::Host => "RESET ROLE".to_owned(),
            Rights::Service => format!("SET LOCAL ROLE \"{}\"", names.role),
        };
        self.execute(role).await?;
        self.execute(text.to_owned()).await
    }

    pub(super) async fn execute(&mut self, text: String) -> Result<(), Fault> {
        let done = self.connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await;
        done.map(drop).map_err(|error| fault::of(&error))
    }
}

/// Takes from everybody what PostgreSQL gives to everybody: to make tables in `public`, and temporary ones. Needs the
/// database's owner; where the host is not, its operator should do it.
pub(super) async fn close_off(shard: &Shard) -> Result<(), Fault> {
    let until = Instant::now() + std::time::Duration::from_secs(10);
    let beginning = Beginning { names: None, writes: true, until, statement_ms: 10_000 };
    let mut open = Open::begin(&shard.primary, &beginning, until).await?;
    let database = shard.database.replace('"', "\"\"");
    // Hosts that start together would change the same rows at once.
    let text = format!(
        "SELECT pg_advisory_xact_lock(4702111234474983745); REVOKE ALL ON SCHEMA public FROM PUBLIC; \
         REVOKE TEMPORARY ON DATABASE \"{database}\" FROM PUBLIC"
    );
    match open.execute(text).await {
        Ok(()) => open.commit().await,
        Err(fault) if fault::is_lost(&fault) => Err(fault),
        Err(fault) => {
            tracing::warn!(shard = shard.name, %fault, "cannot take rights on `public` and temporary tables from all");
            Ok(())
        }
    }
}
