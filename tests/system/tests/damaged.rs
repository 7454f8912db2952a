//! What is stored gets damaged while the host is down: what cannot be brought up again fails loudly, each release by
//! its own policy, and everything else serves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::PathBuf;

use fondaco_system_tests::api::{Api, Release};
use fondaco_system_tests::host::{House, release};
use fondaco_system_tests::{carts, forge};
use serde_json::{Value, json};

fn blob(house: &House, bytes: &[u8]) -> PathBuf {
    let digest = forge::digest(bytes);
    house.state().join("registry/blobs/sha256").join(&digest[..2]).join(digest)
}

/// Another byte in the middle of the stored component, as a failing disk makes it.
fn damage(house: &House, bytes: &[u8]) {
    let path = blob(house, bytes);
    let mut stored = std::fs::read(&path).unwrap();
    let middle = stored.len() / 2;
    stored[middle] ^= 0xff;
    std::fs::write(&path, stored).unwrap();
}

async fn put(api: &Api, name: &str, version: &str, bytes: &[u8], on_failure: &'static str) {
    api.push(name, version, bytes.to_vec()).await.ok();
    let wanted = Release { on_failure, ..release(version, json!({})) };
    api.release("price-rule", name, &wanted).await.ok();
}

fn outcome<'a>(quote: &'a Value, name: &str) -> &'a Value {
    let outcomes = quote["plugins"].as_array().unwrap();
    outcomes.iter().find(|outcome| outcome["source"]["plugin"] == name).unwrap_or_else(|| panic!("{name}: {quote}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_whose_component_is_damaged_fails_by_its_policy() {
    let Some(house) = House::new() else { return };
    let (operator, careless, careful, steady) =
        (house.operator(), house.merchant("careless"), house.merchant("careful"), house.merchant("steady"));
    let [skipped, blocking, before, after] = [501, 502, 503, 504].map(forge::fixed_price);
    let host = house.start().await;
    house.furnish(&host.api(&operator)).await;
    put(&host.api(&careless), "rule", "1.0.0", &skipped, "skip").await;
    put(&host.api(&careful), "rule", "1.0.0", &blocking, "block").await;
    put(&host.api(&steady), "rule", "1.0.0", &before, "last-good").await;
    put(&host.api(&steady), "rule", "2.0.0", &after, "last-good").await;
    let cart = carts::two_lines("damaged");
    assert_eq!(host.api(&careful).quote(&cart).await.ok()["lines"][0]["unit"], 502);
    host.stop().await;

    for bytes in [&skipped, &blocking, &after] {
        damage(&house, bytes);
    }
    // As long as the compiled component is there, nobody needs the blob.
    std::fs::remove_dir_all(house.state().join("cache")).unwrap();
    let host = house.start().await;
    let [careless, careful, steady] = [&careless, &careful, &steady].map(|key| host.api(key));

    let quote = careless.quote(&cart).await.ok();
    assert_eq!(quote["lines"][0]["unit"], 1_000, "{quote}");
    assert_eq!(outcome(&quote, "rule")["fault"]["reason"], "PLUGIN_NOT_LOADED", "{quote}");

    let problem = careful.quote(&cart).await.problem(412, "PLUGIN_FAILED");
    assert_eq!(problem["metadata"]["cause"], "PLUGIN_NOT_LOADED", "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("damaged"), "{problem}");

    let quote = steady.quote(&cart).await.ok();
    assert_eq!(quote["lines"][0]["unit"], 503, "{quote}");
    assert_eq!(outcome(&quote, "rule")["source"]["fallback"], true, "{quote}");

    let shown = careful.get("/v1/releases/price-rule/rule").await.ok();
    assert!(shown["problem"].as_str().is_some_and(|text| text.contains("damaged")), "{shown}");
    assert_eq!(host.api("").get("/healthz/ready").await.ok()["releasesThatDoNotServe"], 3);

    // The same bytes again mend the blob, and the same release again brings it up.
    put(&careful, "rule", "1.0.0", &blocking, "block").await;
    assert_eq!(careful.quote(&cart).await.ok()["lines"][0]["unit"], 502);
    assert_eq!(host.api("").get("/healthz/ready").await.ok()["releasesThatDoNotServe"], 2);
    host.stop().await;
}
