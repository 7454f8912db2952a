//! The one who writes: takes what has come meanwhile, and commits it as one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::statements::{self, NewEvent};
use super::tail::Entry;
use super::{Known, Subscriptions, failed};
use crate::bus::{BusError, Route, routes_of};
use crate::clock::now_ms;
use crate::event::Event;
use crate::fail_point::fail_point;
use crate::subscription::SubscriptionName;

/// Things that are committed together at most.
const BATCH: usize = 1_024;
/// How long what nobody waits for may lie about, so that more of it shares a commit.
const LINGER: Duration = Duration::from_millis(20);
/// The wait after a commit that failed.
const PAUSE: Duration = Duration::from_millis(200);

type Reply<T> = oneshot::Sender<Result<T, BusError>>;

/// What is to be written.
#[derive(Debug)]
pub(super) enum Op {
    Append { events: Vec<Arc<Event>>, reply: Reply<()> },
    Sync { reply: Reply<()> },
    Declare { routes: Vec<Route>, reply: Reply<()> },
    Retire { name: SubscriptionName, reply: Reply<()> },
    Settle { subscription: i64, seq: i64 },
    Postpone { subscription: i64, seq: i64, attempts: u32, due_ms: i64 },
    Close { reply: oneshot::Sender<()> },
}

impl Op {
    /// Whether somebody waits for it.
    const fn is_awaited(&self) -> bool {
        !matches!(self, Self::Settle { .. } | Self::Postpone { .. })
    }

    /// Whether it is to be on disk when that is answered, with all that came before. The others come again after a power
    /// cut: an outbox keeps its events until a sync, and what was handled has its inbox row.
    const fn is_synced(&self) -> bool {
        matches!(self, Self::Sync { .. } | Self::Declare { .. } | Self::Retire { .. })
    }
}

pub(super) struct Writer {
    connection: SqliteConnection,
    subscriptions: watch::Sender<Subscriptions>,
    next: i64,
    /// Whether commits are synced to disk just now.
    synced: bool,
}

/// What a commit makes known.
#[derive(Default)]
struct Changes {
    arrived: HashMap<i64, Vec<Entry>>,
    declared: Vec<(Route, i64)>,
    retired: Vec<SubscriptionName>,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection, subscriptions: watch::Sender<Subscriptions>, next: i64) -> Self {
        Self { connection, subscriptions, next, synced: true }
    }

    pub(super) async fn run(mut self, mut incoming: mpsc::Receiver<Op>) {
        let mut batch = Vec::with_capacity(BATCH);
        while collect(&mut incoming, &mut batch).await {
            let closing = batch.iter().any(|op| matches!(op, Op::Close { .. }));
            if closing {
                incoming.close();
                while let Some(op) = incoming.recv().await {
                    batch.push(op);
                }
            }
            let result = self.write(&batch).await;
            if let Err(error) = &result {
                tracing::error!(%error, "event bus cannot write");
            }
            // What nobody waits for is kept until it is written.
            let mut kept = Vec::new();
            for op in batch.drain(..) {
                match op {
                    Op::Append { reply, .. }
                    | Op::Sync { reply }
                    | Op::Declare { reply, .. }
                    | Op::Retire { reply, .. } => {
                        let _gone = reply.send(result.clone());
                    }
                    Op::Close { reply } => drop(reply),
                    lazy if result.is_err() => kept.push(lazy),
                    _ => {}
                }
            }
            if closing {
                break;
            }
            if result.is_err() {
                batch = kept;
                tokio::time::sleep(PAUSE).await;
            }
        }
        let _ended = self.connection.close().await;
    }

    async fn write(&mut self, batch: &[Op]) -> Result<(), BusError> {
        let synced = batch.iter().any(Op::is_synced);
        if synced != self.synced {
            let level = if synced { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" };
            sqlx::query(level).execute(&mut self.connection).await.map_err(failed)?;
            self.synced = synced;
        }
        let next = self.next;
        let changes = self.transact(batch).await.map_err(failed);
        if changes.is_err() {
            self.next = next;
        }
        self.tell(changes?);
        Ok(())
    }

    async fn transact(&mut self, batch: &[Op]) -> Result<Changes, sqlx::Error> {
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut changes = Changes::default();
        let mut settled = BTreeMap::<i64, Vec<i64>>::new();
        let now_ms = now_ms();
        let mut routes: Vec<_> =
            self.subscriptions.borrow().values().map(|known| (known.route.clone(), known.number)).collect();
        for op in batch {
            match op {
                Op::Declare { routes: declared, .. } => {
                    for route in declared {
                        let number = statements::declare(&mut transaction, route, now_ms).await?;
                        if !routes.iter().any(|(known, _)| known.name == route.name) {
                            routes.push((route.clone(), number));
                            changes.declared.push((route.clone(), number));
                        }
                    }
                }
                Op::Retire { name, .. } => {
                    if let Some(at) = routes.iter().position(|(route, _)| route.name == *name) {
                        let (_, number) = routes.swap_remove(at);
                        statements::retire(&mut transaction, number).await?;
                        changes.retired.push(name.clone());
                    }
                }
                Op::Settle { subscription, seq } => settled.entry(*subscription).or_default().push(*seq),
                Op::Postpone { subscription, seq, attempts, due_ms } => {
                    statements::postpone(&mut transaction, *subscription, *seq, *attempts, *due_ms).await?;
                }
                Op::Append { .. } | Op::Sync { .. } | Op::Close { .. } => {}
            }
        }
        if batch.iter().any(|op| matches!(op, Op::Sync { .. })) {
            statements::note_sync(&mut transaction, now_ms).await?;
        }
        let events: Vec<_> = batch.iter().filter_map(appended).flatten().collect();
        if !events.is_empty() {
            changes.arrived = append(&mut transaction, &mut self.next, &routes, &events, now_ms).await?;
            fail_point!("bus-before-commit");
        }
        if !settled.is_empty() {
            fail_point!("bus-before-settle");
        }
        for (subscription, seqs) in &settled {
            statements::settle(&mut transaction, *subscription, seqs).await?;
        }
        transaction.commit().await?;
        if !events.is_empty() {
            fail_point!("bus-after-commit");
        }
        if !settled.is_empty() {
            fail_point!("bus-after-settle");
        }
        Ok(changes)
    }

    /// After the commit: what is new, for all who look or wait.
    fn tell(&self, mut changes: Changes) {
        if !changes.declared.is_empty() || !changes.retired.is_empty() {
            self.subscriptions.send_modify(|subscriptions| {
                for (route, number) in changes.declared {
                    // What comes with this very commit is on disk for it.
                    let known = Known::new(number, route, self.next);
                    subscriptions.insert(known.route.name.clone(), known);
                }
                for name in &changes.retired {
                    subscriptions.remove(name);
                }
            });
        }
        for known in self.subscriptions.borrow().values() {
            if let Some(arrived) = changes.arrived.remove(&known.number) {
                known.tail.push(arrived);
                known.news.send_replace(());
            }
        }
    }
}

