//! The bus: takes events from outboxes, and keeps a queue a subscription until each event was handled.
//!
//! Events are fanned out when they are appended: each subscription has entries of its own, so a slow one holds up no
//! other, its lag is the length of its queue, and an entry goes when it is settled. What runs when, what waits for what
//! and how often is tried is not the bus's business: the [`dispatcher`](crate::Dispatcher) decides it, the same for
//! both implementations:
//!
//! - [`embedded`]: a durable log in SQLite, for one process;
//! - [`redis`]: Redis Streams, for many.

pub mod embedded;
pub mod redis;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::event::{Event, EventType};
use crate::subscription::{Pattern, SubscriptionName};

/// Which events go to which queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The subscription, and its queue.
    pub name: SubscriptionName,
    /// The types that it gets.
    pub pattern: Pattern,
}

/// The queues that an event of this type goes to.
pub fn routes_of<'a>(routes: &'a [Route], ty: &EventType) -> impl Iterator<Item = &'a Route> {
    let ty = ty.clone();
    routes.iter().filter(move |route| route.pattern.matches(&ty))
}

/// Where an entry lies in its queue. Those of one part and one generation are ordered as their entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Receipt {
    /// A mark of the bus's [`Generation`] that it lies in: a number may come again in another one. 0 where there is but
    /// one.
    pub generation: u64,
    /// The part of the queue; one part is read by one host at a time. 0 where there are no parts.
    pub partition: u16,
    /// The entry's number in its part, growing.
    pub id: (u64, u64),
}

/// An entry of a queue.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where it lies.
    pub receipt: Receipt,
    /// The event.
    pub event: Arc<Event>,
    /// How often it was tried in vain so far.
    pub attempts: u32,
    /// Not to be tried before, in ms since 1970; 0 for at once.
    pub due_ms: i64,
    /// What the event takes in memory, in bytes.
    pub bytes: usize,
}

/// What a queue says.
#[derive(Debug)]
pub enum Received {
    /// Entries that are this host's now, in order within a partition.
    Entries(Vec<Delivery>),
    /// Entries of this partition (all of them, with `None`) are no longer this host's: forget those that do not run. If
    /// they become its own again, they come again.
    Revoked(Option<u16>),
}

/// Reads one queue. Dropping it ends the reading.
pub struct Queue {
    received: mpsc::Receiver<Received>,
    _reader: tokio_util::task::AbortOnDropHandle<()>,
}

impl Queue {
    pub(crate) fn new(received: mpsc::Receiver<Received>, reader: tokio::task::JoinHandle<()>) -> Self {
        Self { received, _reader: tokio_util::task::AbortOnDropHandle::new(reader) }
    }

    /// Waits for something; `None` after the bus was closed. Cancel safe.
    pub async fn receive(&mut self) -> Option<Received> {
        self.received.recv().await
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

/// What the bus may have forgotten. Two generations differ if what was appended in the first may be missing in the
/// second: a Redis that was restarted, emptied or replaced. So an event goes into a new one only after all that the
/// outbox had before it, and what is known of one (where an entry lies, what is settled) says nothing of another.
pub type Generation = Arc<str>;

/// How far a subscription is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Which.
    pub name: SubscriptionName,
    /// Events that are not settled.
    pub events: u64,
    /// When the oldest of them was appended, in ms since 1970.
    pub oldest_ms: Option<i64>,
}

/// Why the bus did not do something.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BusError {
    /// Not reachable, or busy: the same may work soon.
    #[error("the event bus is not reachable: {0}")]
    Unavailable(String),
    /// Something that waiting does not mend: a full disk, a wrong password.
    #[error("the event bus failed: {0}")]
    Failed(String),
    /// It may have forgotten what it had: it is not in the [`Generation`] that the caller speaks of.
    #[error("the event bus was restarted, emptied or replaced")]
    AnotherGeneration,
    /// It was closed.
    #[error("the event bus is closed")]
    Closed,
}

/// Takes events from outboxes and keeps a queue a subscription. See the [module](self).
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Says which subscriptions there are. They get what is appended from now on, also while nobody reads them.
    /// Declaring again is harmless, and says that the subscription is still wanted.
    async fn declare(&self, routes: &[Route]) -> Result<(), BusError>;

    /// Takes a subscription away, with what lies in its queue.
    async fn retire(&self, name: &SubscriptionName) -> Result<(), BusError>;

    /// The subscriptions that nobody declared since then, in ms since 1970.
    async fn undeclared_since(&self, ms: i64) -> Result<Vec<SubscriptionName>, BusError>;

    /// Puts events into the queues that want them, in this order. They may be handed out before they are durable. An
    /// event that still lies in a queue is not put there again.
    ///
    /// Does nothing, and says [`BusError::AnotherGeneration`], if the bus is not in this generation: events that come
    /// before these may be missing there. Which one it is in, [`generation`](Self::generation) says by then.
    async fn append(&self, generation: &str, events: &[Arc<Event>]) -> Result<(), BusError>;

    /// Makes durable, as far as this bus is, what was appended before: see [`is_durable`](Self::is_durable).
    async fn sync(&self) -> Result<(), BusError>;

    /// Reads a subscription's queue: first all that is unsettled, then what comes; nothing before it is declared. One
    /// reader a host.
    fn queue(&self, name: &SubscriptionName) -> Queue;

    /// An entry was handled, or is a dead letter now: it goes. Returns when it is on its way; what is lost on the way
    /// comes again, and its inbox row says that it was handled.
    async fn settle(&self, name: &SubscriptionName, receipt: Receipt, event: Uuid);

    /// An entry was tried in vain: how often, and when it is due. On its way as with `settle`.
    async fn postpone(&self, name: &SubscriptionName, receipt: Receipt, attempts: u32, due_ms: i64);

    /// The event of an entry, again; `None` if it was settled. `AnotherGeneration` if the entry is not of this one.
    async fn fetch(&self, name: &SubscriptionName, receipt: Receipt) -> Result<Option<Arc<Event>>, BusError>;

    /// Which of these events, all appended in this generation, lie in a queue: the others were settled.
    /// `AnotherGeneration` if the bus is not in it, for then they may have been lost.
    async fn unsettled(&self, generation: &str, events: &[Uuid]) -> Result<HashSet<Uuid>, BusError>;

    /// The bus's generation, when it changes; `None` as long as it was never reached. A bus whose log is as durable as
    /// the databases has one, for ever.
    fn generation(&self) -> watch::Receiver<Option<Generation>>;

    /// Whether what was appended and synced is as durable as the databases, so that outboxes need not keep it until it is
    /// handled.
    fn is_durable(&self) -> bool;

    /// How far the subscriptions are behind, by name.
    async fn lag(&self) -> Result<Vec<Lag>, BusError>;

    /// Brings on its way what `settle` and `postpone` took, and ends.
    async fn close(&self);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_goes_to_all_who_want_it() {
        let route = |name: &str| {
            let name: SubscriptionName = name.parse().unwrap();
            let (_, pattern) = name.as_str().split_once('/').unwrap();
            Route { pattern: pattern.parse().unwrap(), name }
        };
        let routes = [route("one/a.b"), route("two/a.b.*"), route("three/a.b"), route("four/a.b.c")];
        let to = |ty: &str| -> Vec<&str> {
            routes_of(&routes, &ty.parse().unwrap()).map(|route| route.name.as_str()).collect()
        };
        assert_eq!(to("a.b"), ["one/a.b", "three/a.b"]);
        assert_eq!(to("a.b.c"), ["two/a.b.*", "four/a.b.c"]);
        assert!(to("x.y").is_empty());
    }
}
