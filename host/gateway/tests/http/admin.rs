//! Plugins, releases, services, audit, health, metrics, OpenAPI.

use axum::body::Body;
use fondaco_engine::Roles;
use fondaco_gateway::GatewayConfig;
use http::{Method, Request, StatusCode};
use serde_json::json;

use crate::house::{Answer, House, math, request};

struct Merchant {
    house: House,
    key: String,
}

impl Merchant {
    async fn new() -> Self {
        let house = House::new().await;
        let key = house.key("acme", &[Roles::PUBLISHER, Roles::READER]).await;
        Self { house, key }
    }

    async fn send(&self, method: Method, path: &str, body: &str) -> Answer {
        self.house.send(request(method, path, &self.key, body)).await
    }

    async fn push(&self, version: &str) -> Answer {
        self.send(Method::POST, &format!("/v1/plugins?name=tiers&version={version}"), version).await
    }

    async fn put(&self, body: &str) -> Answer {
        self.send(Method::PUT, "/v1/releases/price-rule/tiers", body).await
    }
}

#[tokio::test]
async fn a_plugin_is_pushed_once_and_never_changes() {
    let acme = Merchant::new().await;
    let first = acme.push("1.0.0").await;
    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!((&first.json()["name"], &first.json()["point"]), (&json!("tiers"), &json!("price-rule")));
    assert_eq!(acme.push("1.0.0").await.status, StatusCode::OK, "the same again");
    let other = acme.send(Method::POST, "/v1/plugins?name=tiers&version=1.0.0", "other bytes").await;
    assert_eq!((other.status, other.reason().as_str()), (StatusCode::CONFLICT, "VERSION_EXISTS"));
    let listed = acme.send(Method::GET, "/v1/plugins", "").await.json();
    assert_eq!(listed["items"][0]["versions"], json!(["1.0.0"]));
}

#[tokio::test]
async fn what_is_refused_says_why() {
    let acme = Merchant::new().await;
    for (path, body, reason) in [
        ("/v1/plugins?name=tiers&version=1.0.0", "bad", "FORBIDDEN_IMPORT"),
        ("/v1/plugins?name=tiers&version=1.0.0", "", "EMPTY_UPLOAD"),
        ("/v1/plugins?name=Tiers&version=1.0.0", "x", "INVALID_PLUGIN_NAME"),
        ("/v1/plugins?name=tiers&version=one", "x", "INVALID_VERSION"),
        ("/v1/plugins?name=tiers", "x", "INVALID_QUERY"),
        ("/v1/plugins?name=tiers&version=1.0.0&owner=globex", "x", "INVALID_OWNER"),
    ] {
        assert_eq!(acme.send(Method::POST, path, body).await.reason(), reason, "{path}");
    }
    for (body, reason) in [
        ("{", "MALFORMED_JSON"),
        ("{\"version\": 1}", "INVALID_BODY"),
        ("{\"version\": \"1.0.0\", \"prio\": 1}", "INVALID_BODY"),
        ("{\"version\": \"1.0.0\"}", "PLUGIN_NOT_FOUND"),
    ] {
        assert_eq!(acme.put(body).await.reason(), reason, "{body}");
    }
}

