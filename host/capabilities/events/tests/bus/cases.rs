//! The cases.

use std::sync::Arc;

use fondaco_events::Event;
use fondaco_events::bus::BusError;

use crate::Place;
use crate::support::{TYPE, append, event, event_of, lag_of, name, numbers, route, sorted, take, unsettled, until};

pub(crate) async fn each_subscription_gets_what_it_wants(place: &impl Place) {
    let bus = place.open().await;
    bus.declare(&[route("one/fondaco.a.x"), route("two/fondaco.a.*"), route("three/fondaco.b.x")]).await.unwrap();
    let types = ["fondaco.a.x", "fondaco.a.y", "fondaco.b.x", "fondaco.b.y"];
    let events: Vec<_> = types.iter().zip(1..).map(|(ty, number)| event(ty, None, number)).collect();
    append(&*bus, &events).await.unwrap();
    for (queue, expected) in
        [("one/fondaco.a.x", vec![1]), ("two/fondaco.a.*", vec![1, 2]), ("three/fondaco.b.x", vec![3])]
    {
        let taken = take(&mut bus.queue(&name(queue)), expected.len()).await;
        assert_eq!(sorted(numbers(&taken)), expected, "{queue}");
        for delivery in &taken {
            let sent = events.iter().find(|event| event.id == delivery.event.id).unwrap();
            assert_eq!(delivery.event.to_json(), sent.to_json());
            assert_eq!((delivery.attempts, delivery.due_ms), (0, 0));
        }
    }
    bus.close().await;
}

pub(crate) async fn what_nobody_wants_is_not_kept(place: &impl Place) {
    let bus = place.open().await;
    bus.declare(&[route("one/fondaco.a.x")]).await.unwrap();
    let unwanted = event("fondaco.b.x", None, 1);
    append(&*bus, &[Arc::clone(&unwanted)]).await.unwrap();
    assert!(unsettled(&*bus, &[unwanted.id]).await.is_empty());
    append(&*bus, &[]).await.unwrap();
    bus.close().await;
}

pub(crate) async fn events_of_a_key_come_in_order(place: &impl Place) {
    let bus = place.open().await;
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    let keys = ["a", "b", "c", "d", "e"];
    let events: Vec<_> = (0..200).map(|number| event(TYPE, Some(keys[number as usize % 5]), number)).collect();
    for chunk in events.chunks(7) {
        append(&*bus, chunk).await.unwrap();
    }
    let taken = take(&mut bus.queue(&name("one/fondaco.test.*")), 200).await;
    for key in keys {
        let of_key: Vec<_> =
            taken.iter().filter(|delivery| delivery.event.partition_key.as_deref() == Some(key)).cloned().collect();
        let came = numbers(&of_key);
        assert_eq!(came, sorted(came.clone()), "{key}");
        assert_eq!(came.len(), 40);
        assert!(of_key.windows(2).all(|pair| pair[0].receipt < pair[1].receipt), "{key}");
    }
    bus.close().await;
}

pub(crate) async fn an_event_lies_there_once(place: &impl Place) {
    let bus = place.open().await;
    let queue = name("one/fondaco.test.*");
    bus.declare(&[route("one/fondaco.test.*"), route("two/fondaco.test.*")]).await.unwrap();
    let (first, second) = (event(TYPE, Some("a"), 1), event(TYPE, Some("a"), 2));
    append(&*bus, &[Arc::clone(&first), Arc::clone(&first)]).await.unwrap();
    append(&*bus, &[first, second]).await.unwrap();
    assert_eq!(lag_of(&*bus, &queue).await, 2);
    let taken = take(&mut bus.queue(&queue), 2).await;
    assert_eq!(numbers(&taken), [1, 2]);
    bus.close().await;
}

pub(crate) async fn what_was_settled_does_not_come_again(place: &impl Place) {
    let bus = place.open().await;
    let queue = name("one/fondaco.test.*");
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    let events: Vec<_> = (1..=5).map(|number| event(TYPE, Some("a"), number)).collect();
    append(&*bus, &events).await.unwrap();
    let taken = take(&mut bus.queue(&queue), 5).await;
    for at in [0, 2, 4, 4] {
        bus.settle(&queue, taken[at].receipt, taken[at].event.id).await;
    }
    bus.close().await;

    let bus = place.open().await;
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    let again = take(&mut bus.queue(&queue), 2).await;
    assert_eq!(numbers(&again), [2, 4]);
    assert_eq!(lag_of(&*bus, &queue).await, 2);
    bus.close().await;
}

