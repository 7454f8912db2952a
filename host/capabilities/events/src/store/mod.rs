//! What events leave in a service's own database: the outbox of those it published, the inbox of those it handled.
//!
//! Both are tables beside the service's own, so that they are written in the same unit of work. The truth about an
//! event is here: a bus may be emptied, and nothing is lost and nothing happens twice.

mod inbox;
mod outbox;

use std::time::{Duration, Instant};

use fondaco_engine::{Fault, ServiceName, TenantId};
use fondaco_sql::{Databases, InternalMigration, Rows, Value};

pub(crate) use inbox::Mark;
pub(crate) use inbox::{ALREADY_HANDLED, service_of};
pub use inbox::{DeadLetter, LettersOf};
pub(crate) use outbox::settled_ranges;

/// How long a statement of the host's own may wait and run.
const PATIENCE: Duration = Duration::from_secs(5);

/// The tables.
pub(crate) static MIGRATIONS: &[InternalMigration] = &[InternalMigration {
    owner: "events",
    version: 1,
    name: "outbox-inbox",
    sqlite: include_str!("sqlite.sql"),
    postgres: include_str!("postgres.sql"),
}];

/// Outboxes and inboxes. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    databases: Databases,
}

/// Whose outbox and inbox.
pub(crate) type Place = (TenantId, ServiceName);

impl Store {
    /// Over all databases of the host. Before the first one is opened.
    pub(crate) fn new(databases: Databases) -> Self {
        databases.add_internal_migrations(MIGRATIONS);
        Self { databases }
    }

    pub(crate) fn databases(&self) -> &Databases {
        &self.databases
    }

    /// All databases that exist.
    pub(crate) async fn known(&self) -> Result<Vec<Place>, Fault> {
        self.databases.known().await
    }

    async fn read(&self, place: &Place, statement: &'static str, parameters: &[Value]) -> Result<Rows, Fault> {
        let database = self.databases.of(&place.0, &place.1).await?;
        database.query_internal(statement, parameters, deadline()).await
    }

    /// One statement as a unit of work of its own.
    async fn write(&self, place: &Place, statement: &'static str, parameters: Vec<Value>) -> Result<u64, Fault> {
        let database = self.databases.of(&place.0, &place.1).await?;
        database.begin(deadline()).await?.commit_with(statement, parameters).await
    }
}

fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// A row's values, as the statement that asked for them ordered them.
struct Columns(std::vec::IntoIter<Value>);

impl Columns {
    fn of(row: Vec<Value>) -> Self {
        Self(row.into_iter())
    }

    fn integer(&mut self) -> Result<i64, Fault> {
        match self.0.next() {
            Some(Value::Integer(value)) => Ok(value),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn text(&mut self) -> Result<String, Fault> {
        match self.0.next() {
            Some(Value::Text(value)) => Ok(value),
            other => Err(unexpected(other.as_ref())),
        }
    }
}

fn unexpected(value: Option<&Value>) -> Fault {
    let kind = value.map_or("nothing", Value::kind);
    Fault::internal(format!("a table of events holds {kind} where it should not"))
}
