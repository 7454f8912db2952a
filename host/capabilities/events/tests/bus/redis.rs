//! What only Redis can do: forget, go away; and what only many replicas have to share.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fondaco_events::bus::redis::{RedisBus, RedisConfig};
use fondaco_events::bus::{Bus, BusError, Receipt, Received};
use fondaco_test_servers::Redis;

use crate::support::{
    PATIENCE, TYPE, append, event, lag_of, name, number, numbers, redis_bus, redis_config, route, sorted, take,
    unsettled, until,
};

const QUEUE: &str = "one/fondaco.test.*";

async fn open(server: &Redis) -> RedisBus {
    let bus = redis_bus(server);
    bus.declare(&[route(QUEUE)]).await.unwrap();
    bus
}

#[tokio::test]
async fn away_is_said_at_once() {
    let Some(server) = Redis::start() else { return };
    let bus = open(&server).await;
    server.stop();
    let error = tokio::time::timeout(PATIENCE, append(&bus, &[event(TYPE, None, 1)])).await.unwrap().unwrap_err();
    assert!(matches!(error, BusError::Unavailable(_)), "{error}");
    server.resume();
    until("redis is back", async || append(&bus, &[event(TYPE, None, 1)]).await.ok()).await;
    bus.close().await;
}

#[tokio::test]
async fn an_empty_redis_is_another_generation() {
    let Some(server) = Redis::start() else { return };
    let bus = open(&server).await;
    let first = append(&bus, &[event(TYPE, None, 1)]).await.unwrap();
    assert_eq!(bus.generation().borrow().clone(), Some(Arc::clone(&first)));
    let mut queue = bus.queue(&name(QUEUE));
    assert_eq!(numbers(&take(&mut queue, 1).await), [1]);

    server.stop();
    server.resume();
    let mut generation = bus.generation();
    tokio::time::timeout(PATIENCE, generation.wait_for(|now| now.as_ref() != Some(&first))).await.unwrap().unwrap();
    // The subscription is there again without being declared, and the reader goes on.
    let second = until("redis is back", async || append(&bus, &[event(TYPE, None, 2)]).await.ok()).await;
    assert_ne!(first, second);
    assert_eq!(numbers(&take(&mut queue, 1).await), [2]);

    // Emptied while it runs.
    server.command(&["FLUSHALL"]);
    tokio::time::timeout(PATIENCE, generation.wait_for(|now| now.as_ref() != Some(&second))).await.unwrap().unwrap();
    let third = until("redis is back", async || append(&bus, &[event(TYPE, None, 3)]).await.ok()).await;
    assert_ne!(second, third);
    assert_eq!(numbers(&take(&mut queue, 1).await), [3]);
    bus.close().await;
}

#[tokio::test]
async fn nothing_of_an_emptied_redis_is_taken_for_what_it_holds_now() {
    let Some(server) = Redis::start() else { return };
    let bus = open(&server).await;
    let lost = event(TYPE, Some("a"), 1);
    let first = append(&bus, &[Arc::clone(&lost)]).await.unwrap();
    let taken = take(&mut bus.queue(&name(QUEUE)), 1).await;
    server.command(&["FLUSHALL"]);

    // A later event must not overtake it, what is missing was not settled, and its entry is not one that was handled.
    let later = event(TYPE, Some("a"), 2);
    let another = |error: &BusError| matches!(error, BusError::AnotherGeneration);
    assert!(another(&bus.unsettled(&first, &[lost.id]).await.unwrap_err()));
    assert!(another(&bus.append(&first, &[Arc::clone(&later)]).await.unwrap_err()));
    assert!(another(&bus.fetch(&name(QUEUE), taken[0].receipt).await.unwrap_err()));
    assert_eq!(lag_of(&bus, &name(QUEUE)).await, 0);

    // Even where an entry has the same number, it is not settled in the other's place.
    let second = append(&bus, &[lost, later]).await.unwrap();
    assert_ne!(first, second);
    let again = take(&mut bus.queue(&name(QUEUE)), 2).await;
    assert_eq!(numbers(&again), [1, 2]);
    let alike = Receipt { generation: taken[0].receipt.generation, ..again[0].receipt };
    assert_ne!(alike, again[0].receipt);
    bus.settle(&name(QUEUE), alike, again[0].event.id).await;
    bus.settle(&name(QUEUE), again[1].receipt, again[1].event.id).await;
    until("the second is settled", async || (lag_of(&bus, &name(QUEUE)).await == 1).then_some(())).await;
    assert_eq!(unsettled(&bus, &[again[0].event.id]).await.len(), 1);
    bus.close().await;
}

#[tokio::test]
async fn an_append_goes_on_where_others_saw_first_that_redis_was_emptied() {
    let Some(server) = Redis::start() else { return };
    let bus = open(&server).await;
    let first = append(&bus, &[event(TYPE, None, 1)]).await.unwrap();
    server.command(&["FLUSHALL"]);
    bus.lag().await.unwrap();
    let second = append(&bus, &[event(TYPE, None, 2)]).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(numbers(&take(&mut bus.queue(&name(QUEUE)), 1).await), [2]);
    bus.close().await;
}

