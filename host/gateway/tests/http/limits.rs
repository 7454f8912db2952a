//! Bodies, time, and room.

use axum::body::Body;
use fondaco_engine::Roles;
use fondaco_gateway::GatewayConfig;
use http::{Method, Request, StatusCode};

use crate::house::{Answer, House, request};

const SUM: &str = r#"{"leftHand": 1, "rightHand": 1}"#;

#[tokio::test]
async fn bodies_are_bounded_by_route() {
    let config = GatewayConfig { call_bytes: 40, upload_bytes: 100, body_bytes: 50, ..GatewayConfig::default() };
    let house = House::with_math(config).await;
    let key = house.key("acme", &[Roles::CALLER, Roles::PUBLISHER]).await;
    let send = |method: Method, path: &str, bytes: usize| house.send(request(method, path, &key, &"x".repeat(bytes)));
    for (method, path, limit) in [
        (Method::POST, "/v1/sums", 40),
        (Method::POST, "/v1/plugins?name=a&version=1.0.0", 100),
        (Method::PUT, "/v1/releases/tax/a", 50),
    ] {
        let answer = send(method.clone(), path, limit + 1).await;
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE"),
            "{path}"
        );
        assert_ne!(send(method, path, limit).await.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
}

#[tokio::test]
async fn an_encoded_body_is_refused() {
    let house = House::with_math(GatewayConfig::default()).await;
    let key = house.key("acme", &[Roles::CALLER]).await;
    let mut request = request(Method::POST, "/v1/sums", &key, SUM);
    request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(house.send(request).await.reason(), "UNSUPPORTED_ENCODING");
}

#[tokio::test]
async fn a_call_ends_at_its_deadline() {
    let house = House::with_math(GatewayConfig::default()).await;
    let key = house.key("acme", &[Roles::CALLER]).await;
    let mut spin = request(Method::POST, "/v1/math/api/spin", &key, "");
    spin.headers_mut().insert("x-request-timeout-ms", "50".parse().unwrap());
    let answer = house.send(spin).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(answer.json()["code"], "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let house = House::with_math(GatewayConfig::default()).await;
    let key = house.key("acme", &[Roles::CALLER]).await;
    let never = Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let slow = Request::post("/v1/sums").header("x-api-key", key).header("x-request-timeout-ms", "20").body(never);
    let answer = house.send(slow.unwrap()).await;
    assert_eq!((answer.status, answer.reason().as_str()), (StatusCode::GATEWAY_TIMEOUT, "BODY_TIMEOUT"));
}

#[tokio::test]
async fn a_full_house_says_so_and_when_to_come_back() {
    let config = GatewayConfig { calls: 1, queue_ms: 1, ..GatewayConfig::default() };
    let house = House::with_math(config).await;
    let key = house.key("acme", &[Roles::CALLER]).await;
    let mut spin = request(Method::POST, "/v1/math/api/spin", &key, "");
    spin.headers_mut().insert("x-request-timeout-ms", "2000".parse().unwrap());
    // Polled once: it is inside, and has the only place.
    let mut inside = Box::pin(house.gateway.handle(spin));
    assert!(futures::poll!(&mut inside).is_pending());

    let answer = house.send(request(Method::POST, "/v1/sums", &key, SUM)).await;
    assert_eq!((answer.status, answer.reason().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED"));
    assert_eq!(answer.headers["retry-after"], "1");
    let health = house.send(Request::get("/healthz/live").body(Body::empty()).unwrap()).await;
    assert_eq!(health.status, StatusCode::OK);

    drop(inside);
    assert_eq!(house.send(request(Method::POST, "/v1/sums", &key, SUM)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_hosts_own_endpoints_are_bounded_too() {
    let house = House::with(GatewayConfig { requests: 1, ..GatewayConfig::default() }).await;
    let key = house.key("acme", &[Roles::READER]).await;
    let follow = request(Method::GET, "/v1/plugins/x/logs?wait=30000", &key, "");
    let mut following = Box::pin(house.gateway.handle(follow));
    assert!(futures::poll!(&mut following).is_pending());
    assert_eq!(house.send(request(Method::GET, "/v1/plugins", &key, "")).await.reason(), "OVERLOADED");
    // A host that stops lets its followers go at once.
    house.ready.send_replace(false);
    let answer = Answer::of(following.await).await;
    assert_eq!(answer.json(), serde_json::json!({ "items": [], "after": 0 }));
}
