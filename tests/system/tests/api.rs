//! What the HTTP API says when something is wrong: problem+json, each with its stable reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bytes::Bytes;
use fondaco_system_tests::api::{Answer, Api};
use fondaco_system_tests::host::{Host, House, release};
use fondaco_system_tests::{carts, forge};
use reqwest::Method;
use serde_json::{Value, json};

struct Scene {
    host: Host,
    operator: Api,
    publisher: Api,
    caller: Api,
    reader: Api,
    stranger: Api,
}

impl Scene {
    async fn set(house: &House) -> Self {
        let keys = [
            ("platform-team", "operator"),
            ("acme", "publisher"),
            ("acme", "caller"),
            ("acme", "reader"),
            ("globex", "publisher"),
        ];
        let tokens = keys.map(|(tenant, role)| house.key(tenant, &[role]));
        let host = house.start().await;
        let [operator, publisher, caller, reader, stranger] = tokens.map(|token| host.api(&token));
        house.furnish(&operator).await;
        publisher.push("fixed", "1.0.0", forge::fixed_price(500)).await.ok();
        publisher.release("price-rule", "fixed", &release("1.0.0", json!({}))).await.ok();
        Self { host, operator, publisher, caller, reader, stranger }
    }

    async fn raw(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.caller.try_send(Method::POST, path, "application/json", body.into()).await.expect("an answer")
    }
}

async fn bodies(scene: &Scene) {
    let quotes = "/v1/pricing/quotes";
    scene.raw(quotes, "{\"currency\": \"EUR\",").await.problem(400, "MALFORMED_JSON");
    scene.raw(quotes, "").await.problem(400, "MALFORMED_JSON");
    scene.raw(quotes, vec![0xff, 0xfe]).await.problem(400, "MALFORMED_JSON");
    scene.raw(quotes, "[".repeat(100_000)).await.problem(400, "INVALID_BODY");

    let with = |change: &dyn Fn(&mut Value)| {
        let mut cart = carts::two_lines("bad");
        change(&mut cart);
        cart.to_string()
    };
    let cases: [(String, &str, &str); 6] = [
        (with(&|cart| cart["lines"][1]["color"] = json!("red")), "lines[1]", "color"),
        (with(&|cart| cart["lines"][1]["quantity"] = json!("many")), "lines[1].quantity", "many"),
        (with(&|cart| cart["lines"][0]["quantity"] = json!(-1)), "lines[0].quantity", "-1"),
        (with(&|cart| cart["lines"][0]["unit"] = json!(1.5)), "lines[0].unit", "1.5"),
        (with(&|cart| drop(cart["lines"][0].as_object_mut().unwrap().remove("sku"))), "lines[0]", "sku"),
        (with(&|cart| cart["step"] = json!("later")), "step", "later"),
    ];
    for (body, path, what) in cases {
        let problem = scene.raw(quotes, body).await.problem(400, "INVALID_BODY");
        assert_eq!(problem["metadata"]["path"], path, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(path) && detail.contains(what), "{what}: {problem}");
    }
    scene.raw(quotes, format!("{{\"currency\": \"{}\"}}", "x".repeat(2 << 20))).await.problem(413, "BODY_TOO_LARGE");
}

/// What decodes, and is still no cart.
async fn carts_out_of_bounds(scene: &Scene) {
    for (member, value) in [("lines", json!([])), ("currency", json!("euro")), ("codes", json!(vec!["X"; 17]))] {
        let mut cart = carts::two_lines("bad");
        cart[member] = value;
        let answer = scene.caller.quote(&cart).await;
        assert_eq!(answer.status, 400, "{member}: {}", answer.text());
        answer.problem(400, &answer.reason());
    }
}

async fn keys_and_roles(scene: &Scene, house: &House) {
    let cart = carts::two_lines("who");
    let nobody = scene.caller.with_key(None);
    nobody.quote(&cart).await.problem(401, "API_KEY_REQUIRED");
    nobody.get("/v1/plugins").await.problem(401, "API_KEY_REQUIRED");
    for wrong in ["fdk_", "hello", "fdk_0123456789abcdef_0123456789abcdef0123456789abcdef"] {
        scene.caller.with_key(Some(wrong)).quote(&cart).await.problem(401, "INVALID_API_KEY");
    }
    scene.reader.quote(&cart).await.problem(403, "ROLE_REQUIRED");
    scene.caller.push("mine", "1.0.0", forge::benign()).await.problem(403, "ROLE_REQUIRED");
    scene.reader.release("price-rule", "fixed", &release("1.0.0", json!({}))).await.problem(403, "ROLE_REQUIRED");
    scene
        .publisher
        .push_service("pricing", "9.0.0", house.guest("services/pricing"))
        .await
        .problem(403, "ROLE_REQUIRED");
    scene.publisher.release_service("pricing", "1.0.0", &json!({})).await.problem(403, "ROLE_REQUIRED");
    scene.caller.quote(&cart).await.ok();
}