#[tokio::test]
async fn a_reader_that_came_before_its_subscription_finds_it_later() {
    let Some(server) = Redis::start() else { return };
    let bus = redis_bus(&server);
    let mut queue = bus.queue(&name(QUEUE));
    // It makes this key when it looks.
    until("the reader has looked", async || {
        (server.command(&["EXISTS", "{fondaco:events}:version"]) == ":1").then_some(())
    })
    .await;
    bus.declare(&[route(QUEUE)]).await.unwrap();
    append(&bus, &[event(TYPE, None, 1)]).await.unwrap();
    assert_eq!(numbers(&take(&mut queue, 1).await), [1]);
    bus.close().await;
}

/// A replica that was stalled goes on reading for a while after its leases have ended.
#[tokio::test]
async fn a_replica_without_its_leases_takes_nothing_from_the_next() {
    let Some(server) = Redis::start() else { return };
    // It does not look at its leases again while this runs.
    let config = RedisConfig { lease: Duration::from_mins(10), ..redis_config(&server) };
    let stalled = RedisBus::new(&config).unwrap();
    stalled.declare(&[route(QUEUE)]).await.unwrap();
    let events: Vec<_> = (0..40).map(|number| event(TYPE, None, number)).collect();
    append(&stalled, &events[..20]).await.unwrap();
    let mut first = stalled.queue(&name(QUEUE));
    take(&mut first, 20).await;
    for partition in 0..8 {
        assert_eq!(server.command(&["DEL", &format!("{{fondaco:events}}:lease:{QUEUE}:{partition}")]), ":1");
    }
    assert_eq!(server.command(&["DEL", &format!("{{fondaco:events}}:replicas:{QUEUE}")]), ":1");
    let next = open(&server).await;
    let mut second = next.queue(&name(QUEUE));
    assert_eq!(sorted(numbers(&take(&mut second, 20).await)), (0..20).collect::<Vec<_>>());
    append(&next, &events[20..]).await.unwrap();
    for queue in [&mut first, &mut second] {
        assert_eq!(sorted(numbers(&take(queue, 20).await)), (20..40).collect::<Vec<_>>());
    }
    stalled.close().await;
    next.close().await;
}

#[tokio::test]
async fn replicas_share_the_partitions_and_take_over() {
    let Some(server) = Redis::start() else { return };
    let (one, two) = (open(&server).await, open(&server).await);
    let (mut first, mut second) = (one.queue(&name(QUEUE)), two.queue(&name(QUEUE)));
    // Once both are known, they share: each key is read by one of them.
    until("both are there", async || {
        let live = server.command(&["ZCARD", &format!("{{fondaco:events}}:replicas:{QUEUE}")]);
        (live == ":2").then_some(())
    })
    .await;
    let keys: Vec<String> = (0..40).map(|key| format!("k{key}")).collect();
    let events: Vec<_> = (0..200).map(|number| event(TYPE, Some(&keys[number as usize % 40]), number)).collect();
    bus_append(&one, &events).await;
    let mut seen = vec![Vec::new(), Vec::new()];
    let all: BTreeSet<u32> = (0..200).collect();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let (which, received) = tokio::select! {
            received = first.receive() => (0, received),
            received = second.receive() => (1, received),
            () = tokio::time::sleep_until(deadline) => panic!("not all came: {seen:?}"),
        };
        if let Some(Received::Entries(entries)) = received {
            seen[which].extend(entries.iter().map(|entry| number(&entry.event)));
        }
        let came: BTreeSet<u32> = seen.iter().flatten().copied().collect();
        if came == all && seen.iter().all(|mine| !mine.is_empty()) {
            break;
        }
        if came == all {
            // All went to one before the other had its share: more, until it has.
            bus_append(&one, &[event(TYPE, Some("k1"), 0), event(TYPE, Some("k2"), 0), event(TYPE, Some("k7"), 0)])
                .await;
        }
    }
    // One goes: the other gets all that is left, and nothing was settled.
    drop(first);
    one.close().await;
    let mut left = BTreeSet::new();
    while left != all {
        let received = tokio::time::timeout(PATIENCE, second.receive()).await;
        match received.unwrap_or_else(|_| panic!("{} came", left.len())) {
            Some(Received::Entries(entries)) => left.extend(entries.iter().map(|entry| number(&entry.event))),
            Some(Received::Revoked(_)) => {}
            None => panic!("closed"),
        }
        left.extend(&seen[1]);
    }
    two.close().await;
}

async fn bus_append(bus: &RedisBus, events: &[Arc<fondaco_events::Event>]) {
    append(bus, events).await.unwrap();
}

#[tokio::test]
async fn a_wrong_address_is_said() {
    let Some(server) = Redis::start() else { return };
    let config = redis_config(&server);
    let wrong = RedisConfig { url: "http://x".into(), ..config };
    assert!(matches!(RedisBus::new(&wrong), Err(BusError::Failed(_))));
    server.command(&["CONFIG", "SET", "requirepass", "secret"]);
    let bus = redis_bus(&server);
    let error = bus.declare(&[route(QUEUE)]).await.unwrap_err();
    assert!(matches!(error, BusError::Failed(_)), "{error:?}");
    bus.close().await;
}
