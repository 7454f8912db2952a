//! The bus of many processes: Redis Streams.
//!
//! A subscription has a few streams, its partitions. An event goes to the partition of its tenant and key. An entry is
//! deleted when it was handled or its dead letter was written, never before: so a stream is what is left to do, and
//! whoever reads it from its beginning misses nothing. Consumer groups would add nothing but a second truth about that.
//!
//! Redis is not trusted to keep anything. An outbox keeps its events until they were handled, and relays them again into
//! a new [`Generation`] of it: into that from the first on, and never into one that it has not begun with. So whatever
//! speaks of a generation says of which, and Redis compares in the same step in which it acts.
//!
//! Scripts make each step whole. All keys share one hash tag, so one Redis (or one slot of a cluster) carries a bus.

mod keys;
mod link;
mod reader;
mod settler;

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use redis::streams::StreamRangeReply;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{Bus, BusError, Generation, Lag, Queue, Receipt, Route, routes_of};
use crate::event::Event;
use crate::fail_point::fail_point;
use crate::subscription::SubscriptionName;
use keys::{APPEND, Keys, RETIRE, SETTLE, entry_id, failed, mark_of, parse_entry_id, partition_of};
use link::{Link, Links, Table, incarnation_of};
use reader::Reader;
use settler::Note;

/// Notes on their way to Redis. Who brings more waits.
const NOTES: usize = 8_192;
/// How often an append looks for the routes again before it gives up.
const ROUTE_ATTEMPTS: usize = 5;

/// How to reach Redis, and how to share the work.
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://user:password@host:port/database`. Never shown.
    pub url: String,
    /// What all keys begin with: `{<prefix>:events}`.
    pub prefix: String,
    /// Partitions of a subscription that is new: as many replicas can share its work. One that is there keeps its own.
    pub partitions: u16,
    /// How long a partition stays with a replica that does not answer any more.
    pub lease: Duration,
}

impl RedisConfig {
    /// With defaults for all but the address.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), prefix: "fondaco".into(), partitions: 8, lease: Duration::from_secs(6) }
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisConfig({}, {} partitions)", self.prefix, self.partitions)
    }
}