pub(crate) async fn attempts_survive_a_restart(place: &impl Place) {
    let bus = place.open().await;
    let queue = name("one/fondaco.test.*");
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    append(&*bus, &[event(TYPE, Some("a"), 1), event(TYPE, Some("a"), 2)]).await.unwrap();
    let taken = take(&mut bus.queue(&queue), 2).await;
    bus.postpone(&queue, taken[0].receipt, 1, 1_000).await;
    bus.postpone(&queue, taken[0].receipt, 2, 7_000_000_000_000).await;
    bus.close().await;

    let bus = place.open().await;
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    let again = take(&mut bus.queue(&queue), 2).await;
    assert_eq!((again[0].attempts, again[0].due_ms), (2, 7_000_000_000_000));
    assert_eq!((again[1].attempts, again[1].due_ms), (0, 0));
    bus.close().await;
}

pub(crate) async fn an_entry_can_be_fetched_again(place: &impl Place) {
    let bus = place.open().await;
    let queue = name("one/fondaco.test.*");
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    let sent = event(TYPE, Some("a"), 1);
    append(&*bus, &[Arc::clone(&sent)]).await.unwrap();
    let taken = take(&mut bus.queue(&queue), 1).await;
    let fetched = bus.fetch(&queue, taken[0].receipt).await.unwrap().unwrap();
    assert_eq!(fetched.to_json(), sent.to_json());
    bus.settle(&queue, taken[0].receipt, sent.id).await;
    until("it is settled", async || bus.fetch(&queue, taken[0].receipt).await.unwrap().is_none().then_some(())).await;
    bus.close().await;
}

pub(crate) async fn unsettled_events_are_known(place: &impl Place) {
    let bus = place.open().await;
    let queues = [name("one/fondaco.test.*"), name("two/fondaco.test.*")];
    bus.declare(&[route("one/fondaco.test.*"), route("two/fondaco.test.*")]).await.unwrap();
    let events: Vec<_> = (0..100).map(|number| event(TYPE, None, number)).collect();
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    append(&*bus, &events).await.unwrap();
    assert_eq!(unsettled(&*bus, &ids).await.len(), 100);
    let first = take(&mut bus.queue(&queues[0]), 100).await;
    for delivery in &first {
        bus.settle(&queues[0], delivery.receipt, delivery.event.id).await;
    }
    until("one is done", async || (lag_of(&*bus, &queues[0]).await == 0).then_some(())).await;
    // The other one is not.
    assert_eq!(unsettled(&*bus, &ids).await.len(), 100);
    let second = take(&mut bus.queue(&queues[1]), 100).await;
    for delivery in second.iter().filter(|delivery| delivery.event.id != ids[7]) {
        bus.settle(&queues[1], delivery.receipt, delivery.event.id).await;
    }
    let left = until("all but one are done", async || {
        let left = unsettled(&*bus, &ids).await;
        (left.len() == 1).then_some(left)
    });
    assert!(left.await.contains(&ids[7]));
    bus.close().await;
}

pub(crate) async fn lag_is_what_is_left(place: &impl Place) {
    let bus = place.open().await;
    let queue = name("one/fondaco.test.*");
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    let lags = bus.lag().await.unwrap();
    assert_eq!((lags.len(), lags[0].events, lags[0].oldest_ms), (1, 0, None));
    append(&*bus, &[event(TYPE, None, 1), event(TYPE, None, 2)]).await.unwrap();
    let lags = bus.lag().await.unwrap();
    assert_eq!((&lags[0].name, lags[0].events), (&queue, 2));
    let age = jiff::Timestamp::now().as_millisecond() - lags[0].oldest_ms.unwrap();
    assert!((0..60_000).contains(&age), "{age}");
    bus.close().await;
}

