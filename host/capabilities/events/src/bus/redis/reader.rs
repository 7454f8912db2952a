//! One who reads: a subscription's partitions that are this replica's, on a connection of its own.
//!
//! Replicas share the partitions by leases. Who gets one reads it from its beginning, which is all that is not settled,
//! whoever read it before, and goes on with what is new.
//!
//! A lease spares work; order does not hang on it. A replica that was stalled and has lost one without knowing reads
//! the same entries as the next one, since reading takes nothing from anybody (a consumer group would share them out).
//! Both try the events of a key in their order and begin none before the one before it has its inbox row: so effects
//! come in that order whoever has them, and the inbox keeps each single.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use redis::streams::{StreamId, StreamReadReply};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::keys::{LEASE, RELEASE, RENEW, attempt_field, failed, mark_of, parse_attempt, parse_entry_id};
use super::link::{Link, Links, Table};
use crate::backoff::Backoff;
use crate::bus::{BusError, Delivery, Generation, Receipt, Received};
use crate::event::Event;
use crate::subscription::SubscriptionName;

/// Entries that are read at a time.
const CHUNK: usize = 128;
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(50), longest: Duration::from_secs(2) };
/// How often to look whether the subscription is declared by now.
const UNDECLARED: Duration = Duration::from_millis(100);
/// The id before all others.
const BEGINNING: &str = "0-0";

pub(super) struct Reader {
    pub(super) links: Arc<Links>,
    pub(super) name: SubscriptionName,
    /// Unique: two replicas must not share their leases.
    pub(super) replica: Arc<str>,
    pub(super) lease: Duration,
    pub(super) entries: mpsc::Sender<Received>,
    pub(super) stop: CancellationToken,
}

/// Nobody takes what is read any more, or the bus is closed.
struct Ended;

enum Problem {
    Ended(Ended),
    Bus(BusError),
}

impl From<Ended> for Problem {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

impl From<BusError> for Problem {
    fn from(error: BusError) -> Self {
        Self::Bus(error)
    }
}

impl From<redis::RedisError> for Problem {
    fn from(error: redis::RedisError) -> Self {
        Self::Bus(failed(error))
    }
}

/// What is read now.
struct Session {
    link: Link,
    /// All that is handed over is of this one. When the server is in another one, a new session begins.
    generation: Generation,
    partitions: u16,
    /// The partitions that are this replica's, each with the id of the last entry that was read.
    owned: BTreeMap<u16, String>,
    renew_at: Instant,
}

impl Session {
    /// What was read before the server said this version is of the session's generation, or is not to be handed over.
    fn must_be_of(&self, version: Option<&str>) -> Result<(), BusError> {
        let now = self.link.generation(version);
        if now.as_ref() == Some(&self.generation) { Ok(()) } else { Err(BusError::AnotherGeneration) }
    }
}

impl Reader {
    /// Reads until it is stopped, and again from the beginning after each loss of the connection.
    pub(super) async fn run(self) {
        let mut failures = 0;
        loop {
            let before = Instant::now();
            let result = self.stop.run_until_cancelled(self.read()).await;
            match result {
                None | Some(Err(Problem::Ended(Ended))) => return self.release().await,
                Some(Ok(never)) => match never {},
                Some(Err(Problem::Bus(error))) => {
                    // One that went well for a while begins anew.
                    failures = if before.elapsed() > BACKOFF.longest { 1 } else { failures + 1 };
                    tracing::warn!(subscription = %self.name, %error, failures, "event bus cannot be read");
                }
            }
            if self.entries.send(Received::Revoked(None)).await.is_err() {
                return;
            }
            let wait = tokio::time::sleep(BACKOFF.after(failures));
            if self.stop.run_until_cancelled(wait).await.is_none() {
                return;
            }
        }
    }

    async fn read(&self) -> Result<std::convert::Infallible, Problem> {
        let block = self.lease / 3;
        let link = self.links.connect(block + Duration::from_secs(2)).await?;
        let table = self.links.mend(&link).await?;
        let (partitions, renew_at) = (self.partitions_in(&table), Instant::now());
        let mut session = Session { link, generation: table.generation, partitions, owned: BTreeMap::new(), renew_at };
        loop {
            if Instant::now() >= session.renew_at {
                self.renew(&mut session).await?;
            }
            if session.owned.is_empty() {
                tokio::time::sleep_until(session.renew_at).await;
                continue;
            }
            let found = self.read_new(&mut session).await?;
            if !found.is_empty() {
                self.hand_over(&mut session, found).await?;
            }
        }
    }

    /// None as long as the subscription is not declared.
    fn partitions_in(&self, table: &Table) -> u16 {
        table.routes.iter().find(|(route, _)| route.name == self.name).map_or(0, |(_, count)| *count)
    }