/// See the [module](self).
#[derive(Debug)]
pub struct RedisBus {
    links: Arc<Links>,
    table: Mutex<Option<Table>>,
    replica: Arc<str>,
    lease: Duration,
    notes: mpsc::Sender<Note>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl RedisBus {
    /// A bus; nothing is connected before it is needed, so a host starts while Redis is away.
    pub fn new(config: &RedisConfig) -> Result<Self, BusError> {
        let client = redis::Client::open(config.url.as_str())
            .map_err(|error| BusError::Failed(format!("the address of redis is wrong: {error}")))?;
        let links = Arc::new(Links::new(client, Keys::new(&config.prefix), config.partitions.clamp(1, 255)));
        let (notes, incoming) = mpsc::channel(NOTES);
        let tasks = TaskTracker::new();
        tasks.spawn(settler::run(Arc::clone(&links), incoming));
        let replica = Uuid::now_v7().simple().to_string().into();
        let stop = CancellationToken::new();
        Ok(Self { links, table: Mutex::default(), replica, lease: config.lease, notes, stop, tasks })
    }

    /// Does something with the shared connection; a connection over which something failed is not used again.
    async fn with_link<T>(&self, what: impl AsyncFnOnce(&Link) -> Result<T, BusError>) -> Result<T, BusError> {
        let link = self.links.get().await?;
        let result = what(&link).await;
        if matches!(result, Err(BusError::Unavailable(_))) {
            self.links.lost(&link).await;
        }
        result
    }

    fn known_table(&self) -> Option<Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep_table(&self, table: Table) {
        *self.table.lock().unwrap_or_else(PoisonError::into_inner) = Some(table);
    }

    /// Appends by the routes that are known; `false`: they are stale.
    async fn try_append(&self, link: &Link, generation: &str, events: &[Arc<Event>]) -> Result<bool, BusError> {
        let table = match self.known_table() {
            Some(table) if link.is_of(&table) && *table.generation == *generation => table,
            _ => {
                let table = self.links.mend(link).await?;
                self.keep_table(table.clone());
                table
            }
        };
        // Asked just now, so that all know which one it is.
        if *table.generation != *generation {
            return Err(BusError::AnotherGeneration);
        }
        let routes: Vec<_> = table.routes.iter().map(|(route, _)| route.clone()).collect();
        let partitions = |wanted: &Route| {
            table.routes.iter().find(|(route, _)| route.name == wanted.name).map_or(1, |(_, partitions)| *partitions)
        };
        let mut call = APPEND.prepare_invoke();
        call.key(self.links.keys.version()).key(self.links.keys.open());
        call.arg(&table.version).arg(self.links.keys.streams());
        for event in events {
            let streams: Vec<_> = routes_of(&routes, &event.ty)
                .map(|route| format!("{}:{}", route.name, partition_of(event, partitions(route))))
                .collect();
            // What nobody wants is not kept.
            if !streams.is_empty() {
                call.arg(event.id.simple().to_string()).arg(event.to_json()).arg(streams.len()).arg(streams);
            }
        }
        fail_point!("bus-before-commit");
        let appended: bool = call.invoke_async(&mut link.connection.clone()).await.map_err(failed)?;
        fail_point!("bus-after-commit");
        Ok(appended)
    }

    /// Takes the entries of a retired subscription's partition away.
    async fn empty(&self, link: &Link, table: &Table, name: &SubscriptionName, partition: u16) -> Result<(), BusError> {
        let stream = self.links.keys.stream(name, partition);
        let mut connection = link.connection.clone();
        loop {
            let mut command = redis::cmd("XRANGE");
            command.arg(&stream).arg("-").arg("+").arg("COUNT").arg(500);
            let found: StreamRangeReply = command.query_async(&mut connection).await.map_err(failed)?;
            if found.ids.is_empty() {
                break;
            }
            let mut call = SETTLE.prepare_invoke();
            call.key(self.links.keys.version()).key(self.links.keys.open()).key(self.links.keys.attempts(name));
            call.arg(incarnation_of(&table.version)).arg(self.links.keys.streams()).arg(name.as_str());
            for entry in found.ids {
                let id: String = entry.get("id").unwrap_or_default();
                call.arg(partition).arg(&entry.id).arg(id);
            }
            let of_this: bool = call.invoke_async(&mut connection).await.map_err(failed)?;
            if !of_this {
                return Err(BusError::AnotherGeneration);
            }
        }
        redis::cmd("DEL").arg(&stream).query_async::<()>(&mut connection).await.map_err(failed)
    }
}

#[async_trait]
impl Bus for RedisBus {
    async fn declare(&self, routes: &[Route]) -> Result<(), BusError> {
        let names: Vec<_> = routes.iter().map(|route| route.name.clone()).collect();
        self.links.remember(&names);
        let table = self.with_link(async |link| self.links.declare(link, &names).await).await?;
        self.keep_table(table);
        Ok(())
    }

    async fn retire(&self, name: &SubscriptionName) -> Result<(), BusError> {
        self.links.forget(name);
        let keys = &self.links.keys;
        self.with_link(async |link| {
            let table = self.links.declare(link, &[]).await?;
            let mut call = RETIRE.prepare_invoke();
            call.key(keys.version()).key(keys.routes()).key(keys.declared()).key(keys.attempts(name));
            call.arg(name.as_str()).invoke_async::<()>(&mut link.connection.clone()).await.map_err(failed)?;
            self.links.forget(name);
            let partitions = table.routes.iter().find(|(route, _)| route.name == *name).map_or(0, |(_, count)| *count);
            for partition in 0..partitions {
                self.empty(link, &table, name, partition).await?;
            }
            Ok(())
        })
        .await
    }

    async fn undeclared_since(&self, ms: i64) -> Result<Vec<SubscriptionName>, BusError> {
        self.with_link(async |link| {
            let mut command = redis::cmd("HGETALL");
            let answer = command.arg(self.links.keys.declared()).query_async(&mut link.connection.clone()).await;
            let declared: Vec<(String, i64)> = answer.map_err(failed)?;
            Ok(declared.into_iter().filter(|(_, at)| *at < ms).filter_map(|(name, _)| name.parse().ok()).collect())
        })
        .await
    }