fn appended(op: &Op) -> Option<&Vec<Arc<Event>>> {
    match op {
        Op::Append { events, .. } => Some(events),
        _ => None,
    }
}

/// Puts events into the queues that want them, but not those that lie there already. Says what each queue got.
async fn append(
    connection: &mut SqliteConnection,
    next: &mut i64,
    routes: &[(Route, i64)],
    events: &[&Arc<Event>],
    now_ms: i64,
) -> Result<HashMap<i64, Vec<Entry>>, sqlx::Error> {
    let names: Vec<Route> = routes.iter().map(|(route, _)| route.clone()).collect();
    let numbers: HashMap<_, _> = routes.iter().map(|(route, number)| (&route.name, *number)).collect();
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    let mut there: HashSet<_> = statements::which_are_there(connection, &ids).await?;
    let (mut new, mut entries, mut arrived) = (Vec::new(), Vec::new(), HashMap::<i64, Vec<Entry>>::new());
    for event in events {
        let wanted: Vec<_> =
            routes_of(&names, &event.ty).filter_map(|route| numbers.get(&route.name).copied()).collect();
        // What nobody wants is not kept.
        if wanted.is_empty() || !there.insert(event.id) {
            continue;
        }
        let seq = *next;
        *next += 1;
        let json = event.to_json();
        for subscription in wanted {
            entries.push((subscription, seq));
            let entry = Entry { seq, event: Arc::clone(event), bytes: json.len() };
            arrived.entry(subscription).or_default().push(entry);
        }
        new.push(NewEvent { seq, id: event.id, json, appended_ms: now_ms });
    }
    statements::insert_events(connection, &new).await?;
    statements::insert_entries(connection, &entries).await?;
    Ok(arrived)
}

/// Waits until there is something to write, and takes all that is there. What nobody waits for lingers a little.
async fn collect(incoming: &mut mpsc::Receiver<Op>, batch: &mut Vec<Op>) -> bool {
    if batch.is_empty() && incoming.recv_many(batch, BATCH).await == 0 {
        return false;
    }
    let deadline = Instant::now() + LINGER;
    while batch.len() < BATCH && !batch.iter().any(Op::is_awaited) {
        let room = BATCH - batch.len();
        match tokio::time::timeout_at(deadline, incoming.recv_many(batch, room)).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    true
}
