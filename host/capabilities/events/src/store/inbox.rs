//! The inbox: events that are done with. Its key is what makes an effect happen once.

use fondaco_engine::{Code, Fault, ServiceName, TenantId};
use fondaco_sql::{Value, Work};
use serde::Serialize;
use uuid::Uuid;

use super::{Columns, Place, Store, deadline};
use crate::clock::now_ms;
use crate::event::Event;
use crate::fail_point::fail_point;
use crate::subscription::SubscriptionName;

/// An event that was tried as often as its subscription allows.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// Whose it is.
    pub tenant: TenantId,
    /// Who should have handled it.
    #[serde(serialize_with = "as_text")]
    pub subscription: SubscriptionName,
    /// The event's id.
    #[serde(serialize_with = "as_text")]
    pub event_id: Uuid,
    /// Since when, in ms since 1970.
    pub since_ms: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// The last fault's reason.
    pub reason: String,
    /// The last fault's message.
    pub message: String,
    /// The CloudEvent, as JSON.
    #[serde(serialize_with = "as_json")]
    pub event: String,
}

fn as_text<S: serde::Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn as_json<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let raw: Result<&serde_json::value::RawValue, _> = serde_json::from_str(text);
    raw.map_err(serde::ser::Error::custom)?.serialize(serializer)
}

/// Which dead letters are looked for: all where nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct LettersOf<'a> {
    /// Of this tenant.
    pub tenant: Option<&'a TenantId>,
    /// Of this service's subscriptions.
    pub service: Option<&'a ServiceName>,
    /// Of this subscription.
    pub subscription: Option<&'a SubscriptionName>,
}

impl LettersOf<'_> {
    /// Whether they may be in that database.
    pub(crate) fn may_be_in(&self, (tenant, service): &Place) -> bool {
        self.tenant.is_none_or(|wanted| wanted == tenant)
            && self.service.is_none_or(|wanted| wanted == service)
            && self.subscription.is_none_or(|wanted| service_of(wanted).is_ok_and(|wanted| wanted == *service))
    }
}

/// What the handler's unit of work writes beside its effect.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) subscription: SubscriptionName,
    pub(crate) event: Uuid,
    /// Which attempt it is, 1 the first.
    pub(crate) attempt: u32,
    /// Whether it is a dead letter that is tried again.
    pub(crate) replay: bool,
}

/// The unit of work must not be committed: another one has handled the event.
pub(crate) fn already_handled() -> Fault {
    Fault::new(Code::AlreadyExists, ALREADY_HANDLED, "this subscription has handled the event before")
}

pub(crate) const ALREADY_HANDLED: &str = "EVENT_ALREADY_HANDLED";

impl Store {
    /// Writes the inbox row of an event that is being handled; `EVENT_ALREADY_HANDLED` if there is one, said here or at
    /// the commit.
    pub(crate) async fn mark_handled(&self, work: &mut Work, mark: &Mark) -> Result<(), Fault> {
        let parameters = vec![
            mark.subscription.as_str().into(),
            mark.event.to_string().into(),
            now_ms().into(),
            i64::from(mark.attempt).into(),
        ];
        if !mark.replay {
            let statement = "INSERT INTO fondaco_inbox (subscription, event_id, state, at_ms, attempts)
                             VALUES ($1, $2, 'handled', $3, $4)";
            work.execute_last(statement, parameters, Some(already_handled()));
            return Ok(());
        }
        let statement = "INSERT INTO fondaco_inbox (subscription, event_id, state, at_ms, attempts)
             VALUES ($1, $2, 'handled', $3, $4)
             ON CONFLICT (subscription, event_id) DO UPDATE SET state = 'handled', at_ms = excluded.at_ms,
                attempts = excluded.attempts, reason = NULL, message = NULL, event = NULL
             WHERE fondaco_inbox.state = 'dead'";
        match work.execute_internal(statement, &parameters).await? {
            0 => Err(already_handled()),
            _ => Ok(()),
        }
    }

    /// Whether a subscription is done with an event.
    pub(crate) async fn is_done(&self, place: &Place, name: &SubscriptionName, event: Uuid) -> Result<bool, Fault> {
        let statement = "SELECT 1 FROM fondaco_inbox WHERE subscription = $1 AND event_id = $2";
        let rows = self.read(place, statement, &[name.as_str().into(), event.to_string().into()]).await?;
        Ok(!rows.rows.is_empty())
    }

