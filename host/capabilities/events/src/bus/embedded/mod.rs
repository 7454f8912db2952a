//! The bus of one process: a durable log in SQLite, with a wake-up.
//!
//! One writer takes what all publishers, lanes and relays want written and commits it together. Readers get what was
//! appended before it is on disk; outboxes forget it after ([`Bus::sync`]). They follow by number: what a subscription
//! has not settled is what it reads after a restart.

mod reader;
mod statements;
mod tail;
mod writer;

use std::collections::{BTreeMap, HashSet};
use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{Bus, BusError, Generation, Lag, Queue, Receipt, Route};
use crate::event::Event;
use crate::subscription::SubscriptionName;
use tail::Tail;
use writer::{Op, Writer};

/// Connections that read.
const READERS: u32 = 4;
/// How long to wait for a reader of the operator's, for instance a backup.
const BUSY: Duration = Duration::from_secs(10);
/// Things on their way to the writer. Who brings more waits.
const OPS: usize = 8_192;
const GENERATION: &str = "embedded";

/// See the [module](self).
#[derive(Debug)]
pub struct EmbeddedBus {
    ops: mpsc::Sender<Op>,
    readers: SqlitePool,
    subscriptions: watch::Sender<Subscriptions>,
    generation: watch::Sender<Option<Generation>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Held as long as the bus is open: two processes would hand out the same events.
    lock: Mutex<Option<File>>,
}

/// The subscriptions by name. Each tells its reader that there is something new.
pub(super) type Subscriptions = BTreeMap<SubscriptionName, Known>;

/// A subscription of the log.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) number: i64,
    pub(super) route: Route,
    tail: Tail,
    news: watch::Sender<()>,
}

impl Known {
    /// Of a log whose next event gets the number `next`.
    pub(super) fn new(number: i64, route: Route, next: i64) -> Self {
        Self { number, route, tail: Tail::after_number(next - 1), news: watch::Sender::new(()) }
    }
}

impl EmbeddedBus {
    /// Opens the log in this folder, or begins one. Only one process may have it open.
    pub async fn open(folder: &Path) -> Result<Self, BusError> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| io(folder, &error))?;
        let lock = lock(folder)?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("bus.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .pragma("trusted_schema", "off");
        let mut connection = options.clone().connect().await.map_err(failed)?;
        statements::prepare(&mut connection).await.map_err(failed)?;
        let next = statements::next_number(&mut connection).await.map_err(failed)?;
        let routes = statements::subscriptions(&mut connection).await.map_err(failed)?;
        let known = routes.into_iter().map(|(route, number)| (route.name.clone(), Known::new(number, route, next)));
        let subscriptions = watch::Sender::new(known.collect());
        let readers = SqlitePoolOptions::new().max_connections(READERS);
        let readers = readers.connect_with(options.pragma("query_only", "on")).await.map_err(failed)?;
        let (ops, incoming) = mpsc::channel(OPS);
        let writer = Writer::new(connection, subscriptions.clone(), next);
        let writer = Mutex::new(Some(tokio::spawn(writer.run(incoming))));
        let generation = watch::Sender::new(Some(GENERATION.into()));
        Ok(Self { ops, readers, subscriptions, generation, writer, lock: Mutex::new(Some(lock)) })
    }

    async fn ask<T>(&self, op: impl FnOnce(oneshot::Sender<Result<T, BusError>>) -> Op) -> Result<T, BusError> {
        let (reply, answer) = oneshot::channel();
        self.ops.send(op(reply)).await.map_err(|_| BusError::Closed)?;
        answer.await.map_err(|_| BusError::Closed)?
    }

    fn number(&self, name: &SubscriptionName) -> Option<i64> {
        self.subscriptions.borrow().get(name).map(|known| known.number)
    }

    async fn tell(&self, op: Op) {
        // The writer ends when the bus is closed: then it comes again after the next start.
        let _closed = self.ops.send(op).await;
    }
}

#[async_trait]
impl Bus for EmbeddedBus {
    async fn declare(&self, routes: &[Route]) -> Result<(), BusError> {
        let routes = routes.to_vec();
        self.ask(|reply| Op::Declare { routes, reply }).await
    }

