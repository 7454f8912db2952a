//! Two hosts on one Redis.

use std::time::Duration;

use fondaco_key_value::Loaded;

use crate::house::{DEADLINE, House, LONG, bucket, cached, key, replica, scope, until};

/// Near copies would live ten minutes here: only Redis' word can end them.
#[tokio::test]
async fn what_one_changes_the_other_sees() {
    let Some(house) = House::redis().await else { return };
    let other = replica(house.server.as_ref().unwrap()).await;
    let (here, there) = (house.cache(), &**other.cache());
    let mine = scope("acme", "catalog");
    for round in 0..50 {
        let value = format!("v{round}");
        here.set(&mine, &key("k"), value.clone().into(), LONG).await.unwrap();
        until("the other sees it", async || cached(there, &mine, "k").await.is_some_and(|seen| seen == value)).await;
        assert_eq!(cached(here, &mine, "k").await.unwrap(), value, "one's own change is seen at once");
    }
    there.delete(&mine, &key("k")).await.unwrap();
    until("it is gone", async || cached(here, &mine, "k").await.is_none()).await;
}

#[tokio::test]
async fn an_entry_that_redis_loses_is_lost_near_too() {
    let Some(house) = House::redis().await else { return };
    let (cache, mine) = (house.cache(), scope("acme", "catalog"));
    cache.set(&mine, &key("k"), "v".into(), LONG).await.unwrap();
    assert!(cached(cache, &mine, "k").await.is_some());
    assert_eq!(house.server.as_ref().unwrap().command(&["FLUSHALL"]), "+OK");
    until("it is gone", async || cached(cache, &mine, "k").await.is_none()).await;
}

#[tokio::test]
async fn a_flight_is_one_across_replicas() {
    let Some(house) = House::redis().await else { return };
    let other = replica(house.server.as_ref().unwrap()).await;
    let (here, there) = (house.cache(), &**other.cache());
    let (mine, k) = (scope("acme", "catalog"), key("k"));
    let Loaded::Lease(lease) = here.load(&mine, &k, DEADLINE).await else { panic!("a lease") };
    assert_eq!(there.load(&mine, &k, Duration::from_millis(60)).await, Loaded::Busy);
    let waiting = there.load(&mine, &k, DEADLINE);
    let making = async { assert!(here.fill(&mine, &k, lease, "made".into(), LONG).await) };
    assert_eq!(tokio::join!(waiting, making).0, Loaded::Hit("made".into()));
}

#[tokio::test]
async fn a_lease_given_back_or_taken_back_is_so_for_all_replicas() {
    let Some(house) = House::redis().await else { return };
    let other = replica(house.server.as_ref().unwrap()).await;
    let (here, there) = (house.cache(), &**other.cache());
    let (mine, k) = (scope("acme", "catalog"), key("k"));
    let Loaded::Lease(lease) = here.load(&mine, &k, DEADLINE).await else { panic!("a lease") };
    here.release(&mine, &k, lease);
    let Loaded::Lease(lease) = there.load(&mine, &k, DEADLINE).await else { panic!("the next lease") };
    here.delete(&mine, &k).await.unwrap();
    assert!(!there.fill(&mine, &k, lease, "from before the change".into(), LONG).await);
    assert_eq!(cached(here, &mine, "k").await, None);
}

#[tokio::test]
async fn buckets_are_the_same_for_all_replicas() {
    let Some(house) = House::redis().await else { return };
    let other = replica(house.server.as_ref().unwrap()).await;
    let (counters, n) = (bucket("acme", "s", "counters"), key("n"));
    for round in 0..20 {
        let store = if round % 2 == 0 { house.key_value.store() } else { other.store() };
        assert_eq!(store.increment(&counters, &n, 1).await.unwrap(), round + 1);
    }
}
