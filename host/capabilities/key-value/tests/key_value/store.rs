//! Durable buckets, on both implementations.

use std::collections::BTreeSet;

use bytes::Bytes;
use fondaco_key_value::VALUE_BYTES;
use futures::future::join_all;

use crate::house::{House, bucket, change, deletion, get, key, set};
use crate::on_both;

on_both!(
    what_is_written_is_read,
    keys_come_in_pages,
    nothing_leads_to_anothers,
    a_batch_is_written_whole_or_not_at_all,
    the_quota_is_exact,
    the_quota_is_each_tenants_own,
    numbers_are_added_to_one_at_a_time,
    what_is_no_number_is_left_alone,
    a_swap_loses_no_change,
    a_swap_minds_what_was_there,
);

async fn what_is_written_is_read(house: &House) {
    let (store, carts) = (house.store(), bucket("acme", "checkout", "carts"));
    assert_eq!(get(store, &carts, "a").await, None);
    let everything: Vec<u8> = (0..=255).collect();
    set(store, &carts, "a", &everything).await.unwrap();
    set(store, &carts, "empty", b"").await.unwrap();
    set(store, &carts, "large", &vec![7; VALUE_BYTES]).await.unwrap();
    let keys = ["large", "missing", "a", "empty"].map(key);
    let values = store.get_many(&carts, &keys).await.unwrap();
    let expected = [Some(vec![7; VALUE_BYTES]), None, Some(everything), Some(vec![])];
    assert!(values.iter().map(|value| value.as_deref()).eq(expected.iter().map(|value| value.as_deref())));
    assert!(store.exists(&carts, &key("empty")).await.unwrap());

    set(store, &carts, "a", b"2").await.unwrap();
    assert_eq!(get(store, &carts, "a").await.unwrap(), "2");
    store.write(&carts, &[deletion("a"), deletion("missing")]).await.unwrap();
    assert_eq!(get(store, &carts, "a").await, None);
    assert!(!store.exists(&carts, &key("a")).await.unwrap());
    assert!(store.get_many(&carts, &[]).await.unwrap().is_empty());
}

async fn keys_come_in_pages(house: &House) {
    let (store, many) = (house.store(), bucket("acme", "checkout", "many"));
    let names: BTreeSet<String> = (0..2_500).map(|at| format!("k{at:04}")).collect();
    for names in names.iter().collect::<Vec<_>>().chunks(100) {
        let changes: Vec<_> = names.iter().map(|name| change(name, b"v")).collect();
        store.write(&many, &changes).await.unwrap();
    }
    set(store, &bucket("acme", "checkout", "other"), "elsewhere", b"").await.unwrap();
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = store.keys(&many, cursor.as_deref()).await.unwrap();
        assert!(page.keys.len() <= 1_000);
        found.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert!(found.iter().eq(&names));
    let nothing = store.keys(&bucket("acme", "checkout", "empty"), None).await.unwrap();
    assert!(nothing.keys.is_empty() && nothing.cursor.is_none());
}

async fn nothing_leads_to_anothers(house: &House) {
    let store = house.store();
    let mine = bucket("a", "b", "c");
    set(store, &mine, "secret", b"mine").await.unwrap();
    let hostile = [
        "secret",
        "c:secret",
        ":values:b:c",
        "}:values:b:c",
        "../c/secret",
        "a\0b",
        "*",
        "%",
        "'; --",
        "\u{202e}secret",
    ];
    for other in [bucket("a-b", "b", "c"), bucket("a", "b-c", "c"), bucket("a", "b", "c-c"), bucket("b", "a", "c")] {
        for name in hostile {
            assert_eq!(get(store, &other, name).await, None, "{other:?} {name}");
            set(store, &other, name, b"theirs").await.unwrap();
        }
        store.write(&other, &hostile.map(deletion)).await.unwrap();
        assert!(store.keys(&other, None).await.unwrap().keys.is_empty());
    }
    assert_eq!(get(store, &mine, "secret").await.unwrap(), "mine");
    assert_eq!(store.keys(&mine, None).await.unwrap().keys, ["secret"]);
}