    async fn append(&self, generation: &str, events: &[Arc<Event>]) -> Result<(), BusError> {
        for _ in 0..ROUTE_ATTEMPTS {
            if self.with_link(async |link| self.try_append(link, generation, events).await).await? {
                return Ok(());
            }
            *self.table.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        Err(BusError::Unavailable("subscriptions are changing just now".into()))
    }

    async fn sync(&self) -> Result<(), BusError> {
        Ok(())
    }

    fn queue(&self, name: &SubscriptionName) -> Queue {
        let (entries, received) = mpsc::channel(1);
        let reader = Reader {
            links: Arc::clone(&self.links),
            name: name.clone(),
            replica: Arc::clone(&self.replica),
            lease: self.lease,
            entries,
            stop: self.stop.child_token(),
        };
        Queue::new(received, self.tasks.spawn(reader.run()))
    }

    async fn settle(&self, name: &SubscriptionName, receipt: Receipt, event: Uuid) {
        let _closed = self.notes.send(Note::Settled { name: name.clone(), receipt, event }).await;
    }

    async fn postpone(&self, name: &SubscriptionName, receipt: Receipt, attempts: u32, due_ms: i64) {
        let _closed = self.notes.send(Note::Postponed { name: name.clone(), receipt, attempts, due_ms }).await;
    }

    async fn fetch(&self, name: &SubscriptionName, receipt: Receipt) -> Result<Option<Arc<Event>>, BusError> {
        let id = entry_id(receipt);
        let found = self
            .with_link(async |link| {
                let mut both = redis::pipe();
                both.atomic().get(self.links.keys.version());
                both.cmd("XRANGE").arg(self.links.keys.stream(name, receipt.partition)).arg(&id).arg(&id);
                let answer = both.query_async(&mut link.connection.clone()).await.map_err(failed)?;
                let (version, found): (Option<String>, StreamRangeReply) = answer;
                match link.generation(version.as_deref()) {
                    Some(now) if mark_of(&now) == receipt.generation => Ok(found),
                    _ => Err(self.links.another_generation(link).await),
                }
            })
            .await?;
        let Some(json) = found.ids.first().and_then(|entry| entry.get::<String>("event")) else { return Ok(None) };
        let event = Event::from_json(&json).map_err(|fault| BusError::Failed(fault.message))?;
        Ok(Some(Arc::new(event)))
    }

    async fn unsettled(&self, generation: &str, events: &[Uuid]) -> Result<HashSet<Uuid>, BusError> {
        if events.is_empty() {
            return Ok(HashSet::new());
        }
        self.with_link(async |link| {
            let mut both = redis::pipe();
            let command = both.atomic().get(self.links.keys.version()).cmd("HMGET").arg(self.links.keys.open());
            for event in events {
                command.arg(event.simple().to_string());
            }
            let answer = both.query_async(&mut link.connection.clone()).await.map_err(failed)?;
            let (version, open): (Option<String>, Vec<Option<i64>>) = answer;
            if link.generation(version.as_deref()).as_deref() != Some(generation) {
                return Err(self.links.another_generation(link).await);
            }
            Ok(events.iter().zip(open).filter(|(_, open)| open.is_some()).map(|(event, _)| *event).collect())
        })
        .await
    }

    fn generation(&self) -> watch::Receiver<Option<Generation>> {
        self.links.generation()
    }

    fn is_durable(&self) -> bool {
        false
    }

    async fn lag(&self) -> Result<Vec<Lag>, BusError> {
        self.with_link(async |link| {
            let table = self.links.declare(link, &[]).await?;
            let mut lags = Vec::with_capacity(table.routes.len());
            for (route, partitions) in table.routes.iter() {
                lags.push(self.lag_of(link, &route.name, *partitions).await?);
            }
            Ok(lags)
        })
        .await
    }

    async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        self.stop.cancel();
        if self.notes.send(Note::Close { reply }).await.is_ok() {
            let _ended = closed.await;
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl RedisBus {
    async fn lag_of(&self, link: &Link, name: &SubscriptionName, partitions: u16) -> Result<Lag, BusError> {
        let mut pipe = redis::pipe();
        for partition in 0..partitions {
            let stream = self.links.keys.stream(name, partition);
            pipe.cmd("XLEN").arg(&stream);
            pipe.cmd("XRANGE").arg(&stream).arg("-").arg("+").arg("COUNT").arg(1);
        }
        let answer = pipe.query_async(&mut link.connection.clone()).await.map_err(failed)?;
        let answers: Vec<redis::Value> = answer;
        let (mut events, mut oldest_ms) = (0, None);
        for pair in answers.chunks_exact(2) {
            let [length, first] = pair else { continue };
            events += redis::from_redis_value_ref::<u64>(length).unwrap_or(0);
            let first: StreamRangeReply = redis::from_redis_value_ref(first).unwrap_or_default();
            let first = first.ids.first().and_then(|entry| parse_entry_id(&entry.id));
            let appended_ms = first.and_then(|(ms, _)| i64::try_from(ms).ok());
            oldest_ms = oldest_ms.into_iter().chain(appended_ms).min();
        }
        Ok(Lag { name: name.clone(), events, oldest_ms })
    }
}
