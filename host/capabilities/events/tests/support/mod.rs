//! What the tests of buses, dispatchers and relays share.

#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod house;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use fondaco_events::bus::redis::{RedisBus, RedisConfig};
use fondaco_events::bus::{Bus, BusError, Delivery, Generation, Queue, Received, Route};
use fondaco_events::{Backoff, Draft, Event, Subscription, SubscriptionName};
use fondaco_test_servers::Redis;
use uuid::Uuid;

pub(crate) const TYPE: &str = "fondaco.test.done.v1";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A bus with short leases, so that tests need not wait for those of a host that was killed.
pub(crate) fn redis_bus(server: &Redis) -> RedisBus {
    RedisBus::new(&redis_config(server)).unwrap()
}

pub(crate) fn redis_config(server: &Redis) -> RedisConfig {
    RedisConfig { lease: Duration::from_millis(600), ..RedisConfig::new(server.url()) }
}

pub(crate) fn name(text: &str) -> SubscriptionName {
    text.parse().unwrap()
}

pub(crate) fn route(text: &str) -> Route {
    let name = name(text);
    let (_, pattern) = name.as_str().split_once('/').unwrap();
    Route { pattern: pattern.parse().unwrap(), name }
}

pub(crate) fn subscription(text: &str) -> Subscription {
    let Route { name, pattern } = route(text);
    Subscription {
        service: name.as_str().split('/').next().unwrap().parse().unwrap(),
        name,
        pattern,
        ordered: true,
        max_attempts: 3,
        concurrency: 4,
        backoff: Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(5) },
        timeout: Duration::from_secs(10),
    }
}

pub(crate) fn draft(ty: &str, key: Option<&str>, number: u32) -> Draft {
    Draft { ty: ty.into(), subject: None, partition_key: key.map(Into::into), data: format!("{{\"number\":{number}}}") }
}

pub(crate) fn event(ty: &str, key: Option<&str>, number: u32) -> Arc<Event> {
    event_of("acme", ty, key, number)
}

pub(crate) fn event_of(tenant: &str, ty: &str, key: Option<&str>, number: u32) -> Arc<Event> {
    let event = Event::new(draft(ty, key, number), tenant.parse().unwrap(), "/services/test".into(), 0, 1_000);
    Arc::new(event.unwrap())
}

pub(crate) fn number(event: &Event) -> u32 {
    #[derive(serde::Deserialize)]
    struct Data {
        number: u32,
    }
    serde_json::from_str::<Data>(event.data.get()).unwrap().number
}

/// Appends to the bus as it is, whatever it had before; in which generation.
pub(crate) async fn append(bus: &dyn Bus, events: &[Arc<Event>]) -> Result<Generation, BusError> {
    let generation = current(bus);
    bus.append(&generation, events).await.map(|()| generation)
}

/// Which of these lie in a queue of the bus as it is.
pub(crate) async fn unsettled(bus: &dyn Bus, events: &[Uuid]) -> HashSet<Uuid> {
    bus.unsettled(&current(bus), events).await.unwrap()
}

/// The generation as far as it is known.
pub(crate) fn current(bus: &dyn Bus) -> Generation {
    bus.generation().borrow().clone().unwrap_or_default()
}

/// Reads so many entries.
pub(crate) async fn take(queue: &mut Queue, count: usize) -> Vec<Delivery> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let received = tokio::time::timeout(PATIENCE, queue.receive()).await;
        match received.unwrap_or_else(|_| panic!("{} of {count} entries came", taken.len())) {
            Some(Received::Entries(entries)) => taken.extend(entries),
            Some(Received::Revoked(_)) => {}
            None => panic!("the bus was closed"),
        }
    }
    assert_eq!(taken.len(), count);
    taken
}

pub(crate) fn numbers(deliveries: &[Delivery]) -> Vec<u32> {
    deliveries.iter().map(|delivery| number(&delivery.event)).collect()
}

pub(crate) fn sorted(mut numbers: Vec<u32>) -> Vec<u32> {
    numbers.sort_unstable();
    numbers
}

/// Waits until something holds.
pub(crate) async fn until<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn lag_of(bus: &dyn Bus, name: &SubscriptionName) -> u64 {
    let lags = bus.lag().await.unwrap();
    lags.iter().find(|lag| lag.name == *name).map_or(0, |lag| lag.events)
}
