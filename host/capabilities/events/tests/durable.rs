//! An outbox forgets its events when the bus has them on disk, and not before.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use fondaco_events::bus::embedded::EmbeddedBus;
use fondaco_events::bus::{Bus, BusError, Generation, Lag, Queue, Receipt, Route};
use fondaco_events::{Event, Events, Limits, SubscriptionName};
use fondaco_sql::{Databases, DatabasesConfig};
use support::house::{Book, House, QUEUE, count};
use support::{subscription, until};
use tokio::sync::watch;
use uuid::Uuid;

/// The embedded bus on a disk that cannot be synced for a while.
struct Unsynced {
    inner: EmbeddedBus,
    refuses: AtomicBool,
    asked: AtomicU32,
}

#[async_trait]
impl Bus for Unsynced {
    async fn sync(&self) -> Result<(), BusError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.refuses.load(Ordering::SeqCst) {
            return Err(BusError::Failed("the disk does not answer".into()));
        }
        self.inner.sync().await
    }
    async fn declare(&self, routes: &[Route]) -> Result<(), BusError> {
        self.inner.declare(routes).await
    }
    async fn retire(&self, name: &SubscriptionName) -> Result<(), BusError> {
        self.inner.retire(name).await
    }
    async fn undeclared_since(&self, ms: i64) -> Result<Vec<SubscriptionName>, BusError> {
        self.inner.undeclared_since(ms).await
    }
    async fn append(&self, generation: &str, events: &[Arc<Event>]) -> Result<(), BusError> {
        self.inner.append(generation, events).await
    }
    fn queue(&self, name: &SubscriptionName) -> Queue {
        self.inner.queue(name)
    }
    async fn settle(&self, name: &SubscriptionName, receipt: Receipt, event: Uuid) {
        self.inner.settle(name, receipt, event).await;
    }
    async fn postpone(&self, name: &SubscriptionName, receipt: Receipt, attempts: u32, due_ms: i64) {
        self.inner.postpone(name, receipt, attempts, due_ms).await;
    }
    async fn fetch(&self, name: &SubscriptionName, receipt: Receipt) -> Result<Option<Arc<Event>>, BusError> {
        self.inner.fetch(name, receipt).await
    }
    async fn unsettled(&self, generation: &str, events: &[Uuid]) -> Result<HashSet<Uuid>, BusError> {
        self.inner.unsettled(generation, events).await
    }
    fn generation(&self) -> watch::Receiver<Option<Generation>> {
        self.inner.generation()
    }
    fn is_durable(&self) -> bool {
        self.inner.is_durable()
    }
    async fn lag(&self) -> Result<Vec<Lag>, BusError> {
        self.inner.lag().await
    }
    async fn close(&self) {
        self.inner.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_on_disk_stays_in_its_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let databases = Databases::open(DatabasesConfig::embedded(folder.path().join("sql"))).await.unwrap();
    let inner = EmbeddedBus::open(&folder.path().join("events")).await.unwrap();
    let disk = Arc::new(Unsynced { inner, refuses: AtomicBool::new(true), asked: AtomicU32::new(0) });
    let bus: Arc<dyn Bus> = Arc::clone(&disk) as Arc<dyn Bus>;
    let events = Events::with_bus(Arc::clone(&bus), databases.clone(), Limits::default());
    let house = House { databases, bus, events };
    house.events.subscribe(subscription(QUEUE)).await.unwrap();
    house.events.start_with(Arc::new(house.events.native_handler(Book::default())));
    let (shop, book) = (house.shop("acme").await, house.book("acme").await);

    house.publish(&shop, "a", 5).await.unwrap();
    // Handlers need not wait for the bus's disk: their own commits say what was done.
    until("all are handled", async || (count(&book, "SELECT count(*) FROM effects").await? == 5).then_some(())).await;
    until("it was tried again", async || (disk.asked.load(Ordering::SeqCst) >= 2).then_some(())).await;
    assert_eq!(count(&shop, "SELECT count(*) FROM fondaco_outbox").await, Some(5));

    disk.refuses.store(false, Ordering::SeqCst);
    house.settle(&["acme"]).await;
    assert_eq!(count(&shop, "SELECT count(*) FROM fondaco_outbox").await, Some(0));
    assert_eq!(house.check("acme").await.handled, 5);
    house.stop().await;
}
