//! Redis away: stopped, hanging, back again, back without what it held.

use std::time::Duration;

use fondaco_key_value::{KeyValue, KeyValueConfig, Kind, Loaded};

use crate::house::{DEADLINE, House, LONG, bucket, cached, config, get, key, scope, set, until};

/// Within the deadline, so that a call that would wait for Redis fails the test.
async fn at_once<T>(answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, answer).await.expect("nobody waits for Redis")
}

async fn is_away(house: &House) {
    let (store, cache) = (house.store(), house.cache());
    let (carts, mine) = (bucket("acme", "s", "carts"), scope("acme", "s"));
    let reasons = [
        at_once(store.get_many(&carts, &[key("k")])).await.unwrap_err().reason,
        at_once(store.exists(&carts, &key("k"))).await.unwrap_err().reason,
        at_once(store.keys(&carts, None)).await.unwrap_err().reason,
        at_once(set(store, &carts, "k", b"lost")).await.unwrap_err().reason,
        at_once(store.increment(&carts, &key("n"), 1)).await.unwrap_err().reason,
        at_once(store.swap(&carts, &key("k"), None, &"lost".into())).await.unwrap_err().reason,
    ];
    assert!(reasons.iter().all(|reason| reason == "KEY_VALUE_UNAVAILABLE"), "{reasons:?}");
    assert_eq!(at_once(cached(cache, &mine, "k")).await, None);
    assert_eq!(at_once(cache.set(&mine, &key("k"), "v".into(), LONG)).await.unwrap_err().reason, "CACHE_UNAVAILABLE");
    assert_eq!(at_once(cache.delete(&mine, &key("k"))).await.unwrap_err().reason, "CACHE_UNAVAILABLE");
    until("it is known", async || !house.key_value.is_up()).await;
}

/// One of this process loads, and hands it to the others of this process.
async fn flights_go_on(house: &House) {
    let (cache, mine, k) = (house.cache(), scope("acme", "s"), key("flight"));
    let Loaded::Lease(lease) = at_once(cache.load(&mine, &k, DEADLINE)).await else { panic!("a lease") };
    let filling = async { cache.fill(&mine, &k, lease, "made".into(), LONG).await };
    let (follower, kept) = at_once(async { tokio::join!(cache.load(&mine, &k, DEADLINE), filling) }).await;
    assert_eq!((follower, kept), (Loaded::Hit("made".into()), false));
}

async fn is_back(house: &House) {
    at_once(house.key_value.up()).await;
    let (carts, mine) = (bucket("acme", "s", "carts"), scope("acme", "s"));
    set(house.store(), &carts, "k", b"back").await.unwrap();
    assert_eq!(get(house.store(), &carts, "k").await.unwrap(), "back");
    house.cache().set(&mine, &key("k"), "back".into(), LONG).await.unwrap();
    assert_eq!(cached(house.cache(), &mine, "k").await.unwrap(), "back");
}

#[tokio::test]
async fn stopped_and_started_again_empty() {
    let Some(house) = House::redis().await else { return };
    is_back(&house).await;
    for _ in 0..2 {
        house.server.as_ref().unwrap().stop();
        is_away(&house).await;
        flights_go_on(&house).await;
        house.server.as_ref().unwrap().resume();
        is_back(&house).await;
    }
}

#[tokio::test]
async fn hanging() {
    let Some(house) = House::redis().await else { return };
    is_back(&house).await;
    house.server.as_ref().unwrap().freeze();
    is_away(&house).await;
    house.server.as_ref().unwrap().thaw();
    is_back(&house).await;
}

/// The copy in memory is only as good as Redis' word for it.
#[tokio::test]
async fn what_was_read_before_is_not_served_while_redis_is_away() {
    let Some(house) = House::redis().await else { return };
    let mine = scope("acme", "s");
    house.cache().set(&mine, &key("near"), "v".into(), LONG).await.unwrap();
    assert!(cached(house.cache(), &mine, "near").await.is_some());
    house.server.as_ref().unwrap().stop();
    until("it is a miss", async || cached(house.cache(), &mine, "near").await.is_none()).await;
    house.server.as_ref().unwrap().resume();
    at_once(house.key_value.up()).await;
    assert_eq!(cached(house.cache(), &mine, "near").await, None, "nor when it is back without it");
}

#[tokio::test]
async fn not_there_at_the_start() {
    let port = fondaco_test_servers::free_port();
    let url = format!("redis://127.0.0.1:{port}");
    let config = KeyValueConfig { kind: Kind::Redis, redis_url: url, ..config() };
    let key_value = at_once(KeyValue::open(&config, std::path::Path::new("/nowhere"))).await.unwrap();
    assert!(!key_value.is_up());
    let counted = at_once(key_value.store().increment(&bucket("a", "b", "c"), &key("n"), 1)).await;
    assert_eq!(counted.unwrap_err().reason, "KEY_VALUE_UNAVAILABLE");
    let loaded = at_once(key_value.cache().load(&scope("a", "b"), &key("k"), Duration::ZERO)).await;
    assert!(matches!(loaded, Loaded::Lease(_)));
}

#[tokio::test]
async fn a_bad_url_says_so_without_its_password() {
    let redis_url = "http://:hunter2@somewhere".to_owned();
    let config = KeyValueConfig { kind: Kind::Redis, redis_url, ..config() };
    let fault = KeyValue::open(&config, std::path::Path::new("/nowhere")).await.err().unwrap();
    assert_eq!(fault.reason, "INVALID_REDIS_URL");
    assert!(!fault.to_string().contains("hunter2"));
}
