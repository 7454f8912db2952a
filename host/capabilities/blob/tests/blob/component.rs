//! A service that uses the interface, on the real engine: `tests/guests/blob`.

use fondaco_engine::Fault;
use fondaco_test_probe::{Guest, Probe};
use serde_json::{Value, json};

use crate::house::House;

/// None where the component is not built.
async fn released(house: &House, grant: Value) -> Option<Result<Probe, Fault>> {
    let guest = Guest::built("blob")?.read_only(&["probe.look"]).granted(json!({ "blob": grant }));
    let probe = Probe::new(vec![house.blobs.extension()]);
    Some(probe.release(guest).await.map(|()| probe))
}

async fn serving(house: &House) -> Option<Probe> {
    Some(released(house, json!({})).await?.unwrap())
}

async fn houses() -> [House; 2] {
    [House::in_folder().await, House::in_s3().await]
}

#[tokio::test]
async fn the_whole_interface_answers() {
    for house in houses().await {
        let Some(probe) = serving(&house).await else { return };
        let answer = probe
            .run(&[
                "put a/1 image/png public abc",
                "put a/2 text/plain private abc",
                "get a/1",
                "get a/1 1 1",
                "head a/2",
                "head a/3",
                "list a/",
                "list a/ a/1",
                "delete a/1",
                "delete a/1",
                "list ",
            ])
            .await;
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let url = format!("/v1/blobs/acme/probe/a/1?digest={digest}");
        let expected = [
            &format!("a/1 3 image/png {url}"),
            "a/2 3 text/plain private",
            "abc",
            "b",
            "a/2 3 text/plain private",
            "none",
            "a/1,a/2",
            "a/2",
            "true",
            "false",
            "a/2",
        ];
        assert_eq!(answer, expected.join("\n"));
        assert_eq!(probe.tell("other", "run", &["list ", "head a/2"]).await.unwrap(), "\nnone");
    }
}

#[tokio::test]
async fn faults_come_as_values() {
    let house = House::in_folder().await;
    let Some(probe) = serving(&house).await else { return };
    for (command, reason) in [
        ("get nothing", "BLOB_NOT_FOUND"),
        ("get ../x", "INVALID_BLOB_NAME"),
        ("put ../x a/b public x", "INVALID_BLOB_NAME"),
        ("put /etc/passwd a/b public x", "INVALID_BLOB_NAME"),
        ("put x html public x", "INVALID_CONTENT_TYPE"),
        ("put-large x 10485761", "BLOB_TOO_LARGE"),
        ("put-large x 100001", "BLOB_QUOTA"),
    ] {
        assert_eq!(probe.tell("acme", "run", &[command]).await.unwrap_err().reason, reason, "{command}");
    }
    assert!(house.objects().is_empty());
}

#[tokio::test]
async fn a_read_only_function_writes_nothing() {
    let house = House::in_folder().await;
    let Some(probe) = serving(&house).await else { return };
    probe.run(&["put a a/b private abc"]).await;
    assert_eq!(probe.tell("acme", "look", &["get a"]).await.unwrap(), "abc");
    for command in ["put a a/b private x", "delete a"] {
        assert_eq!(probe.tell("acme", "look", &[command]).await.unwrap_err().reason, "READ_ONLY");
    }
    assert_eq!(probe.run(&["get a"]).await, "abc");
}

#[tokio::test]
async fn the_grant_has_nothing_to_say() {
    let house = House::in_folder().await;
    for bad in [json!({ "quota": 1 }), json!(null)] {
        let Some(released) = released(&house, bad).await else { return };
        assert_eq!(released.unwrap_err().reason, "INVALID_GRANT");
    }
}
