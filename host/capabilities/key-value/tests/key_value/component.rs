//! A service that uses both interfaces, on the real engine: `tests/guests/key-value`.

use std::time::Duration;

use fondaco_engine::Fault;
use fondaco_test_probe::{Guest, Probe};
use serde_json::{Value, json};

use crate::house::House;
use crate::on_both;

on_both!(
    buckets_are_opened_by_grant_and_kept_apart,
    the_whole_interface_answers,
    faults_come_as_values,
    a_read_only_function_writes_to_no_bucket,
    the_cache_answers,
    a_call_that_dies_gives_its_leases_back,
);

/// None where the component is not built.
async fn released(house: &House, grant: Value) -> Option<Result<Probe, Fault>> {
    let guest = Guest::built("key-value")?.read_only(&["probe.look"]).granted(json!({ "key-value": grant }));
    let probe = Probe::new(vec![house.key_value.extension()]);
    Some(probe.release(guest).await.map(|()| probe))
}

async fn serving(house: &House) -> Option<Probe> {
    Some(released(house, json!({ "stores": ["carts", "counters"] })).await?.unwrap())
}

async fn buckets_are_opened_by_grant_and_kept_apart(house: &House) {
    let Some(probe) = serving(house).await else { return };
    let answer =
        probe.run(&["open carts", "open counters", "open other", "open ../carts", "open ", "open CARTS"]).await;
    assert_eq!(answer, "ok\nok\nno-such-store\nno-such-store\nno-such-store\nno-such-store");
    assert_eq!(probe.run(&["set carts k mine", "get carts k", "get counters k"]).await, "ok\nmine\nnone");
    assert_eq!(probe.tell("other", "run", &["get carts k", "keys carts"]).await.unwrap(), "none\n");
}

async fn the_whole_interface_answers(house: &House) {
    let Some(probe) = serving(house).await else { return };
    let answer = probe
        .run(&[
            "set carts a 1",
            "exists carts a",
            "delete carts a",
            "exists carts a",
            "set-many carts a=1 b=2 c=3",
            "get-many carts c x a",
            "delete-many carts a x",
            "keys carts",
            "increment counters n 41",
            "increment counters n 1",
            "race carts cas theirs ours",
            "get carts cas",
        ])
        .await;
    let expected = "ok\ntrue\nok\nfalse\nok\nc=3,none,a=1\nok\nb,c\n41\n42\nnone failed theirs swapped\nours";
    assert_eq!(answer, expected);
}

async fn faults_come_as_values(house: &House) {
    let Some(probe) = serving(house).await else { return };
    let long = format!("set carts {} v", "k".repeat(257));
    let many = format!("get-many carts {}", vec!["k"; 101].join(" "));
    let answer = probe
        .run(&[
            "set carts  v",
            &long,
            &many,
            "set-large carts k 1048576",
            "set-large carts k 1048577",
            "set carts text abc",
            "increment carts text 1",
        ])
        .await;
    let expected = "INVALID_KEY\nINVALID_KEY\nBATCH_TOO_LARGE\nok\nVALUE_TOO_LARGE\nok\nNOT_A_NUMBER";
    assert_eq!(answer, expected);
    for (command, reason) in [
        ("cache get ", "INVALID_KEY"),
        ("cache set k v 0", "INVALID_TTL"),
        ("cache set k v 86400001", "INVALID_TTL"),
        (many.replace("get-many carts", "cache get-many").as_str(), "BATCH_TOO_LARGE"),
    ] {
        assert_eq!(probe.tell("acme", "run", &[command]).await.unwrap_err().reason, reason, "{command}");
    }
}

async fn a_read_only_function_writes_to_no_bucket(house: &House) {
    let Some(probe) = serving(house).await else { return };
    probe.run(&["set carts k v", "increment counters n 1"]).await;
    let commands = [
        "get carts k",
        "set carts k w",
        "delete carts k",
        "increment counters n 1",
        "race carts k a b",
        "set-many carts k=w",
        "delete-many carts k",
        "get carts k",
        "cache set c v 60000",
        "cache get c",
    ];
    let answer = probe.tell("acme", "look", &commands).await.unwrap();
    let read_only = ["READ_ONLY"; 6].join("\n");
    assert_eq!(answer, format!("v\n{read_only}\nv\nok\nv"));
}

async fn the_cache_answers(house: &House) {
    let Some(probe) = serving(house).await else { return };
    let answer = probe
        .run(&[
            "cache get k",
            "cache read-through k made",
            "cache read-through k again",
            "cache delete k",
            "cache get k",
            "cache fill-stale k",
            "cache fill-forged k",
            "cache set a 1 60000",
            "cache get-many a k",
        ])
        .await;
    assert_eq!(answer, "none\ntrue\nmade\nok\nnone\nfalse\nfalse\nok\n1,none");
    assert_eq!(probe.tell("other", "run", &["cache get a"]).await.unwrap(), "none");
    // One that waits for itself does not wait.
    assert_eq!(probe.run(&["cache load own", "cache load own"]).await, "lease\nbusy");
}

async fn a_call_that_dies_gives_its_leases_back(house: &House) {
    let Some(probe) = serving(house).await else { return };
    let trapped = probe.tell("acme", "run", &["cache load k", "trap"]).await.unwrap_err();
    assert_eq!(trapped.reason, "SERVICE_FAILED");
    let returned = tokio::time::timeout(Duration::from_secs(5), async {
        // Without a fill, at the end of the call.
        assert_eq!(probe.run(&["cache read-through k made"]).await, "true");
        assert_eq!(probe.run(&["cache load l"]).await, "lease");
        assert_eq!(probe.run(&["cache read-through l made"]).await, "true");
    });
    returned.await.expect("well before a lease ends by itself");
}

#[tokio::test]
async fn what_is_not_granted_is_not_given() {
    let house = House::embedded().await;
    for bad in [json!({ "stores": ["../x"] }), json!({ "buckets": [] }), json!(null), json!({ "stores": "carts" })] {
        let Some(released) = released(&house, bad.clone()).await else { return };
        assert_eq!(released.unwrap_err().reason, "INVALID_GRANT", "{bad}");
    }
}
