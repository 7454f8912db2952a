//! What ran when, and who is at it: a row a job in each tenant's database of the service.
//!
//! A run is claimed by one guarded update, so that of all hosts one has it; the claim is a lease, so that a host that is
//! lost does not keep it; and it has a number, the fence. The run's own unit of work writes that it is done under this
//! number, so one that lost its lease in the middle can't commit any more. All of that lies beside the service's tables,
//! in SQLite and in PostgreSQL alike: what decides is as durable as what the job does, and whoever shares the
//! databases shares the schedule.

use std::time::{Duration, Instant};

use fondaco_engine::{Code, Fault, ServiceName, TenantId};
use fondaco_sql::{Databases, InternalMigration, Value, Work};

use crate::due::MOST_ATTEMPTS;
use crate::job::JobName;

/// How long a statement of the ledger's own may wait and run.
const PATIENCE: Duration = Duration::from_secs(5);

static MIGRATIONS: &[InternalMigration] = &[InternalMigration {
    owner: "schedule",
    version: 1,
    name: "runs",
    sqlite: include_str!("ledger/table.sql"),
    postgres: include_str!("ledger/table.sql"),
}];

/// Whose runs.
pub type Place = (TenantId, ServiceName);

/// All runs of a host's databases. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledger {
    databases: Databases,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// It was begun, and nobody has said yet how it ended.
    #[default]
    Running,
    /// It ended well.
    Done,
    /// It failed, or a host gave it up.
    Failed,
}

impl State {
    /// As text: `running`, `done`, `failed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let all = [Self::Running, Self::Done, Self::Failed];
        all.into_iter().find(|state| state.as_str() == text).ok_or_else(unexpected)
    }
}

/// The last run of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The timetable that the due time is of: `0 3 * * * UTC`.
    pub timetable: String,
    /// What it ran for, in ms since 1970.
    pub due_ms: i64,
    /// How it stands.
    pub state: State,
    /// Until when nobody else begins; 0 where nobody is at it.
    pub lease_ms: i64,
    /// How often this due time was begun.
    pub attempts: u32,
    /// Due times in a row that failed.
    pub failures: u32,
    /// When it ended; none while it runs for the first time.
    pub ended_ms: Option<i64>,
    /// The last fault's reason.
    pub reason: Option<String>,
    /// The last fault's message.
    pub message: Option<String>,
}

/// A wish to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Which job.
    pub job: &'a JobName,
    /// Its timetable, as text.
    pub timetable: &'a str,
    /// What for.
    pub due_ms: i64,
    /// What time it is.
    pub now_ms: i64,
    /// Until when it is over for certain.
    pub lease_ms: i64,
}

/// A run that is one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which job.
    pub job: JobName,
    /// The number that goes with it; whoever claims it next has another one.
    pub fence: i64,
    /// How often this due time was begun, 1 the first.
    pub attempt: u32,
}

/// The run was given to somebody else: nothing of it may be committed.
pub(crate) const SUPERSEDED: &str = "RUN_SUPERSEDED";

impl Ledger {
    /// Over all databases of a host. Before the first one is opened.
    pub fn new(databases: Databases) -> Self {
        databases.add_internal_migrations(MIGRATIONS);
        Self { databases }
    }

    pub(crate) fn databases(&self) -> &Databases {
        &self.databases
    }

    /// The last run of a job; none where it never ran.
    pub async fn last(&self, (tenant, service): &Place, job: &JobName) -> Result<Option<Record>, Fault> {
        let statement = "SELECT timetable, due_ms, state, lease_ms, attempts, failures, ended_ms, reason, message
                         FROM fondaco_schedule WHERE job = $1";
        let database = self.databases.of(tenant, service).await?;
        let rows = database.query_internal(statement, &[job.as_str().into()], deadline()).await?;
        rows.rows.into_iter().next().map(record).transpose()
    }

    /// The last runs of all jobs that ever ran in a database.
    pub(crate) async fn all(&self, (tenant, service): &Place) -> Result<Vec<(JobName, Record)>, Fault> {
        let statement = "SELECT timetable, due_ms, state, lease_ms, attempts, failures, ended_ms, reason, message, job
                         FROM fondaco_schedule";
        let database = self.databases.of(tenant, service).await?;
        let rows = database.query_internal(statement, &[], deadline()).await?;
        let named = |mut row: Vec<Value>| {
            let name = row.pop().and_then(text).and_then(|name| name.parse().ok()).ok_or_else(unexpected)?;
            Ok((name, record(row)?))
        };
        rows.rows.into_iter().map(named).collect()
    }