pub(crate) async fn a_retired_subscription_is_gone(place: &impl Place) {
    let bus = place.open().await;
    bus.declare(&[route("one/fondaco.test.*"), route("two/fondaco.test.*")]).await.unwrap();
    let (shared, alone) = (event(TYPE, Some("a"), 1), event("fondaco.test.other.v1", Some("a"), 2));
    append(&*bus, &[Arc::clone(&shared), Arc::clone(&alone)]).await.unwrap();
    bus.retire(&name("one/fondaco.test.*")).await.unwrap();
    let lags = bus.lag().await.unwrap();
    assert_eq!((lags.len(), lags[0].events), (1, 2));
    append(&*bus, &[event(TYPE, Some("a"), 3)]).await.unwrap();
    let mut queue = bus.queue(&name("two/fondaco.test.*"));
    let taken = take(&mut queue, 3).await;
    assert_eq!(numbers(&taken), [1, 2, 3]);
    bus.retire(&name("two/fondaco.test.*")).await.unwrap();
    assert!(unsettled(&*bus, &[shared.id, alone.id]).await.is_empty());
    // It can come back, with nothing of what it had.
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    append(&*bus, &[event(TYPE, Some("a"), 4)]).await.unwrap();
    let taken = take(&mut bus.queue(&name("one/fondaco.test.*")), 1).await;
    assert_eq!(numbers(&taken), [4]);
    bus.close().await;
}

pub(crate) async fn a_subscription_that_nobody_declares_is_found(place: &impl Place) {
    let bus = place.open().await;
    let before = jiff::Timestamp::now().as_millisecond();
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    assert!(bus.undeclared_since(before).await.unwrap().is_empty());
    let found = bus.undeclared_since(before + 600_000).await.unwrap();
    assert_eq!(found, [name("one/fondaco.test.*")]);
    bus.close().await;
}

pub(crate) async fn many_publishers_lose_nothing(place: &impl Place) {
    let bus = place.open().await;
    let queue = name("one/fondaco.test.*");
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    let mut publishers = tokio::task::JoinSet::new();
    for publisher in 0..20 {
        let bus = Arc::clone(&bus);
        publishers.spawn(async move {
            for number in 0..50 {
                let tenant = format!("t{publisher}");
                let event = event_of(&tenant, TYPE, Some("a"), publisher * 1_000 + number);
                append(&*bus, &[event]).await.unwrap();
            }
        });
    }
    let taken = take(&mut bus.queue(&queue), 1_000).await;
    while let Some(ended) = publishers.join_next().await {
        ended.unwrap();
    }
    let of = |event: &Event| event.tenant.clone();
    for publisher in 0..20 {
        let tenant = format!("t{publisher}").parse().unwrap();
        let mine: Vec<_> = taken.iter().filter(|delivery| of(&delivery.event) == tenant).cloned().collect();
        assert_eq!(numbers(&mine), (publisher * 1_000..publisher * 1_000 + 50).collect::<Vec<_>>());
    }
    bus.close().await;
}

pub(crate) async fn a_queue_may_be_read_before_it_is_declared(place: &impl Place) {
    let bus = place.open().await;
    let mut queue = bus.queue(&name("one/fondaco.test.*"));
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    append(&*bus, &[event(TYPE, Some("a"), 1)]).await.unwrap();
    assert_eq!(numbers(&take(&mut queue, 1).await), [1]);
    bus.close().await;
}

pub(crate) async fn what_is_said_of_another_generation_is_refused(place: &impl Place) {
    let bus = place.open().await;
    let queue = name("one/fondaco.test.*");
    bus.declare(&[route("one/fondaco.test.*")]).await.unwrap();
    let event = event(TYPE, Some("a"), 1);
    for generation in ["", "another", "another/one"] {
        let error = bus.append(generation, &[Arc::clone(&event)]).await.unwrap_err();
        assert!(matches!(error, BusError::AnotherGeneration), "{generation}: {error}");
        let error = bus.unsettled(generation, &[event.id]).await.unwrap_err();
        assert!(matches!(error, BusError::AnotherGeneration), "{generation}: {error}");
    }
    assert_eq!(lag_of(&*bus, &queue).await, 0);
    append(&*bus, &[event]).await.unwrap();
    assert_eq!(lag_of(&*bus, &queue).await, 1);
    bus.close().await;
}
