//! What runs by the clock, over HTTP.

use fondaco_engine::Roles;
use http::{Method, StatusCode};
use serde_json::json;

use crate::house::{House, request};

#[tokio::test]
async fn jobs_are_the_operators() {
    let house = House::new().await;
    let merchant = house.key("acme", &[Roles::PUBLISHER, Roles::READER, Roles::CALLER]).await;
    let operator = house.key("platform", &[Roles::OPERATOR]).await;
    let get =
        async |query: &str, key: &str| house.send(request(Method::GET, &format!("/v1/jobs{query}"), key, "")).await;
    let answer = get("", &merchant).await;
    assert_eq!((answer.status, answer.reason().as_str()), (StatusCode::FORBIDDEN, "ROLE_REQUIRED"));
    for (query, reason) in [
        ("?tenant=../x", "INVALID_TENANT"),
        ("?service=X", "INVALID_SERVICE_NAME"),
        ("?limit=0", "INVALID_QUERY"),
        ("?limit=1001", "INVALID_QUERY"),
        ("?job=chores.sweep", "INVALID_QUERY"),
    ] {
        assert_eq!(get(query, &operator).await.reason(), reason, "{query}");
    }
    assert_eq!(get("?tenant=acme&service=shop&limit=1000", &operator).await.json(), json!({ "items": [] }));
}