#[tokio::test]
async fn a_release_has_a_tag_a_history_and_a_way_back() {
    let acme = Merchant::new().await;
    acme.push("1.0.0").await;
    acme.push("1.1.0").await;
    let first = acme.put(r#"{"version": "1.0.0", "config": {"n": 12345678901234567890}, "onFailure": "block"}"#).await;
    assert_eq!((first.status, &first.headers["etag"]), (StatusCode::OK, &"\"1\"".parse().unwrap()));
    assert!(first.text.contains("12345678901234567890"), "config is kept digit by digit: {}", first.text);

    let second = acme.put(r#"{"version": "1.1.0"}"#).await.json();
    assert_eq!((&second["onFailure"], &second["previous"]["version"]), (&json!("block"), &json!("1.0.0")));

    let mut stale = request(Method::PUT, "/v1/releases/price-rule/tiers", &acme.key, r#"{"version": "1.0.0"}"#);
    stale.headers_mut().insert("if-match", "\"1\"".parse().unwrap());
    assert_eq!(acme.house.send(stale).await.reason(), "REVISION_MISMATCH");

    let back = acme.send(Method::POST, "/v1/releases/price-rule/tiers/rollback", "").await;
    assert_eq!((&back.json()["version"], &back.json()["revision"]), (&json!("1.0.0"), &json!(3)));
    let gone = acme.send(Method::DELETE, "/v1/releases/price-rule/tiers", "").await;
    assert_eq!((gone.status, gone.text.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(acme.send(Method::GET, "/v1/releases/price-rule/tiers", "").await.reason(), "RELEASE_NOT_FOUND");
    let history = acme.send(Method::GET, "/v1/releases/price-rule/tiers/history", "").await.json();
    let actions: Vec<_> = history["items"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["remove", "rollback", "put", "put"]);

    let audit = acme.send(Method::GET, "/v1/audit?action=release.&limit=2", "").await.json();
    assert_eq!(audit["items"][0]["action"], "release.remove");
    assert!(audit["next"].is_number(), "there is more: {audit}");
}

#[tokio::test]
async fn an_operator_runs_services() {
    let house = House::new().await;
    let key = house.key("ops", &[Roles::OPERATOR]).await;
    let send = |method: Method, path: &str, body: &str| house.send(request(method, path, &key, body));
    assert_eq!(
        send(Method::POST, "/v1/services?name=plugins&version=1.0.0", "x").await.reason(),
        "INVALID_SERVICE_NAME"
    );
    assert_eq!(send(Method::POST, "/v1/services?name=pricing&version=1.0.0", "x").await.status, StatusCode::CREATED);
    let released = send(Method::PUT, "/v1/services/pricing", r#"{"version": "1.0.0", "config": {"a": 1}}"#).await;
    assert_eq!((&released.json()["name"], &released.json()["config"]), (&json!("pricing"), &json!({ "a": 1 })));
    let listed = send(Method::GET, "/v1/services", "").await.json();
    assert_eq!(listed["items"][0]["release"]["version"], "1.0.0");
    assert_eq!(send(Method::POST, "/v1/services/pricing/rollback", "").await.reason(), "NOTHING_TO_ROLL_BACK_TO");
    let audit = send(Method::GET, "/v1/audit?scope=@platform", "").await.json();
    assert_eq!(audit["items"][0]["subject"], "service/pricing");
}

#[tokio::test]
async fn readiness_follows_the_host() {
    let house = House::new().await;
    let ready = || Request::get("/healthz/ready").body(Body::empty()).unwrap();
    assert_eq!(house.send(ready()).await.json(), json!({ "status": "ok", "releasesThatDoNotServe": 0, "away": [] }));
    house.ready.send_replace(false);
    let answer = house.send(ready()).await;
    assert_eq!((answer.status, &answer.json()["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("not-ready")));
}

#[tokio::test]
async fn metrics_count_by_template() {
    let house = House::with_math(GatewayConfig::default()).await;
    house.post("/v1/sums", r#"{"leftHand": 1, "rightHand": 1}"#).await;
    house.post("/v1/plugins/some-name/logs", "").await;
    house.send(Request::get("/secret-path").body(Body::empty()).unwrap()).await;
    let text = house.send(Request::get("/metrics").body(Body::empty()).unwrap()).await.text;
    assert!(text.contains("{method=\"POST\",route=\"/v1/sums\",status=\"2xx\"} 1"), "{text}");
    assert!(!text.contains("some-name") && !text.contains("secret-path"), "{text}");
}

#[tokio::test]
async fn openapi_shows_the_services_that_serve() {
    let house = House::new().await;
    house.registry.blobs().put(math("1.0.0")).await.unwrap();
    let document = || house.send(Request::get("/openapi.json").body(Body::empty()).unwrap());
    assert!(document().await.json()["paths"]["/v1/sums"].is_null());
    house.activate("1.0.0").await;
    let document = document().await.json();
    insta::assert_json_snapshot!("openapi_add", document["paths"]["/v1/math/api/add"]);
    let by_url = &document["paths"]["/v1/sums/{leftHand}"]["get"];
    assert_eq!(by_url["operationId"], "get:v1.sums.leftHand", "{by_url}");
    assert!(by_url.get("requestBody").is_none(), "{by_url}");
    insta::assert_json_snapshot!("openapi_parameters", by_url["parameters"]);
    insta::assert_json_snapshot!("openapi_nothing", document["paths"]["/v1/math/api/nothing"]);
    insta::assert_json_snapshot!("openapi_release", document["paths"]["/v1/releases/{point}/{name}"]["put"]);
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    insta::assert_json_snapshot!("openapi_paths", paths);
}
