//! Functions of services.

use fondaco_engine::Roles;
use fondaco_gateway::GatewayConfig;
use http::{Method, StatusCode};

use crate::house::{Answer, House, request};

async fn house() -> House {
    House::with_math(GatewayConfig::default()).await
}

#[tokio::test]
async fn a_function_answers_on_its_own_path_and_on_the_manifests() {
    let house = house().await;
    for path in ["/v1/math/api/add", "/v1/sums"] {
        let answer = house.post(path, r#"{"leftHand": 2, "rightHand": 40}"#).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "42"), "{path}");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn parameters_may_stand_in_the_url() {
    let house = house().await;
    let key = house.key("acme", &[Roles::CALLER]).await;
    let send = |method: Method, path: &'static str, body: &'static str| house.send(request(method, path, &key, body));
    for (method, path, body) in [
        (Method::GET, "/v1/sums/2?rightHand=40", ""),
        (Method::GET, "/v1/sums/%32?rightHand=4%30", ""),
        (Method::GET, "/v1/sums/2", r#"{"rightHand": 40}"#),
        (Method::PUT, "/v1/sums/2/40", ""),
        (Method::PUT, "/v1/sums/2/40", "{}"),
        (Method::POST, "/v1/sums?rightHand=40", r#"{"leftHand": 2}"#),
    ] {
        let answer = send(method.clone(), path, body).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "42"), "{method} {path}");
    }

    for (method, path, body, reason, detail) in [
        (
            Method::GET,
            "/v1/sums/two?rightHand=40",
            "",
            "INVALID_PATH",
            "leftHand: expected a number from 0 to 4294967295",
        ),
        (
            Method::GET,
            "/v1/sums/2?rightHand=-1",
            "",
            "INVALID_QUERY",
            "rightHand: expected a number from 0 to 4294967295",
        ),
        (Method::GET, "/v1/sums/2?rihgtHand=1", "", "INVALID_QUERY", "rihgtHand: there is no such parameter"),
        (
            Method::GET,
            "/v1/sums/2?rightHand=1&rightHand=2",
            "",
            "INVALID_QUERY",
            "rightHand: stands there more than once",
        ),
        (Method::GET, "/v1/sums/2", "", "INVALID_BODY", "rightHand"),
        (Method::PUT, "/v1/sums/2/40", r#"{"leftHand": 3}"#, "INVALID_PATH", "twice"),
        (Method::PUT, "/v1/sums/2/40", "[]", "INVALID_BODY", "expected an object"),
        (Method::GET, "/v1/sums/%ff?rightHand=40", "", "INVALID_PATH", "leftHand: is not UTF-8"),
        (Method::DELETE, "/v1/sums/2", "", "METHOD_NOT_ALLOWED", "GET"),
        (Method::GET, "/v1/odd/2", "", "NO_SUCH_ROUTE", ""),
    ] {
        let answer = send(method.clone(), path, body).await;
        assert_eq!(answer.reason(), reason, "{method} {path}: {}", answer.text);
        assert!(answer.json()["detail"].as_str().unwrap().contains(detail), "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_function_without_answer_is_204() {
    let answer = house().await.post("/v1/math/api/nothing", "").await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NO_CONTENT, ""));
}

#[tokio::test]
async fn a_wrong_body_is_told_exactly() {
    let house = house().await;
    let answer = house.post("/v1/sums", r#"{"leftHand": 2, "rightHand": "x"}"#).await;
    assert_eq!(answer.reason(), "INVALID_BODY");
    assert_eq!(answer.json()["detail"], "rightHand: expected a number from 0 to 4294967295, found \"x\"");
    assert_eq!(answer.json()["metadata"]["path"], "rightHand");
    assert_eq!(house.post("/v1/sums", "{").await.reason(), "MALFORMED_JSON");
    assert_eq!(house.post("/v1/sums", "").await.reason(), "MALFORMED_JSON");
}

#[tokio::test]
async fn the_callers_request_id_comes_back_when_it_is_sane() {
    let house = house().await;
    let key = house.key("acme", &[Roles::CALLER]).await;
    let with = |id: &'static str| {
        let mut request = request(Method::POST, "/v1/sums", &key, r#"{"leftHand": 1, "rightHand": 1}"#);
        request.headers_mut().insert("x-request-id", id.parse().unwrap());
        request
    };
    assert_eq!(house.send(with("order-7")).await.headers["x-request-id"], "order-7");
    let replaced = house.send(with("order 7")).await;
    assert_eq!(replaced.headers["x-request-id"].len(), 36, "a UUID");
}

#[tokio::test]
async fn a_swap_changes_routes_types_and_answers() {
    let house = house().await;
    let sum = r#"{"leftHand": 40, "rightHand": 2}"#;
    assert_eq!(house.post("/v1/sums", sum).await.text, "42");
    assert_eq!(house.post("/v1/math/api/twice", r#"{"number": 4}"#).await.reason(), "NO_SUCH_ROUTE");

    house.activate("1.1.0").await;
    assert_eq!(house.post("/v1/sums", sum).await.text, "38");
    assert_eq!(house.post("/v1/math/api/twice", r#"{"number": 4}"#).await.text, "8");

    house.deactivate();
    assert_eq!(house.post("/v1/sums", sum).await.reason(), "NO_SUCH_ROUTE");
}

#[tokio::test]
async fn a_services_own_fault_is_the_answer() {
    let answer = house().await.post("/v1/math/api/fail", "").await;
    assert_eq!((answer.status, answer.reason().as_str()), (StatusCode::PRECONDITION_FAILED, "OUT_OF_LUCK"));
    assert_eq!(answer.json()["detail"], "no luck today");
}

#[tokio::test]
async fn a_trap_is_a_fault_and_the_next_call_is_fine() {
    let house = house().await;
    let crashed = house.post("/v1/math/api/crash", "").await;
    assert_eq!(crashed.status, StatusCode::INTERNAL_SERVER_ERROR);
    crashed.reason();
    assert_eq!(house.post("/v1/sums", r#"{"leftHand": 1, "rightHand": 1}"#).await.text, "2");
}

#[tokio::test]
async fn other_methods_are_405_with_what_is_allowed() {
    let house = house().await;
    let key = house.key("acme", &[Roles::CALLER]).await;
    let answer = house.send(request(Method::GET, "/v1/sums", &key, "")).await;
    assert_eq!((answer.status, answer.reason().as_str()), (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"));
    assert_eq!(answer.headers["allow"], "POST");
    let answer = house.send(request(Method::DELETE, "/v1/audit", &key, "")).await;
    assert_eq!((answer.status, answer.reason().as_str()), (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"));
    assert_eq!(answer.headers["allow"], "GET,HEAD");
}

#[tokio::test]
async fn calls_under_swaps_never_see_a_mixture() {
    let house = house().await;
    let key = house.key("acme", &[Roles::CALLER]).await;
    let sum = r#"{"leftHand": 40, "rightHand": 2}"#;
    let calls = async {
        for _ in 0..200 {
            let answer = Answer::of(house.gateway.handle(request(Method::POST, "/v1/sums", &key, sum)).await).await;
            assert!(matches!(answer.text.as_str(), "42" | "38"), "{}", answer.text);
            tokio::task::yield_now().await;
        }
    };
    // A swap may only add, so that there is no way back to 1.0.0: the same again is a swap too.
    let swaps = async {
        for _ in 0..20 {
            house.activate("1.1.0").await;
        }
    };
    tokio::join!(calls, swaps);
}
