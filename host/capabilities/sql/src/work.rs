//! The unit of work.

use std::sync::Arc;
use std::time::Instant;

use fondaco_engine::{Code, Fault, ServiceState};
use sqlx::{SqlSafeStr as _, SqlStr};
use tokio::sync::OwnedSemaphorePermit;

use crate::glue::Granted;
use crate::guard::{Checked, Effect};
use crate::store::{Home, Statement, Terms, Transaction, check_parameters};
use crate::{Databases, Rows, Value, fault};

/// An open transaction. Dropped without a commit, it is rolled back.
///
/// After a statement that the database refused nothing more runs and nothing is committed (`WORK_FAILED`): PostgreSQL
/// is like that, and so SQLite is here.
pub struct Work {
    transaction: Box<dyn Transaction>,
    // The order of the fields is that of their end: first the transaction, then what it needs.
    _home: Arc<dyn Home>,
    databases: Databases,
    deadline: Instant,
    failed: Option<String>,
    last: Vec<Last>,
    on_commit: Vec<Box<dyn FnOnce() + Send>>,
    _permit: OwnedSemaphorePermit,
}

/// A statement of the host's own that runs when the unit of work is committed.
struct Last {
    text: SqlStr,
    parameters: Vec<Value>,
    /// The fault where a row with this key is there already.
    taken: Option<Fault>,
}

impl Last {
    fn fault(&mut self, fault: Fault) -> Fault {
        if fault.reason == fault::UNIQUE_VIOLATION { self.taken.take().unwrap_or(fault) } else { fault }
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").field("failed", &self.failed).finish_non_exhaustive()
    }
}

impl Work {
    pub(crate) fn new(
        transaction: Box<dyn Transaction>,
        home: Arc<dyn Home>,
        databases: Databases,
        deadline: Instant,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let (failed, last, on_commit) = (None, Vec::new(), Vec::new());
        Self { transaction, _home: home, databases, deadline, failed, last, on_commit, _permit: permit }
    }

