//! `kill -9` at any moment: what is listed afterwards is whole, what was answered is there, and quotes are right.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fondaco_system_tests::api::Api;
use fondaco_system_tests::host::{House, release};
use fondaco_system_tests::wait::until;
use fondaco_system_tests::{carts, forge};
use reqwest::Method;
use serde_json::{Value, json};

/// How often the host is killed.
const KILLS: usize = 12;

/// What the client was told, so that it must still be so.
#[derive(Default, Debug)]
struct Told {
    /// Name and version of uploads that were answered with success.
    pushed: Vec<(&'static str, i64)>,
    /// The last version whose release was answered.
    released: Option<i64>,
    /// The last version whose release was asked for.
    asked: Option<i64>,
}

type Shared = Arc<Mutex<Told>>;

fn patch(version: i64) -> String {
    format!("1.0.{version}")
}

/// Sends; `None` when the host is gone. A host that is there says yes.
async fn send(api: &Api, method: Method, path: &str, body: impl Into<Bytes>) -> Option<()> {
    let answer = api.try_send(method, path, "application/json", body.into()).await.ok()?;
    answer.ok();
    Some(())
}

async fn push(api: &Api, told: &Shared, name: &'static str, version: i64, bytes: Vec<u8>) -> Option<()> {
    let path = format!("/v1/plugins?name={name}&version={}", patch(version));
    send(api, Method::POST, &path, bytes).await?;
    told.lock().unwrap().pushed.push((name, version));
    Some(())
}

/// Pushes and releases version after version of `ticker` until the host is gone. Version n sets the price n.
async fn tick(api: Api, told: Shared, mut version: i64) -> i64 {
    loop {
        version += 1;
        let step = async {
            push(&api, &told, "ticker", version, forge::fixed_price(version)).await?;
            told.lock().unwrap().asked = Some(version);
            let body = json!({"version": patch(version)}).to_string();
            send(&api, Method::PUT, "/v1/releases/price-rule/ticker", body).await?;
            told.lock().unwrap().released = Some(version);
            Some(())
        };
        if step.await.is_none() {
            return version;
        }
    }
}

/// Pushes version after version of something larger, which takes a while to check and to write.
async fn haul(api: Api, told: Shared, bytes: Vec<u8>, mut version: i64) -> i64 {
    loop {
        version += 1;
        if push(&api, &told, "cargo", version, forge::stamped(&bytes, &patch(version))).await.is_none() {
            return version;
        }
    }
}

async fn versions(api: &Api, name: &str) -> Vec<String> {
    let answer = api.get(&format!("/v1/plugins/{name}")).await;
    if answer.status == 404 {
        return Vec::new();
    }
    let listed = answer.ok();
    listed["items"].as_array().unwrap().iter().map(|item| item["version"].as_str().unwrap().to_owned()).collect()
}

/// What was answered is there, what serves is what was released, and all that is listed can serve.
async fn check(api: &Api, told: &Shared) {
    let (ticks, hauls) = (versions(api, "ticker").await, versions(api, "cargo").await);
    let (pushed, released, asked) = {
        let told = told.lock().unwrap();
        (told.pushed.clone(), told.released, told.asked)
    };
    for (name, version) in pushed {
        let listed = if name == "ticker" { &ticks } else { &hauls };
        assert!(listed.contains(&patch(version)), "{name} {version} was taken and is gone: {listed:?}");
    }

    let serving = price(api).await;
    assert!(serving == released || serving == asked, "{serving:?} serves; answered {released:?}, asked for {asked:?}");
    let shown = api.get("/v1/releases/price-rule/ticker").await;
    let shown = if shown.status == 404 { Value::Null } else { shown.ok()["version"].clone() };
    assert_eq!(shown.as_str(), serving.map(patch).as_deref(), "the listed release is what serves");

    for version in ticks.iter().take(3) {
        api.release("price-rule", "ticker", &release(version, json!({}))).await.ok();
        assert_eq!(price(api).await.map(patch).as_ref(), Some(version));
    }
    for version in hauls.iter().take(2) {
        api.release("price-rule", "cargo", &release(version, json!({}))).await.ok();
        api.quote(&carts::two_lines("cargo")).await.ok();
        api.remove("price-rule", "cargo").await.ok();
    }
    let serving = price(api).await;
    let mut told = told.lock().unwrap();
    (told.released, told.asked) = (serving, serving);
}

/// The first line's price, when a release set it; price, version and digest must tell the same.
async fn price(api: &Api) -> Option<i64> {
    let quote = api.quote(&carts::two_lines("after-the-crash")).await.ok();
    let unit = quote["lines"][0]["unit"].as_i64().unwrap();
    let Some(outcome) = quote["plugins"].as_array().unwrap().first() else {
        assert_eq!(unit, 1_000, "{quote}");
        return None;
    };
    assert_eq!(outcome["source"]["version"], patch(unit), "{quote}");
    assert_eq!(outcome["source"]["digest"], forge::digest(&forge::fixed_price(unit)), "{quote}");
    Some(unit)
}

/// No leftover of a torn upload: each file that is named like a digest, in whatever folder the registry keeps blobs,
/// has that digest.
fn blobs_are_whole(house: &House) {
    let mut folders = vec![house.state().join("registry")];
    let mut blobs = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                folders.push(path);
            } else if name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                assert_eq!(forge::digest(&std::fs::read(&path).unwrap()), name, "a torn blob");
                blobs += 1;
            }
        }
    }
    assert!(blobs >= 3, "the services at least are there as blobs, found {blobs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_comes_back_whole() {
    let Some(house) = House::new() else { return };
    let (operator, publisher) = (house.operator(), house.merchant("brave"));
    let bytes = house.guest("tests/restless");
    let mut host = house.start().await;
    house.furnish(&host.api(&operator)).await;
    let told = Shared::default();
    let (mut ticks, mut hauls) = (0, 0);
    for round in 0..KILLS {
        let before = told.lock().unwrap().pushed.len();
        let ticking = tokio::spawn(tick(host.api(&publisher), told.clone(), ticks));
        let hauling = tokio::spawn(haul(host.api(&publisher), told.clone(), bytes.clone(), hauls));
        // The moment of the kill moves with the round: by answers seen, and by turns of the scheduler.
        until("some uploads", Duration::from_mins(1), async || {
            let pushed = told.lock().unwrap().pushed.len() - before;
            (pushed > round % 4).then_some(()).ok_or(pushed)
        })
        .await;
        for _turn in 0..round * 211 {
            tokio::task::yield_now().await;
        }
        host.kill().await;
        (ticks, hauls) = (ticking.await.unwrap(), hauling.await.unwrap());
        host = house.start().await;
        check(&host.api(&publisher), &told).await;
        blobs_are_whole(&house);
    }
    let audit = host.api(&publisher).get("/v1/audit").await.ok();
    assert!(audit.to_string().contains("ticker"), "{audit}");
    host.stop().await;
}