/// Whoever is refused while he still sends gets to know why, and his next request on the same connection is answered.
async fn refused_while_they_send(scene: &Scene) {
    let large = vec![0_u8; 8 << 20];
    let nobody = scene.publisher.with_key(None);
    for _ in 0..10 {
        scene.publisher.push_service("pricing", "9.0.0", large.clone()).await.problem(403, "ROLE_REQUIRED");
        scene.publisher.release_service("pricing", "1.0.0", &json!({})).await.problem(403, "ROLE_REQUIRED");
        nobody.push("mine", "1.0.0", large.clone()).await.problem(401, "API_KEY_REQUIRED");
        nobody
            .send(Method::PUT, "/v1/pricing/quotes", &json!("x".repeat(1 << 20)))
            .await
            .problem(405, "METHOD_NOT_ALLOWED");
        nobody.get("/v1/plugins").await.problem(401, "API_KEY_REQUIRED");
    }
}

/// A store's plugins, releases, logs and audit are its own.
async fn tenants(scene: &Scene) {
    scene.stranger.get("/v1/plugins/fixed").await.problem(404, "PLUGIN_NOT_FOUND");
    scene.stranger.get("/v1/releases/price-rule/fixed").await.problem(404, "RELEASE_NOT_FOUND");
    scene.stranger.release("price-rule", "fixed", &release("1.0.0", json!({}))).await.problem(404, "PLUGIN_NOT_FOUND");
    scene.stranger.remove("price-rule", "fixed").await.problem(404, "RELEASE_NOT_FOUND");
    scene.stranger.rollback("price-rule", "fixed").await.problem(404, "RELEASE_NOT_FOUND");
    let plugins = scene.stranger.get("/v1/plugins").await.ok().to_string();
    assert!(!plugins.contains("\"fixed\""), "{plugins}");
    let audit = scene.stranger.get("/v1/audit").await.ok().to_string();
    assert!(!audit.contains("fixed"), "{audit}");
    assert_eq!(scene.caller.quote(&carts::two_lines("own")).await.ok()["lines"][0]["unit"], 500);
}

async fn routes(scene: &Scene) {
    scene.operator.get("/v1/nowhere").await.problem(404, "NO_SUCH_ROUTE");
    scene.operator.get("/").await.problem(404, "NO_SUCH_ROUTE");
    scene.caller.get("/v1/pricing/quotes").await.problem(405, "METHOD_NOT_ALLOWED");
    scene.publisher.send(Method::DELETE, "/v1/plugins", &Value::Null).await.problem(405, "METHOD_NOT_ALLOWED");
}

async fn publishing(scene: &Scene) {
    let api = &scene.publisher;
    api.push("fixed", "1.0.0", forge::fixed_price(500)).await.ok();
    api.push("fixed", "1.0.0", forge::fixed_price(501)).await.problem(409, "VERSION_EXISTS");
    api.push("fixed", "2.0.0", forge::benign()).await.problem(412, "POINT_CHANGED");
    api.push("fixed", "two", forge::fixed_price(500)).await.problem(400, "INVALID_VERSION");
    api.push("Fixed!", "1.0.0", forge::fixed_price(500)).await.problem(400, "INVALID_PLUGIN_NAME");
    api.release("price-rule", "fixed", &release("3.0.0", json!({}))).await.problem(404, "VERSION_NOT_FOUND");
    api.release("promotion", "fixed", &release("1.0.0", json!({}))).await.problem(400, "WRONG_POINT");
    api.rollback("price-rule", "fixed").await.problem(412, "NOTHING_TO_ROLL_BACK_TO");
    let put = |body: Value| async move { api.send(Method::PUT, "/v1/releases/price-rule/fixed", &body).await };
    put(json!({"version": "1.0.0", "onFailure": "explode"})).await.problem(400, "INVALID_BODY");
    put(json!({"version": "1.0.0", "weight": 3})).await.problem(400, "INVALID_BODY");
    put(json!({})).await.problem(400, "INVALID_BODY");
}

/// Health, metrics and OpenAPI need no key and name what serves.
async fn open_doors(scene: &Scene) {
    let nobody = scene.caller.with_key(None);
    assert_eq!(nobody.get("/healthz/live").await.status, 200);
    assert_eq!(nobody.get("/healthz/ready").await.status, 200);
    let openapi = nobody.get("/openapi.json").await.ok();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3."), "{openapi}");
    assert!(openapi["paths"]["/v1/pricing/quotes"]["post"].is_object(), "{openapi}");
    let metrics = nobody.get("/metrics").await;
    assert_eq!(metrics.status, 200, "{}", metrics.text());
    assert!(metrics.text().contains("/v1/pricing/quotes"), "route templates are labels: {}", metrics.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_is_a_problem_with_a_stable_reason() {
    let Some(house) = House::new() else { return };
    let scene = Scene::set(&house).await;
    bodies(&scene).await;
    carts_out_of_bounds(&scene).await;
    keys_and_roles(&scene, &house).await;
    refused_while_they_send(&scene).await;
    tenants(&scene).await;
    routes(&scene).await;
    publishing(&scene).await;
    open_doors(&scene).await;
    scene.host.stop().await;
}
