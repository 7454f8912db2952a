//! What a statement costs through a service, against the same statement by sqlx alone.
//!
//! Both sides take turns in one run, on databases of the same kind, with the same rows, the same pragmas and the same
//! durability. A call runs one statement or many, so that what a call costs (instance, arguments, unit of work) is told
//! apart from what each statement in it costs.

mod native;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;
use fondaco_engine::{Engine, TenantId};
use fondaco_events::EventsConfig;
use fondaco_sql::{DatabasesConfig, ShardConfig};
use fondaco_test_servers::Postgres;
use serde::Serialize;

use crate::house::{Call, House};
use crate::measure::median;

/// Statements of a long call.
const MANY: u32 = 51;
/// Calls of one statement for each long one.
const ONES: u32 = 10;

/// What is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A row by its key.
    PointRead,
    /// An update that changes its row only where enough is left; all of a call in one transaction.
    GuardedUpdate,
}

impl What {
    const ALL: [Self; 2] = [Self::PointRead, Self::GuardedUpdate];

    const fn name(self) -> &'static str {
        match self {
            Self::PointRead => "point read",
            Self::GuardedUpdate => "guarded update",
        }
    }
}

/// Someone who runs statements.
#[async_trait]
trait Side: Send {
    /// Runs so many, from that number on, as one call.
    async fn run(&mut self, what: What, first: u32, count: u32) -> Result<()>;
}

/// Microseconds, medians. A statement is what one more of them adds to a call.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) database: &'static str,
    pub(crate) what: &'static str,
    pub(crate) call_us: f64,
    pub(crate) native_call_us: f64,
    pub(crate) statement_us: f64,
    pub(crate) native_statement_us: f64,
}

impl Row {
    /// What the way through a service adds to a statement.
    pub(crate) fn overhead_us(&self) -> f64 {
        self.statement_us - self.native_statement_us
    }
}

/// SQLite, and PostgreSQL where it is installed.
pub(crate) async fn measure(engine: &Engine, components: &Path, quick: bool) -> Result<Vec<Row>> {
    let budget = if quick { Duration::from_secs(4) } else { Duration::from_secs(15) };
    let folder = tempfile::tempdir()?;
    let ours = DatabasesConfig::embedded(folder.path().join("sql"));
    let native = native::Sqlite::open(&folder.path().join("native.sqlite")).await?;
    let mut rows = of("SQLite", engine, components, folder.path(), ours, Box::new(native), budget).await?;
    if let Some(server) = Postgres::start() {
        let shard = ShardConfig { name: "main".into(), url: server.url(), replicas: Vec::new(), open: true };
        let (ours, native) = (DatabasesConfig::postgres(vec![shard]), native::Postgres::open(&server.url()).await?);
        let folder = tempfile::tempdir()?;
        rows.extend(of("PostgreSQL", engine, components, folder.path(), ours, Box::new(native), budget).await?);
    }
    Ok(rows)
}

async fn of(
    database: &'static str,
    engine: &Engine,
    components: &Path,
    folder: &Path,
    config: DatabasesConfig,
    native: Box<dyn Side>,
    budget: Duration,
) -> Result<Vec<Row>> {
    let house = House::open(engine, components, config, &EventsConfig::default(), folder).await?;
    house.release("stock").await?;
    let tenant: TenantId = "acme".parse()?;
    house.fill(&tenant).await?;
    let ours = Service { read: house.shelf("read", &tenant)?, take: house.shelf("take", &tenant)? };
    // As a task, as the host runs calls: on the main thread each answer of the database would have to wake it up.
    let rows = tokio::spawn(compare(database, [Box::new(ours), native], budget)).await??;
    house.close().await;
    Ok(rows)
}

async fn compare(database: &'static str, mut sides: [Box<dyn Side>; 2], budget: Duration) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for what in What::ALL {
        let mut times = [Times::default(), Times::default()];
        let (mut first, until) = (0, Instant::now() + budget);
        while Instant::now() < until {
            for (side, times) in sides.iter_mut().zip(&mut times) {
                for number in first..first + ONES {
                    times.one.push(timed(side.run(what, number, 1)).await?);
                }
                times.many.push(timed(side.run(what, first, MANY)).await?);
            }
            first += MANY;
        }
        let [(call_us, statement_us), (native_call_us, native_statement_us)] = times.map(Times::medians);
        let what = what.name();
        rows.push(Row { database, what, call_us, native_call_us, statement_us, native_statement_us });
    }
    Ok(rows)
}

async fn timed(work: impl Future<Output = Result<()>>) -> Result<f64> {
    let begun = Instant::now();
    work.await?;
    Ok(begun.elapsed().as_secs_f64() * 1e6)
}

/// What calls of one and of many statements took, in microseconds.
#[derive(Default)]
struct Times {
    one: Vec<f64>,
    many: Vec<f64>,
}

impl Times {
    /// A call of one, and what each statement adds.
    fn medians(mut self) -> (f64, f64) {
        let (one, many) = (median(&mut self.one), median(&mut self.many));
        (one, (many - one) / f64::from(MANY - 1))
    }
}

/// Through the service `tests/guests/stock`.
struct Service {
    read: Call,
    take: Call,
}

#[async_trait]
impl Side for Service {
    async fn run(&mut self, what: What, first: u32, count: u32) -> Result<()> {
        let function = match what {
            What::PointRead => &self.read,
            What::GuardedUpdate => &self.take,
        };
        function.run(first, count).await
    }
}