    /// Takes a run, if it is free: the due time is newer than the last one, or its host was lost, and nobody is at it.
    pub async fn claim(&self, (tenant, service): &Place, claim: &Claim<'_>) -> Result<Option<Held>, Fault> {
        let statement = "INSERT INTO fondaco_schedule
                (job, timetable, due_ms, state, lease_ms, fence, attempts, failures)
             VALUES ($1, $2, $3, 'running', $5, 1, 1, 0)
             ON CONFLICT (job) DO UPDATE SET timetable = excluded.timetable, due_ms = excluded.due_ms,
                state = 'running', lease_ms = excluded.lease_ms, fence = fondaco_schedule.fence + 1,
                attempts = CASE WHEN fondaco_schedule.due_ms = excluded.due_ms
                    THEN fondaco_schedule.attempts + 1 ELSE 1 END
             WHERE fondaco_schedule.lease_ms <= $4 AND (fondaco_schedule.due_ms < excluded.due_ms
                OR (fondaco_schedule.due_ms = excluded.due_ms AND fondaco_schedule.state = 'running'
                    AND fondaco_schedule.attempts < $6))
             RETURNING fence, attempts";
        let parameters = [
            claim.job.as_str().into(),
            claim.timetable.into(),
            claim.due_ms.into(),
            claim.now_ms.into(),
            claim.lease_ms.into(),
            i64::from(MOST_ATTEMPTS).into(),
        ];
        let database = self.databases.of(tenant, service).await?;
        let mut work = database.begin(deadline()).await?;
        let rows = work.query_internal(statement, &parameters).await?;
        work.commit().await?;
        match rows.rows.first().map(Vec::as_slice) {
            None => Ok(None),
            Some([Value::Integer(fence), Value::Integer(attempts)]) => {
                Ok(Some(Held { job: claim.job.clone(), fence: *fence, attempt: count(*attempts) }))
            }
            Some(_) => Err(unexpected()),
        }
    }

    /// Writes with the run's own unit of work that it is done; `RUN_SUPERSEDED` where it is somebody else's by now.
    pub async fn done(&self, work: &mut Work, held: &Held, now_ms: i64) -> Result<(), Fault> {
        let statement = "UPDATE fondaco_schedule SET state = 'done', lease_ms = 0, failures = 0, ended_ms = $3,
                            reason = NULL, message = NULL
                         WHERE job = $1 AND fence = $2 AND state = 'running'";
        let parameters = [held.job.as_str().into(), held.fence.into(), now_ms.into()];
        match work.execute_internal(statement, &parameters).await? {
            0 => Err(superseded(held)),
            _ => Ok(()),
        }
    }

    /// Writes that the run failed. Does nothing where it is somebody else's by now.
    pub async fn failed(&self, place: &Place, held: &Held, now_ms: i64, fault: &Fault) -> Result<(), Fault> {
        let statement = "UPDATE fondaco_schedule SET state = 'failed', lease_ms = 0, failures = failures + 1,
                            ended_ms = $3, reason = $4, message = $5
                         WHERE job = $1 AND fence = $2 AND state = 'running'";
        let parameters = vec![
            held.job.as_str().into(),
            held.fence.into(),
            now_ms.into(),
            bounded(&fault.reason).into(),
            bounded(&fault.message).into(),
        ];
        self.write(place, statement, parameters).await
    }

    /// Gives a run back that was not begun after all: from then on anybody may take it, as though this had not been.
    pub async fn give_back(&self, place: &Place, held: &Held, until_ms: i64) -> Result<(), Fault> {
        let statement = "UPDATE fondaco_schedule SET lease_ms = $3, attempts = attempts - 1
                         WHERE job = $1 AND fence = $2 AND state = 'running'";
        self.write(place, statement, vec![held.job.as_str().into(), held.fence.into(), until_ms.into()]).await
    }

    async fn write(
        &self,
        (tenant, service): &Place,
        statement: &'static str,
        parameters: Vec<Value>,
    ) -> Result<(), Fault> {
        let database = self.databases.of(tenant, service).await?;
        database.begin(deadline()).await?.commit_with(statement, parameters).await.map(drop)
    }
}

fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

fn superseded(held: &Held) -> Fault {
    let message = format!("this run of `{}` took longer than its lease, and another one was begun", held.job);
    Fault::new(Code::Aborted, SUPERSEDED, message)
}

fn record(row: Vec<Value>) -> Result<Record, Fault> {
    let Ok([timetable, due, state, lease, attempts, failures, ended, reason, message]) = <[Value; 9]>::try_from(row)
    else {
        return Err(unexpected());
    };
    Ok(Record {
        timetable: text(timetable).ok_or_else(unexpected)?,
        due_ms: integer(&due).ok_or_else(unexpected)?,
        state: State::parse(&text(state).ok_or_else(unexpected)?)?,
        lease_ms: integer(&lease).ok_or_else(unexpected)?,
        attempts: count(integer(&attempts).ok_or_else(unexpected)?),
        failures: count(integer(&failures).ok_or_else(unexpected)?),
        ended_ms: integer(&ended),
        reason: text(reason),
        message: text(message),
    })
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(value) => Some(*value),
        _ => None,
    }
}

fn count(value: i64) -> u32 {
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}

fn unexpected() -> Fault {
    Fault::internal("the table of scheduled runs holds what it should not")
}

/// What services say is bounded, and without the NUL that PostgreSQL does not store.
fn bounded(said: &str) -> String {
    said.chars().filter(|c| *c != '\0').take(1_024).collect()
}