async fn a_batch_is_written_whole_or_not_at_all(house: &House) {
    let (store, batch) = (house.store(), bucket("acme", "checkout", "batch"));
    set(store, &batch, "old", b"1").await.unwrap();
    let mut changes = vec![change("old", b"2"), change("twice", b"first"), change("twice", b"last"), deletion("gone")];
    store.write(&batch, &changes).await.unwrap();
    assert_eq!(get(store, &batch, "twice").await.unwrap(), "last");

    changes = (0..9).map(|at| change(&format!("big{at}"), &vec![0; VALUE_BYTES])).collect();
    changes.push(change("old", b"3"));
    assert_eq!(store.write(&batch, &changes).await.unwrap_err().reason, "KEY_VALUE_QUOTA");
    assert_eq!(get(store, &batch, "old").await.unwrap(), "2");
    assert_eq!(store.keys(&batch, None).await.unwrap().keys, ["old", "twice"]);
}

async fn the_quota_is_exact(house: &House) {
    let (store, full) = (house.store(), bucket("full", "checkout", "full"));
    // 8 MiB: eight pairs of a key of 1 byte and the rest of 1 MiB.
    let value = vec![1; VALUE_BYTES - 1];
    for at in 0..8 {
        set(store, &full, &at.to_string(), &value).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(set(store, &full, "x", b"").await.unwrap_err().reason, "KEY_VALUE_QUOTA");
        let grown = set(store, &full, "0", &vec![1; VALUE_BYTES]).await.unwrap_err();
        assert_eq!((grown.reason.as_ref(), grown.detail("bytes")), ("KEY_VALUE_QUOTA", Some("8388608")));
        assert_eq!(store.increment(&full, &key("n"), 1).await.unwrap_err().reason, "KEY_VALUE_QUOTA");
        let swap = store.swap(&full, &key("x"), None, &Bytes::from_static(b"1")).await;
        assert_eq!(swap.unwrap_err().reason, "KEY_VALUE_QUOTA");
        // What takes no more is no matter.
        set(store, &full, "1", &value).await.unwrap();
        store.write(&full, &[deletion("2"), change("2", &value)]).await.unwrap();
    }
    store.write(&full, &[deletion("0")]).await.unwrap();
    set(store, &full, "x", &value).await.unwrap();
    assert_eq!(set(store, &full, "y", b"").await.unwrap_err().reason, "KEY_VALUE_QUOTA");
    for at in 1..8 {
        set(store, &full, &at.to_string(), b"").await.unwrap();
    }
    store.increment(&full, &key("n"), 1).await.unwrap();
}

async fn the_quota_is_each_tenants_own(house: &House) {
    let (store, greedy, modest) = (house.store(), bucket("greedy", "s", "b"), bucket("modest", "s", "b"));
    let many: Vec<_> = (0..3_000).map(|at| change(&at.to_string(), b"")).collect();
    for many in many.chunks(100) {
        store.write(&greedy, many).await.unwrap();
    }
    assert_eq!(set(store, &greedy, "more", b"").await.unwrap_err().reason, "KEY_VALUE_QUOTA");
    assert_eq!(set(store, &bucket("greedy", "t", "b"), "more", b"").await.unwrap_err().reason, "KEY_VALUE_QUOTA");
    set(store, &modest, "more", b"").await.unwrap();
}

