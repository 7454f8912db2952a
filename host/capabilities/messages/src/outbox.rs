//! Messages that wait, in the database of the service that sends them.
//!
//! A message is a row that is written with the unit of work of its sender, and an event without content beside it, under
//! the same id: so the events capability brings it out, with its relay, its waits and its dead letters, on one host or
//! on many; and neither a bus nor a log ever sees an address. A message that was taken has no row any more.

use std::time::{Duration, Instant};

use fondaco_engine::{Code, Fault, ServiceName, TenantId};
use fondaco_events::{Draft, EventType, Events};
use fondaco_sql::{Databases, InternalMigration, Value, Work};
use uuid::Uuid;

use crate::config::Limits;
use crate::message::Message;

/// How long a statement of the outbox's own may wait and run.
const PATIENCE: Duration = Duration::from_secs(5);

static MIGRATIONS: &[InternalMigration] = &[InternalMigration {
    owner: "messages",
    version: 1,
    name: "outbox",
    sqlite: include_str!("outbox/table.sql"),
    postgres: include_str!("outbox/table.sql"),
}];

/// Whose messages.
pub(crate) type Place = (TenantId, ServiceName);

/// Messages that wait. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    databases: Databases,
    events: Events,
}

/// What came of the wish to have a message.
#[derive(Debug)]
pub(crate) enum Claimed {
    /// It is one's own, until the lease ends.
    Mine { message: Box<Message>, created_ms: i64 },
    /// Somebody else has it.
    Theirs,
    /// It can't be read, and never will be.
    Broken,
    /// There is none: it was taken by the provider, or thrown away.
    Gone,
}

/// What the event beside a message of this service is.
pub(crate) fn event_type(service: &ServiceName) -> Result<EventType, Fault> {
    format!("fondaco.messages.{service}.waiting.v1").parse()
}

impl Outbox {
    /// Over all databases of a host. Before the first one is opened.
    pub(crate) fn new(databases: Databases, events: Events) -> Self {
        databases.add_internal_migrations(MIGRATIONS);
        Self { databases, events }
    }

    pub(crate) fn databases(&self) -> &Databases {
        &self.databases
    }

    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    /// Sends with a unit of work; the message's id.
    pub(crate) async fn put(
        &self,
        work: &mut Work,
        (tenant, service): &Place,
        message: &Message,
        limits: &Limits,
        now_ms: i64,
    ) -> Result<Uuid, Fault> {
        let waiting = "SELECT count(*) FROM (SELECT 1 FROM fondaco_messages LIMIT $1) AS waiting";
        let rows = work.query_internal(waiting, &[i64::from(limits.waiting).into()]).await?;
        if rows.rows.first().is_some_and(|row| row.first() == Some(&Value::Integer(i64::from(limits.waiting)))) {
            let many = limits.waiting;
            let message = format!("{many} messages of `{service}` wait already; look at the dead ones, or try later");
            return Err(Fault::new(Code::ResourceExhausted, "TOO_MANY_MESSAGES_WAIT", message));
        }
        let ty = event_type(service)?.as_str().to_owned();
        let draft = Draft { ty, subject: None, partition_key: None, data: "{}".to_owned() };
        let id = self.events.publish(work, tenant, service, draft)?;
        let json = serde_json::to_string(message).map_err(|error| Fault::internal(error.to_string()))?;
        let statement = "INSERT INTO fondaco_messages (id, message, created_ms, lease_ms) VALUES ($1, $2, $3, 0)";
        work.execute_last(statement, vec![id.to_string().into(), json.into(), now_ms.into()], None);
        Ok(id)
    }

    /// Takes a message in hand, so that two hosts do not bring it out at a time.
    pub(crate) async fn claim(&self, place: &Place, id: Uuid, now_ms: i64, lease_ms: i64) -> Result<Claimed, Fault> {
        let database = self.databases.of(&place.0, &place.1).await?;
        let mut work = database.begin(deadline()).await?;
        let statement = "UPDATE fondaco_messages SET lease_ms = $3 WHERE id = $1 AND lease_ms <= $2
                         RETURNING message, created_ms";
        let parameters = [id.to_string().into(), now_ms.into(), lease_ms.into()];
        let rows = work.query_internal(statement, &parameters).await?;
        let Some(row) = rows.rows.first() else {
            let statement = "SELECT 1 FROM fondaco_messages WHERE id = $1";
            let rows = work.query_internal(statement, &[id.to_string().into()]).await?;
            return Ok(if rows.rows.is_empty() { Claimed::Gone } else { Claimed::Theirs });
        };
        let [Value::Text(json), Value::Integer(created_ms)] = row.as_slice() else { return Ok(Claimed::Broken) };
        let Ok(message) = serde_json::from_str(json) else { return Ok(Claimed::Broken) };
        let created_ms = *created_ms;
        work.commit().await?;
        Ok(Claimed::Mine { message, created_ms })
    }

    /// It was not taken: whoever tries next may.
    pub(crate) async fn release(&self, place: &Place, id: Uuid) -> Result<(), Fault> {
        let statement = "UPDATE fondaco_messages SET lease_ms = 0 WHERE id = $1";
        self.write(place, statement, id).await.map(drop)
    }

    /// It was taken, or is not wanted any more; whether there was one.
    pub(crate) async fn remove(&self, place: &Place, id: Uuid) -> Result<bool, Fault> {
        self.write(place, "DELETE FROM fondaco_messages WHERE id = $1", id).await.map(|rows| rows > 0)
    }

    async fn write(&self, (tenant, service): &Place, statement: &'static str, id: Uuid) -> Result<u64, Fault> {
        let database = self.databases.of(tenant, service).await?;
        database.begin(deadline()).await?.commit_with(statement, vec![id.to_string().into()]).await
    }
}

fn deadline() -> Instant {
    Instant::now() + PATIENCE
}