    /// Puts an event aside for good. Does nothing if it was handled, or put aside, before.
    pub(crate) async fn bury(
        &self,
        place: &Place,
        name: &SubscriptionName,
        event: &Event,
        attempts: u32,
        fault: &Fault,
    ) -> Result<(), Fault> {
        let database = self.databases().of(&place.0, &place.1).await?;
        let work = database.begin(deadline()).await?;
        let statement = "INSERT INTO fondaco_inbox
                (subscription, event_id, state, at_ms, attempts, reason, message, event)
             VALUES ($1, $2, 'dead', $3, $4, $5, $6, $7) ON CONFLICT (subscription, event_id) DO NOTHING";
        let parameters = vec![
            name.as_str().into(),
            event.id.to_string().into(),
            now_ms().into(),
            i64::from(attempts).into(),
            text(&fault.reason).into(),
            text(&fault.message).into(),
            event.to_json().into(),
        ];
        fail_point!("dead-letter-before-commit");
        work.commit_with(statement, parameters).await?;
        fail_point!("dead-letter-after-commit");
        Ok(())
    }

    /// The dead letters of a database, or of one subscription there; the oldest first.
    pub(crate) async fn dead_letters(
        &self,
        place: &Place,
        subscription: Option<&SubscriptionName>,
        limit: u16,
    ) -> Result<Vec<DeadLetter>, Fault> {
        let statement = "SELECT subscription, event_id, at_ms, attempts, reason, message, event FROM fondaco_inbox
                         WHERE state = 'dead' AND subscription = coalesce($1, subscription)
                         ORDER BY at_ms, event_id LIMIT $2";
        let subscription = subscription.map_or(Value::Null, |name| name.as_str().into());
        let rows = self.read(place, statement, &[subscription, i64::from(limit).into()]).await?;
        rows.rows.into_iter().map(|row| dead_letter(&place.0, row)).collect()
    }

    /// One dead letter.
    pub(crate) async fn dead_letter(
        &self,
        place: &Place,
        name: &SubscriptionName,
        event: Uuid,
    ) -> Result<Option<DeadLetter>, Fault> {
        let statement = "SELECT subscription, event_id, at_ms, attempts, reason, message, event FROM fondaco_inbox
                         WHERE subscription = $1 AND event_id = $2 AND state = 'dead'";
        let rows = self.read(place, statement, &[name.as_str().into(), event.to_string().into()]).await?;
        rows.rows.into_iter().next().map(|row| dead_letter(&place.0, row)).transpose()
    }

    /// A dead letter was tried again in vain.
    pub(crate) async fn note_replay(&self, place: &Place, mark: &Mark, fault: &Fault) -> Result<(), Fault> {
        let statement = "UPDATE fondaco_inbox SET attempts = $3, reason = $4, message = $5
                         WHERE subscription = $1 AND event_id = $2 AND state = 'dead'";
        let parameters = vec![
            mark.subscription.as_str().into(),
            mark.event.to_string().into(),
            i64::from(mark.attempt).into(),
            text(&fault.reason).into(),
            text(&fault.message).into(),
        ];
        self.write(place, statement, parameters).await.map(drop)
    }

    /// Takes a dead letter away unhandled; whether there was one. Its row stays, so that it is not tried again.
    pub(crate) async fn discard(&self, place: &Place, name: &SubscriptionName, event: Uuid) -> Result<bool, Fault> {
        let statement = "UPDATE fondaco_inbox SET state = 'handled', at_ms = $3, event = NULL
                         WHERE subscription = $1 AND event_id = $2 AND state = 'dead'";
        let parameters = vec![name.as_str().into(), event.to_string().into(), now_ms().into()];
        Ok(self.write(place, statement, parameters).await? > 0)
    }

    /// Forgets what was handled before then. Nothing that old is on the bus, or in an outbox, any more.
    pub(crate) async fn prune(&self, place: &Place, before_ms: i64) -> Result<u64, Fault> {
        let statement = "DELETE FROM fondaco_inbox WHERE state = 'handled' AND at_ms < $1";
        self.write(place, statement, vec![before_ms.into()]).await
    }
}

fn dead_letter(tenant: &TenantId, row: Vec<Value>) -> Result<DeadLetter, Fault> {
    let mut columns = Columns::of(row);
    let (subscription, event_id) = (columns.text()?, columns.text()?);
    let (since_ms, attempts) = (columns.integer()?, columns.integer()?);
    Ok(DeadLetter {
        tenant: tenant.clone(),
        subscription: subscription.parse()?,
        event_id: event_id.parse().map_err(|_| Fault::internal("an inbox holds what is not an event's id"))?,
        since_ms,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        reason: columns.text()?,
        message: columns.text()?,
        event: columns.text()?,
    })
}

/// The service whose inbox a subscription's rows are in.
pub(crate) fn service_of(name: &SubscriptionName) -> Result<ServiceName, Fault> {
    let service = name.as_str().split('/').next().unwrap_or_default();
    service.parse().map_err(|_| Fault::internal("a subscription's name begins with its service"))
}

/// Messages come from handlers: bounded, and without the NUL that PostgreSQL does not store.
fn text(said: &str) -> String {
    said.chars().filter(|c| *c != '\0').take(1_024).collect()
}