    /// The unit of work of the running call, begun if there is none yet. Fault `READ_ONLY` where the manifest says that
    /// the running function only reads.
    ///
    /// What comes from here is committed or rolled back at the call's end by the unit-of-work extension; the caller has
    /// nothing to do. `databases` are the host's, for services that have no grant for `sql` itself.
    pub async fn of<'a>(state: &'a mut ServiceState, databases: &Databases) -> Result<&'a mut Work, Fault> {
        if state.part::<Self>().is_none() {
            if state.read_only() {
                return Err(fault::read_only());
            }
            let granted = state.prepared::<Granted>();
            let (tenant, deadline) = (state.call().tenant.clone(), state.call().deadline);
            let service = state.service().clone();
            let database = databases.of(&tenant, &service).await?;
            if let Some(granted) = granted {
                database.migrate(&granted.migrations).await?;
            }
            let work = database.begin(deadline).await?;
            state.set_part(work);
        }
        state.part_mut::<Self>().ok_or_else(|| Fault::internal("a unit of work is gone"))
    }

    /// A statement of the host's own: not checked, over any table, parameters `$1`. Answers how many rows it changed.
    pub async fn execute_internal(&mut self, statement: &'static str, parameters: &[Value]) -> Result<u64, Fault> {
        let (_, changed) = self.run(&statement.into_sql_str(), Effect::Delete, parameters).await?;
        Ok(changed)
    }

    /// The same, when the unit of work is committed and not before; what it changed nobody asks. It costs next to
    /// nothing then, for it goes to the database together with the commit.
    ///
    /// `taken` is the commit's fault where the statement would write a second row with the same key.
    pub fn execute_last(&mut self, statement: &'static str, parameters: Vec<Value>, taken: Option<Fault>) {
        self.last.push(Last { text: statement.into_sql_str(), parameters, taken });
    }

    /// The same for statements that answer rows: `SELECT`, or `RETURNING`.
    pub async fn query_internal(&mut self, statement: &'static str, parameters: &[Value]) -> Result<Rows, Fault> {
        let (rows, _) = self.run(&statement.into_sql_str(), Effect::Delete, parameters).await?;
        Ok(rows)
    }

    /// A statement of a service's: checked. Answers how many rows it changed.
    pub async fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<u64, Fault> {
        let checked = self.databases.guard().check(statement).await?;
        let (_, changed) = self.run_checked(&checked, parameters).await?;
        Ok(changed)
    }

    /// The same for statements that answer rows. They see what this unit of work has written.
    pub async fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Rows, Fault> {
        let checked = self.databases.guard().check(statement).await?;
        let (rows, _) = self.run_checked(&checked, parameters).await?;
        Ok(rows)
    }

    pub(crate) async fn run_checked(&mut self, checked: &Checked, parameters: &[Value]) -> Result<(Rows, u64), Fault> {
        check_parameters(checked.parameters, parameters, self.databases.limits())?;
        self.run(&checked.text, checked.effect, parameters).await
    }

    async fn run(&mut self, text: &SqlStr, effect: Effect, parameters: &[Value]) -> Result<(Rows, u64), Fault> {
        self.check_not_failed()?;
        let terms = Terms { limits: self.databases.limits(), deadline: self.deadline };
        let statement = Statement { text, effect, parameters, terms };
        // A caller who goes away in the middle leaves a statement behind of which nobody knows how it ended.
        self.failed = Some("UNFINISHED".to_owned());
        let answer = self.transaction.run(&statement).await;
        self.failed = answer.as_ref().err().map(|fault| fault.reason.clone().into_owned());
        answer
    }

    fn check_not_failed(&self) -> Result<(), Fault> {
        let Some(reason) = &self.failed else { return Ok(()) };
        let message = format!(
            "an earlier statement of this unit of work failed ({reason}), so nothing of it can be kept; answer its \
             fault, or avoid it by ON CONFLICT and the like"
        );
        Err(Fault::new(Code::Aborted, "WORK_FAILED", message).with("cause", reason.as_str()))
    }

    /// What to do once it is committed, at once and without waiting: waking somebody, for instance. Not run where it is
    /// rolled back, nor where the host ends in between.
    pub fn on_commit(&mut self, notify: impl FnOnce() + Send + 'static) {
        self.on_commit.push(Box::new(notify));
    }

    /// Runs what [`execute_last`](Self::execute_last) was given and commits, then does what
    /// [`on_commit`](Self::on_commit) was given.
    pub async fn commit(mut self) -> Result<(), Fault> {
        if let Some(last) = self.last.pop() {
            return self.commit_after(last).await.map(drop);
        }
        self.check_not_failed()?;
        self.transaction.commit().await?;
        notify(self.on_commit);
        Ok(())
    }

    /// The same with one more statement at the end; how many rows that one changed.
    pub async fn commit_with(self, statement: &'static str, parameters: Vec<Value>) -> Result<u64, Fault> {
        self.commit_after(Last { text: statement.into_sql_str(), parameters, taken: None }).await
    }

    async fn commit_after(mut self, mut very_last: Last) -> Result<u64, Fault> {
        self.check_not_failed()?;
        for mut last in std::mem::take(&mut self.last) {
            let done = self.run(&last.text, Effect::Delete, &last.parameters).await;
            done.map_err(|fault| last.fault(fault))?;
        }
        let terms = Terms { limits: self.databases.limits(), deadline: self.deadline };
        let (text, parameters) = (&very_last.text, very_last.parameters.as_slice());
        let statement = Statement { text, effect: Effect::Delete, parameters, terms };
        let done = self.transaction.run_and_commit(&statement).await;
        let changed = done.map_err(|fault| very_last.fault(fault))?;
        notify(self.on_commit);
        Ok(changed)
    }

    /// Rolls back: the same as to drop it, said aloud.
    pub fn rollback(self) {
        drop(self);
    }
}

fn notify(all: Vec<Box<dyn FnOnce() + Send>>) {
    for notify in all {
        notify();
    }
}
