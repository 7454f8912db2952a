//! Services over HTTP: a config that does not fit is found at the release, and a service that others call stays.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{SystemTime, UNIX_EPOCH};

use fondaco_system_tests::api::Api;
use fondaco_system_tests::host::House;
use fondaco_system_tests::{carts, cli};
use reqwest::Method;
use serde_json::{Value, json};

async fn remove(operator: &Api, name: &str) -> fondaco_system_tests::api::Answer {
    operator.send(Method::DELETE, &format!("/v1/services/{name}"), &Value::Null).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_config_is_refused_at_the_release() {
    let Some(house) = House::new() else { return };
    let (operator, caller) = (house.operator(), house.merchant("acme"));
    let host = house.start().await;
    let (operator, caller) = (host.api(&operator), host.api(&caller));
    house.furnish(&operator).await;

    for (name, config, path) in [
        ("pricing", json!({"tenants": {"acme": {"laneMode": "best"}}}), "tenants.acme.laneMode"),
        ("loyalty", json!({"default": 7}), "default"),
        ("shipping", json!({"defualt": {}}), "defualt"),
    ] {
        let problem = operator.release_service(name, "1.0.0", &config).await.problem(400, "INVALID_CONFIG");
        assert!(problem["detail"].as_str().unwrap().contains(path), "{problem}");
        assert_eq!(problem["metadata"]["cause"], "BAD_CONFIG", "{problem}");
        let shown = operator.get(&format!("/v1/services/{name}")).await.ok();
        assert!(!shown.to_string().contains("best") && !shown.to_string().contains("defualt"), "{shown}");
    }
    caller.quote(&carts::two_lines("after")).await.ok();

    // A good one after it, and back.
    let taxed = json!({"default": {"pricesIncludeTax": true}});
    operator.release_service("pricing", "1.0.0", &taxed).await.ok();
    operator.rollback_service("pricing").await.ok();
    caller.quote(&carts::two_lines("after")).await.ok();
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_others_call_is_not_removed() {
    let Some(house) = House::new() else { return };
    let (operator, caller) = (house.operator(), house.merchant("acme"));
    let host = house.start().await;
    let (operator, caller) = (host.api(&operator), host.api(&caller));
    house.furnish(&operator).await;

    for called in ["shipping", "loyalty"] {
        let problem = remove(&operator, called).await.problem(409, "SERVICE_IN_USE");
        assert_eq!(problem["metadata"]["callers"], "pricing@1.0.0", "{problem}");
    }
    caller.quote(&carts::two_lines("still")).await.ok();

    // Callers first.
    for name in ["pricing", "loyalty", "shipping"] {
        assert_eq!(remove(&operator, name).await.status, 204, "{name}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_what_runs_by_the_clock() {
    let Some(house) = House::new() else { return };
    let (key, caller) = (house.operator(), house.merchant("acme"));
    let host = house.start().await;
    let (operator, caller) = (host.api(&key), host.api(&caller));
    let command = |arguments: &[&str]| {
        cli::run(house.binary(), arguments, &[("FONDACO_URL", host.base.as_str()), ("FONDACO_KEY", &key)])
    };
    assert_eq!(command(&["jobs"]).ok().stdout, "no service runs anything by the clock\n");

    operator.push_service("schedule", "1.0.0", house.guest("tests/schedule")).await.ok();
    operator.release_service("schedule", "1.0.0", &json!({})).await.ok();
    // A job is for tenants that use the service.
    assert_eq!(command(&["jobs", "--json"]).json(), json!({ "items": [] }));
    caller.send(Method::POST, "/v1/schedule/chores/sweep", &json!({})).await.ok();
    let jobs = command(&["jobs", "--service", "schedule", "--json"]).json();
    let [job] = &jobs["items"].as_array().unwrap()[..] else { panic!("one, not {jobs}") };
    let named = ["tenant", "service", "function", "timetable"].map(|member| job[member].as_str().unwrap());
    assert_eq!(named, ["acme", "schedule", "chores.sweep", "0 3 * * * UTC"]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    assert!(u128::from(job["nextMs"].as_u64().unwrap()) > now, "{job}");
    host.stop().await;
}