    /// Renews the leases; partitions that are new here are read from their beginning.
    async fn renew(&self, session: &mut Session) -> Result<(), Problem> {
        session.renew_at = Instant::now() + self.lease / 3;
        if session.partitions == 0 {
            // A queue may be read before its subscription is declared.
            session.partitions = self.partitions_in(&self.links.mend(&session.link).await?);
        }
        if session.partitions == 0 {
            session.renew_at = session.renew_at.min(Instant::now() + UNDECLARED);
            return Ok(());
        }
        let keys = &self.links.keys;
        let mut call = LEASE.prepare_invoke();
        call.key(keys.replicas(&self.name)).arg(keys.leases(&self.name)).arg(&*self.replica);
        call.arg(self.lease.as_millis().to_string()).arg(session.partitions);
        let now: BTreeSet<u16> = call.invoke_async(&mut session.link.connection).await?;
        let mut version = redis::cmd("GET");
        let version: Option<String> = version.arg(keys.version()).query_async(&mut session.link.connection).await?;
        session.must_be_of(version.as_deref())?;
        let lost: Vec<_> = session.owned.keys().copied().filter(|partition| !now.contains(partition)).collect();
        for partition in lost {
            session.owned.remove(&partition);
            self.entries.send(Received::Revoked(Some(partition))).await.map_err(|_| Ended)?;
        }
        for partition in now {
            session.owned.entry(partition).or_insert_with(|| BEGINNING.to_owned());
        }
        Ok(())
    }

    /// Reads what comes after what was read; where there is nothing, waits at most until the leases are to be renewed.
    async fn read_new(&self, session: &mut Session) -> Result<Vec<(u16, StreamId)>, Problem> {
        let block = session.renew_at.saturating_duration_since(Instant::now()).as_millis().max(1);
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(CHUNK).arg("BLOCK").arg(block.to_string()).arg("STREAMS");
        for partition in session.owned.keys() {
            command.arg(self.links.keys.stream(&self.name, *partition));
        }
        for last in session.owned.values() {
            command.arg(last);
        }
        let reply: Option<StreamReadReply> = command.query_async(&mut session.link.connection).await?;
        let mut found = Vec::new();
        for stream in reply.map(|reply| reply.keys).unwrap_or_default() {
            let partition = stream.key.rsplit_once(':').and_then(|(_, partition)| partition.parse().ok());
            let Some(partition) = partition else { continue };
            if let (Some(last), Some(entry)) = (session.owned.get_mut(&partition), stream.ids.last()) {
                last.clone_from(&entry.id);
            }
            found.extend(stream.ids.into_iter().map(|entry| (partition, entry)));
        }
        Ok(found)
    }

    /// Waits until there is room, and renews the leases meanwhile.
    async fn hand_over(&self, session: &mut Session, found: Vec<(u16, StreamId)>) -> Result<(), Problem> {
        let deliveries = self.deliveries(session, found).await?;
        loop {
            match tokio::time::timeout_at(session.renew_at, self.entries.reserve()).await {
                Ok(Ok(place)) => {
                    place.send(Received::Entries(deliveries));
                    return Ok(());
                }
                Ok(Err(_)) => return Err(Ended.into()),
                Err(_elapsed) => self.keep_leases(session).await?,
            }
        }
    }

    /// Renews the leases and takes no new ones: what is in hand comes first.
    async fn keep_leases(&self, session: &mut Session) -> Result<(), Problem> {
        session.renew_at = Instant::now() + self.lease / 3;
        let keys = &self.links.keys;
        let mut call = RENEW.prepare_invoke();
        call.key(keys.replicas(&self.name)).arg(keys.leases(&self.name)).arg(&*self.replica);
        call.arg(self.lease.as_millis().to_string());
        for partition in session.owned.keys() {
            call.arg(*partition);
        }
        Ok(call.invoke_async::<()>(&mut session.link.connection).await?)
    }

    async fn deliveries(&self, session: &mut Session, found: Vec<(u16, StreamId)>) -> Result<Vec<Delivery>, Problem> {
        let mut deliveries: Vec<_> =
            found.into_iter().filter_map(|(partition, entry)| self.delivery(session, partition, &entry)).collect();
        if deliveries.is_empty() {
            return Ok(deliveries);
        }
        let mut both = redis::pipe();
        let command = both.atomic().get(self.links.keys.version()).cmd("HMGET");
        command.arg(self.links.keys.attempts(&self.name));
        for delivery in &deliveries {
            command.arg(attempt_field(delivery.receipt));
        }
        let answer = both.query_async(&mut session.link.connection).await?;
        let (version, attempts): (Option<String>, Vec<Option<String>>) = answer;
        session.must_be_of(version.as_deref())?;
        for (delivery, attempt) in deliveries.iter_mut().zip(attempts) {
            (delivery.attempts, delivery.due_ms) = parse_attempt(attempt.as_deref());
        }
        Ok(deliveries)
    }

    fn delivery(&self, session: &Session, partition: u16, entry: &StreamId) -> Option<Delivery> {
        let generation = mark_of(&session.generation);
        let receipt = Receipt { generation, partition, id: parse_entry_id(&entry.id)? };
        let json: String = entry.get("event")?;
        match Event::from_json(&json) {
            Ok(event) => {
                let event = Arc::new(event);
                Some(Delivery { receipt, event, attempts: 0, due_ms: 0, bytes: json.len() })
            }
            // Somebody else wrote there: the entry stays where it is, for whoever mends it.
            Err(fault) => {
                tracing::error!(subscription = %self.name, entry = entry.id, %fault, "the bus holds what is not an event");
                None
            }
        }
    }

    /// Lets others have the partitions at once.
    async fn release(&self) {
        let keys = &self.links.keys;
        let Ok(link) = self.links.get().await else { return };
        let mut call = RELEASE.prepare_invoke();
        call.key(keys.replicas(&self.name)).arg(keys.leases(&self.name)).arg(&*self.replica).arg(u16::from(u8::MAX));
        // Without it the leases end by themselves.
        let _released = call.invoke_async::<()>(&mut link.connection.clone()).await;
    }
}