async fn numbers_are_added_to_one_at_a_time(house: &House) {
    let (store, counters) = (house.store(), bucket("acme", "checkout", "counters"));
    let n = key("n");
    let sums = join_all((0..200).map(|_| store.increment(&counters, &n, 1))).await;
    let sums: BTreeSet<i64> = sums.into_iter().map(Result::unwrap).collect();
    assert!(sums.into_iter().eq(1..=200), "no sum is answered twice");
    assert_eq!(store.increment(&counters, &n, -300).await.unwrap(), -100);
    assert_eq!(get(store, &counters, "n").await.unwrap(), "-100");
    // Above 2^53, where floating point loses count.
    set(store, &counters, "large", b"9007199254740993").await.unwrap();
    assert_eq!(store.increment(&counters, &key("large"), 2).await.unwrap(), 9_007_199_254_740_995);
}

async fn what_is_no_number_is_left_alone(house: &House) {
    let (store, counters) = (house.store(), bucket("acme", "checkout", "counters"));
    for bad in ["", "x", "+1", "01", "-0", " 1", "1 ", "1.5", "1e3", "9223372036854775808"] {
        set(store, &counters, "bad", bad.as_bytes()).await.unwrap();
        assert_eq!(store.increment(&counters, &key("bad"), 1).await.unwrap_err().reason, "NOT_A_NUMBER", "{bad:?}");
        assert_eq!(get(store, &counters, "bad").await.unwrap(), bad);
    }
    for (start, delta) in [(i64::MAX, 1), (i64::MIN, -1), (1, i64::MAX)] {
        set(store, &counters, "edge", start.to_string().as_bytes()).await.unwrap();
        let fault = store.increment(&counters, &key("edge"), delta).await.unwrap_err();
        assert_eq!(fault.reason, "NUMBER_OUT_OF_RANGE", "{start} + {delta}");
        assert_eq!(get(store, &counters, "edge").await.unwrap(), start.to_string());
    }
}

async fn a_swap_loses_no_change(house: &House) {
    let (store, carts) = (house.store(), bucket("acme", "checkout", "carts"));
    let add = async |item: usize| {
        loop {
            let before = get(store, &carts, "cart").await;
            let mut cart = before.clone().map(Vec::from).unwrap_or_default();
            cart.push(u8::try_from(item).unwrap());
            if store.swap(&carts, &key("cart"), before.as_ref(), &cart.into()).await.unwrap() {
                break;
            }
        }
    };
    join_all((0..30).map(add)).await;
    let mut cart = Vec::from(get(store, &carts, "cart").await.unwrap());
    cart.sort_unstable();
    assert!(cart.into_iter().eq(0..30));
}

async fn a_swap_minds_what_was_there(house: &House) {
    let (store, carts) = (house.store(), bucket("acme", "checkout", "carts"));
    let (one, two) = (Bytes::from_static(b"1"), Bytes::from_static(b"2"));
    let k = key("k");
    assert!(!store.swap(&carts, &k, Some(&one), &two).await.unwrap(), "nothing is not 1");
    assert!(store.swap(&carts, &k, None, &one).await.unwrap());
    assert!(!store.swap(&carts, &k, None, &two).await.unwrap(), "1 is not nothing");
    assert!(store.swap(&carts, &k, Some(&one), &two).await.unwrap());
    assert_eq!(get(store, &carts, "k").await.unwrap(), "2");
    set(store, &carts, "k", b"").await.unwrap();
    assert!(!store.swap(&carts, &k, None, &two).await.unwrap(), "an empty value is not nothing");
    assert!(store.swap(&carts, &k, Some(&Bytes::new()), &two).await.unwrap());
}

#[tokio::test]
async fn what_is_written_outlives_the_host() {
    let house = House::embedded().await;
    let full = bucket("acme", "checkout", "full");
    for at in 0..8 {
        set(house.store(), &full, &at.to_string(), &vec![1; VALUE_BYTES - 1]).await.unwrap();
    }
    let house = house.again().await;
    assert_eq!(get(house.store(), &full, "7").await.unwrap().len(), VALUE_BYTES - 1);
    assert_eq!(set(house.store(), &full, "x", b"").await.unwrap_err().reason, "KEY_VALUE_QUOTA");
}