    async fn retire(&self, name: &SubscriptionName) -> Result<(), BusError> {
        let name = name.clone();
        self.ask(|reply| Op::Retire { name, reply }).await
    }

    async fn undeclared_since(&self, ms: i64) -> Result<Vec<SubscriptionName>, BusError> {
        let names = statements::undeclared_since(&self.readers, ms).await.map_err(failed)?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    async fn append(&self, generation: &str, events: &[Arc<Event>]) -> Result<(), BusError> {
        only(generation)?;
        let events = events.to_vec();
        self.ask(|reply| Op::Append { events, reply }).await
    }

    async fn sync(&self) -> Result<(), BusError> {
        self.ask(|reply| Op::Sync { reply }).await
    }

    fn queue(&self, name: &SubscriptionName) -> Queue {
        reader::start(self.readers.clone(), self.subscriptions.subscribe(), name.clone())
    }

    async fn settle(&self, name: &SubscriptionName, receipt: Receipt, _event: Uuid) {
        if let Some(subscription) = self.number(name) {
            self.tell(Op::Settle { subscription, seq: seq_of(receipt) }).await;
        }
    }

    async fn postpone(&self, name: &SubscriptionName, receipt: Receipt, attempts: u32, due_ms: i64) {
        if let Some(subscription) = self.number(name) {
            self.tell(Op::Postpone { subscription, seq: seq_of(receipt), attempts, due_ms }).await;
        }
    }

    async fn fetch(&self, _name: &SubscriptionName, receipt: Receipt) -> Result<Option<Arc<Event>>, BusError> {
        let text = statements::event(&self.readers, seq_of(receipt)).await.map_err(failed)?;
        let event = text.map(|text| Event::from_json(&text)).transpose();
        event.map(|event| event.map(Arc::new)).map_err(|fault| BusError::Failed(fault.message))
    }

    async fn unsettled(&self, generation: &str, events: &[Uuid]) -> Result<HashSet<Uuid>, BusError> {
        only(generation)?;
        let mut reader = self.readers.acquire().await.map_err(failed)?;
        statements::which_are_there(&mut reader, events).await.map_err(failed)
    }

    fn generation(&self) -> watch::Receiver<Option<Generation>> {
        self.generation.subscribe()
    }

    fn is_durable(&self) -> bool {
        true
    }

    async fn lag(&self) -> Result<Vec<Lag>, BusError> {
        let names: Vec<_> =
            self.subscriptions.borrow().values().map(|known| (known.route.name.clone(), known.number)).collect();
        let mut lags = Vec::with_capacity(names.len());
        for (name, number) in names {
            let (events, oldest_ms) = statements::lag(&self.readers, number).await.map_err(failed)?;
            lags.push(Lag { name, events, oldest_ms });
        }
        Ok(lags)
    }

    async fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let (reply, closed) = oneshot::channel();
            self.tell(Op::Close { reply }).await;
            let _ended = closed.await;
            let _joined = writer.await;
        }
        self.readers.close().await;
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// This bus forgets nothing, so it has one generation for ever.
fn only(generation: &str) -> Result<(), BusError> {
    if generation == GENERATION { Ok(()) } else { Err(BusError::AnotherGeneration) }
}

/// The numbers are SQLite's own, so they fit.
fn seq_of(receipt: Receipt) -> i64 {
    i64::try_from(receipt.id.0).unwrap_or(i64::MAX)
}

fn lock(folder: &Path) -> Result<File, BusError> {
    let path = folder.join("bus.lock");
    let file = File::create(&path).map_err(|error| io(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BusError::Failed(format!(
            "{} is in use by another host; the embedded bus serves one process, use `kind = \"redis\"` for more",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(io(&path, &error)),
    }
}

fn io(path: &Path, error: &std::io::Error) -> BusError {
    BusError::Failed(format!("{}: {error}", path.display()))
}

/// A busy or full database is worth another try; so is anything else, later: the log is the only copy of nothing.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn failed(error: sqlx::Error) -> BusError {
    BusError::Failed(error.to_string())
}
