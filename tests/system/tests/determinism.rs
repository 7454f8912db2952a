//! The same quote of the same revision is the same bytes: over ten thousand runs, over restarts, and under both
//! builds of the host where both are there. One of the plugins asks WASI for random numbers, clocks and hash orders, and
//! shows them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use fondaco_system_tests::api::{Answer, Api};
use fondaco_system_tests::bystander::Bystanders;
use fondaco_system_tests::host::{Host, House, release};
use fondaco_system_tests::{carts, programs};
use serde_json::json;

const RUNS: u64 = 10_000;

struct Store {
    token: String,
}

impl Store {
    /// A store whose plugins between them touch all that could differ.
    async fn open(house: &House) -> (Self, Host) {
        let (operator, token) = (house.operator(), house.merchant("steady"));
        let host = house.start().await;
        house.furnish(&host.api(&operator)).await;
        let api = host.api(&token);
        for (position, (point, name, config)) in [
            ("price-rule", "hostile-price", json!({"unit": 937})),
            ("price-rule", "restless", json!({})),
            ("promotion", "hostile-promotion", json!({"percent": 12.5})),
        ]
        .into_iter()
        .enumerate()
        {
            api.push(name, "1.0.0", house.guest(&format!("tests/{name}"))).await.ok();
            let position = i32::try_from(position).unwrap();
            api.release(point, name, &fondaco_system_tests::api::Release { position, ..release("1.0.0", config) })
                .await
                .ok();
        }
        (Self { token }, host)
    }

    async fn quote(&self, host: &Host) -> Answer {
        let answer = host.api(&self.token).quote(&carts::two_lines("the-same-request")).await;
        answer.ok();
        answer
    }
}

/// `runs` quotes by many clients at once, each compared with `expected`.
async fn repeat(api: &Api, runs: u64, expected: &Answer) {
    let clients = Bystanders::expecting(16, api, carts::two_lines("the-same-request").to_string(), expected.clone());
    clients.wait_for(runs).await;
    assert!(clients.finish().await >= runs);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_quote_is_the_same_bytes() {
    let Some(house) = House::new() else { return };
    let (store, host) = Store::open(&house).await;

    let expected = store.quote(&host).await;
    let quote = expected.ok();
    for outcome in quote["plugins"].as_array().unwrap() {
        assert!(outcome["fault"].is_null(), "{outcome}");
    }
    assert_eq!(quote["lines"][0]["price"]["plugin"], "restless", "{quote}");
    let reasons = quote["lines"][0]["price"]["reasons"].to_string();
    assert!(reasons.contains("wall 1790000000000") && reasons.contains("files none"), "{reasons}");
    assert!(reasons.contains("variables 0"), "{reasons}");

    repeat(&host.api(&store.token), RUNS, &expected).await;
    let other = host.api(&store.token).quote(&carts::two_lines("another-request")).await.ok();
    assert_ne!(
        other["lines"][0]["price"]["reasons"], quote["lines"][0]["price"]["reasons"],
        "random numbers come from the request id"
    );

    host.stop().await;
    let host = house.start().await;
    assert_eq!(store.quote(&host).await, expected, "after a restart");
    repeat(&host.api(&store.token), 200, &expected).await;
    host.kill().await;

    let Some(release_build) = programs::release_host() else { return };
    let house = house.moved_to(release_build);
    let host = house.start().await;
    assert_eq!(store.quote(&host).await, expected, "under the release build");
    repeat(&host.api(&store.token), RUNS, &expected).await;
    host.stop().await;
}
