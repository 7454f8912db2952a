//! Who may what.

use axum::body::Body;
use fondaco_engine::Roles;
use fondaco_gateway::GatewayConfig;
use http::{Method, Request, StatusCode};

use crate::house::{House, request};

const SUM: &str = r#"{"leftHand": 1, "rightHand": 1}"#;

#[tokio::test]
async fn calls_need_a_key_with_the_role() {
    let house = House::with_math(GatewayConfig::default()).await;
    let bare = Request::post("/v1/sums").body(Body::from(SUM)).unwrap();
    let answer = house.send(bare).await;
    assert_eq!((answer.status, answer.reason().as_str()), (StatusCode::UNAUTHORIZED, "API_KEY_REQUIRED"));
    assert_eq!(answer.headers["www-authenticate"], "Bearer");

    let answer = house.send(request(Method::POST, "/v1/sums", "fdk_nobody", SUM)).await;
    assert_eq!((answer.status, answer.reason().as_str()), (StatusCode::UNAUTHORIZED, "INVALID_API_KEY"));

    let reader = house.key("acme", &[Roles::READER]).await;
    let answer = house.send(request(Method::POST, "/v1/sums", &reader, SUM)).await;
    assert_eq!((answer.status, answer.reason().as_str()), (StatusCode::FORBIDDEN, "ROLE_REQUIRED"));

    let caller = house.key("acme", &[Roles::CALLER]).await;
    let by_header = Request::post("/v1/sums").header("x-api-key", &caller).body(Body::from(SUM)).unwrap();
    assert_eq!(house.send(by_header).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nothing_of_the_body_is_looked_at_before_the_key() {
    let house = House::with_math(GatewayConfig::default()).await;
    let answer = house.send(request(Method::POST, "/v1/sums", "fdk_nobody", "not json")).await;
    assert_eq!(answer.reason(), "INVALID_API_KEY");
}

#[tokio::test]
async fn a_revoked_key_is_refused() {
    let house = House::with_math(GatewayConfig::default()).await;
    let key = house.key("acme", &[Roles::CALLER]).await;
    assert_eq!(house.send(request(Method::POST, "/v1/sums", &key, SUM)).await.status, StatusCode::OK);
    let id = house.registry.keys().list(None).await.unwrap()[0].id.clone();
    house.registry.keys().revoke(&id, None, &fondaco_registry::Actor::new("test")).await.unwrap();
    let answer = house.send(request(Method::POST, "/v1/sums", &key, SUM)).await;
    assert_eq!((answer.status, answer.reason().as_str()), (StatusCode::UNAUTHORIZED, "API_KEY_REVOKED"));
}

#[tokio::test]
async fn each_endpoint_asks_for_its_role() {
    let house = House::new().await;
    let caller = house.key("acme", &[Roles::CALLER]).await;
    let publisher = house.key("acme", &[Roles::PUBLISHER]).await;
    for path in ["/v1/plugins", "/v1/releases", "/v1/audit", "/v1/services", "/v1/plugins/x/logs", "/v1/releases/tax/x"]
    {
        assert_eq!(house.send(request(Method::GET, path, &caller, "")).await.reason(), "ROLE_REQUIRED", "{path}");
    }
    let push = |key: &str, path: &str| house.send(request(Method::POST, path, key, "wasm"));
    assert_eq!(push(&caller, "/v1/plugins?name=a&version=1.0.0").await.reason(), "ROLE_REQUIRED");
    assert_eq!(push(&publisher, "/v1/plugins?name=a&version=1.0.0").await.status, StatusCode::CREATED);
    assert_eq!(push(&publisher, "/v1/plugins?name=a&version=1.0.0&owner=platform").await.reason(), "ROLE_REQUIRED");
    assert_eq!(push(&publisher, "/v1/services?name=a&version=1.0.0").await.reason(), "ROLE_REQUIRED");
    let answer = house.send(request(Method::GET, "/v1/audit?scope=all", &publisher, "")).await;
    assert_eq!(answer.reason(), "SCOPE_DENIED");
}

#[tokio::test]
async fn one_tenant_does_not_see_anothers() {
    let house = House::new().await;
    let acme = house.key("acme", &[Roles::PUBLISHER]).await;
    let globex = house.key("globex", &[Roles::PUBLISHER]).await;
    house.send(request(Method::POST, "/v1/plugins?name=secret&version=1.0.0", &acme, "wasm")).await;
    let seen = house.send(request(Method::GET, "/v1/plugins", &globex, "")).await;
    assert_eq!(seen.json()["items"], serde_json::json!([]));
    let seen = house.send(request(Method::GET, "/v1/plugins/secret", &globex, "")).await;
    assert_eq!(seen.reason(), "PLUGIN_NOT_FOUND");

    let mut as_acme = request(Method::GET, "/v1/plugins", &globex, "");
    as_acme.headers_mut().insert("x-fondaco-tenant", "acme".parse().unwrap());
    assert_eq!(house.send(as_acme).await.reason(), "TENANT_DENIED");

    let operator = house.key("ops", &[Roles::OPERATOR]).await;
    let mut as_acme = request(Method::GET, "/v1/plugins", &operator, "");
    as_acme.headers_mut().insert("x-fondaco-tenant", "acme".parse().unwrap());
    assert_eq!(house.send(as_acme).await.json()["items"][0]["name"], "secret");
}

#[tokio::test]
async fn those_who_watch_need_no_key() {
    let house = House::new().await;
    for path in ["/healthz/live", "/healthz/ready", "/metrics", "/openapi.json"] {
        let answer = house.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
}
