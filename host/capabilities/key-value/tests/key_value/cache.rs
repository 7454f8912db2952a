//! The cache, on both implementations.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fondaco_key_value::{Cache, Key, Loaded, Scope};
use futures::future::join_all;

use crate::house::{DEADLINE, House, LONG, cached, key, scope, until};
use crate::on_both;

on_both!(
    what_is_set_is_there_until_it_ends,
    nothing_leads_to_anothers,
    of_many_that_miss_one_loads,
    a_lease_that_is_given_back_goes_on_to_the_next,
    a_change_takes_the_lease_back,
    nobody_waits_longer_than_asked,
    a_tenant_pushes_out_its_own_entries,
    a_value_above_the_share_is_not_kept,
);

async fn lease(cache: &dyn Cache, scope: &Scope, key: &Key) -> u64 {
    match cache.load(scope, key, Duration::ZERO).await {
        Loaded::Lease(lease) => lease,
        other => panic!("a lease, not {other:?}"),
    }
}

async fn what_is_set_is_there_until_it_ends(house: &House) {
    let (cache, mine) = (house.cache(), scope("acme", "catalog"));
    assert_eq!(cached(cache, &mine, "k").await, None);
    cache.set(&mine, &key("k"), "1".into(), LONG).await.unwrap();
    assert_eq!(cached(cache, &mine, "k").await.unwrap(), "1");
    cache.set(&mine, &key("k"), "2".into(), LONG).await.unwrap();
    let found = cache.get_many(&mine, &["x", "k", "y"].map(key)).await;
    assert_eq!(found, [None, Some(Bytes::from_static(b"2")), None]);
    cache.delete(&mine, &key("k")).await.unwrap();
    assert_eq!(cached(cache, &mine, "k").await, None);

    cache.set(&mine, &key("short"), "1".into(), Duration::from_millis(50)).await.unwrap();
    until("it ends", async || cached(cache, &mine, "short").await.is_none()).await;
}

async fn nothing_leads_to_anothers(house: &House) {
    let (cache, mine) = (house.cache(), scope("a", "b"));
    cache.set(&mine, &key("secret"), "mine".into(), LONG).await.unwrap();
    for (other, name) in [
        (scope("a", "b-secret"), "secret"),
        (scope("a-b", "b"), "secret"),
        (scope("b", "a"), "secret"),
        (scope("a", "c"), "b:secret"),
        (scope("x", "c"), "}:b:secret"),
    ] {
        assert_eq!(cached(cache, &other, name).await, None, "{other:?}");
        cache.set(&other, &key(name), "theirs".into(), LONG).await.unwrap();
        cache.delete(&other, &key(name)).await.unwrap();
        let _held = lease(cache, &other, &key(name)).await;
    }
    assert_eq!(cached(cache, &mine, "secret").await.unwrap(), "mine");
}

async fn of_many_that_miss_one_loads(house: &House) {
    let (cache, mine, k) = (house.cache(), scope("acme", "catalog"), key("dear"));
    let loads = AtomicUsize::new(0);
    let read = async || match cache.load(&mine, &k, DEADLINE).await {
        Loaded::Hit(value) => value,
        Loaded::Lease(lease) => {
            loads.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            assert!(cache.fill(&mine, &k, lease, "made".into(), LONG).await);
            "made".into()
        }
        Loaded::Busy => panic!("nobody is busy for so long"),
    };
    let values = join_all((0..100).map(|_| read())).await;
    assert!(values.iter().all(|value| value == "made"));
    assert_eq!(loads.load(Ordering::SeqCst), 1);
}

async fn a_lease_that_is_given_back_goes_on_to_the_next(house: &House) {
    let (cache, mine, k) = (house.cache(), scope("acme", "catalog"), key("k"));
    let first = lease(cache, &mine, &k).await;
    let next = cache.load(&mine, &k, DEADLINE);
    let give_back = async { cache.release(&mine, &k, first) };
    let (next, ()) = tokio::join!(next, give_back);
    let Loaded::Lease(second) = next else { panic!("a lease, not {next:?}") };
    assert!(!cache.fill(&mine, &k, first, "old".into(), LONG).await);
    assert!(cache.fill(&mine, &k, second, "new".into(), LONG).await);
    assert!(!cache.fill(&mine, &k, second, "again".into(), LONG).await, "a lease is good once");
    assert_eq!(cached(cache, &mine, "k").await.unwrap(), "new");
}

async fn a_change_takes_the_lease_back(house: &House) {
    let (cache, mine, k) = (house.cache(), scope("acme", "catalog"), key("k"));
    let loading = lease(cache, &mine, &k).await;
    cache.delete(&mine, &k).await.unwrap();
    assert!(!cache.fill(&mine, &k, loading, "from before the change".into(), LONG).await);
    assert_eq!(cached(cache, &mine, "k").await, None);

    let loading = lease(cache, &mine, &k).await;
    cache.set(&mine, &k, "new".into(), LONG).await.unwrap();
    assert!(!cache.fill(&mine, &k, loading, "from before the change".into(), LONG).await);
    assert_eq!(cached(cache, &mine, "k").await.unwrap(), "new");
}

async fn nobody_waits_longer_than_asked(house: &House) {
    let (cache, mine, k) = (house.cache(), scope("acme", "catalog"), key("k"));
    let held = lease(cache, &mine, &k).await;
    for wait in [Duration::ZERO, Duration::from_millis(30)] {
        assert_eq!(cache.load(&mine, &k, wait).await, Loaded::Busy);
    }
    // Nor is anyone disturbed by one who no longer waits.
    assert!(cache.fill(&mine, &k, held, "made".into(), LONG).await);
    assert_eq!(cache.load(&mine, &k, Duration::ZERO).await, Loaded::Hit("made".into()));
}

async fn a_tenant_pushes_out_its_own_entries(house: &House) {
    let (cache, quiet, noisy) = (house.cache(), scope("quiet", "s"), scope("noisy", "s"));
    for at in 0..10 {
        cache.set(&quiet, &key(&at.to_string()), "kept".into(), LONG).await.unwrap();
    }
    // 64 KiB a tenant: of 300 KB a good part goes.
    let value = Bytes::from(vec![0; 1_000]);
    for at in 0..300 {
        cache.set(&noisy, &key(&at.to_string()), value.clone(), LONG).await.unwrap();
    }
    let keys: Vec<_> = (0..300).map(|at| key(&at.to_string())).collect();
    let held = async || {
        let mut held = 0;
        for keys in keys.chunks(100) {
            held += cache.get_many(&noisy, keys).await.iter().flatten().count();
        }
        held
    };
    until("no more than fits is held", async || held().await <= 66).await;
    assert!(held().await > 0);
    for at in 0..10 {
        assert!(cached(cache, &quiet, &at.to_string()).await.is_some(), "{at}");
    }
}

async fn a_value_above_the_share_is_not_kept(house: &House) {
    let (cache, mine, k) = (house.cache(), scope("acme", "catalog"), key("k"));
    cache.set(&mine, &k, "old".into(), LONG).await.unwrap();
    cache.set(&mine, &k, vec![0; 100 << 10].into(), LONG).await.unwrap();
    until("neither is there", async || cached(cache, &mine, "k").await.is_none()).await;
}
