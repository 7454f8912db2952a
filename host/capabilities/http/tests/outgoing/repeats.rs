//! What may be repeated is tried again, and a host that keeps failing is left alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fondaco_http::{BreakerConfig, HttpConfig, Outgoing};
use http::{Request, Response};
use serde_json::json;

use crate::site::{Site, full, soon, status, until};
use crate::world::{OUTSIDE, World, ask, body, get, post, refused};

/// Says 503 so often, then 200.
async fn unwell(times: usize) -> Site {
    Site::new(OUTSIDE, move |asked| async move { status(if asked.number < times { 503 } else { 200 }) }).await
}

async fn visit(site: &Site) -> (Outgoing, String) {
    let place = format!("http://api.test:{}", site.port());
    (World::new().await.outgoing(std::slice::from_ref(&place)), place)
}

#[tokio::test]
async fn what_is_idempotent_is_tried_three_times() {
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let site = unwell(2).await;
        let (outgoing, place) = visit(&site).await;
        let request = Request::builder().method(method).uri(&place).body(body("same")).unwrap();
        assert_eq!(ask(&outgoing, request).await.unwrap().status, 200, "{method}");
        let asked = site.asked();
        assert_eq!(asked.len(), 3, "{method}");
        assert!(asked.iter().all(|asked| asked.body == "same" && asked.method.as_str() == method));
    }
    // The last answer is the answer.
    let site = unwell(9).await;
    let (outgoing, place) = visit(&site).await;
    assert_eq!(ask(&outgoing, get(&place)).await.unwrap().status, 503);
    assert_eq!(site.asked().len(), 3);
}

#[tokio::test]
async fn what_is_not_is_tried_once_unless_it_has_a_key() {
    let site = unwell(1).await;
    let (outgoing, place) = visit(&site).await;
    assert_eq!(ask(&outgoing, post(&place)).await.unwrap().status, 503);
    assert_eq!(site.asked().len(), 1);
    let site = unwell(1).await;
    let (outgoing, place) = visit(&site).await;
    let keyed = Request::post(&place).header("idempotency-key", "order-7").body(body("pay")).unwrap();
    assert_eq!(ask(&outgoing, keyed).await.unwrap().status, 200);
    let asked = site.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|asked| asked.body == "pay" && asked.headers["idempotency-key"] == "order-7"));
}

#[tokio::test]
async fn a_grant_may_ask_for_no_repeats() {
    let site = unwell(1).await;
    let place = format!("http://api.test:{}", site.port());
    let outgoing = World::new().await.granted(&json!({ "hosts": [place], "private": true, "attempts": 1 }));
    assert_eq!(ask(&outgoing, get(&place)).await.unwrap().status, 503);
    assert_eq!(site.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_that_says_when_to_come_back_is_handed_through() {
    let site = Site::new(OUTSIDE, |_| async {
        Response::builder().status(503).header("retry-after", "120").body(full("")).unwrap()
    })
    .await;
    let (outgoing, place) = visit(&site).await;
    let seen = ask(&outgoing, get(&place)).await.unwrap();
    assert_eq!((seen.status, seen.headers["retry-after"].to_str().unwrap()), (503, "120"));
    assert_eq!(site.asked().len(), 1);
}

#[tokio::test]
async fn a_connection_that_fails_is_tried_again() {
    let breaking = Site::hanging_up(OUTSIDE).await;
    // Bound, so that nobody else has the port, and not listening.
    let refusing = tokio::net::TcpSocket::new_v4().unwrap();
    refusing.bind(OUTSIDE.parse().unwrap()).unwrap();
    for (port, expected) in
        [(breaking.port(), "ConnectionTerminated"), (refusing.local_addr().unwrap().port(), "ConnectionRefused")]
    {
        let world = World::new().await;
        let place = format!("http://api.test:{port}");
        let outgoing = world.outgoing(std::slice::from_ref(&place));
        assert_eq!(refused(&outgoing, get(&place)).await, expected);
        assert_eq!(world.names.asked().len(), 3, "one look-up an attempt");
        assert_eq!(refused(&outgoing, post(&place)).await, expected);
        assert_eq!(world.names.asked().len(), 4, "no second attempt");
    }
}

#[tokio::test]
async fn a_host_that_keeps_failing_is_left_alone_and_then_asked_once() {
    let well = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&well);
    let site = Site::new(OUTSIDE, move |_| {
        let code = if now.load(Ordering::SeqCst) { 200 } else { 503 };
        async move { status(code) }
    })
    .await;
    let healthy = Site::new(OUTSIDE, |_| async { status(200) }).await;
    let breaker = BreakerConfig { failures: 3, rest_ms: 1_000 };
    let world = World::with(HttpConfig { breaker, ..HttpConfig::default() }).await;
    let places = [&site, &healthy].map(|site| format!("http://api.test:{}", site.port()));
    let outgoing = world.granted(&json!({ "hosts": places, "private": true, "attempts": 1 }));
    for _ in 0..3 {
        assert_eq!(ask(&outgoing, get(&places[0])).await.unwrap().status, 503);
    }
    assert_eq!(refused(&outgoing, get(&places[0])).await, "DestinationUnavailable");
    assert_eq!(site.asked().len(), 3);
    // Another host, and another service, are not concerned.
    assert_eq!(ask(&outgoing, get(&places[1])).await.unwrap().status, 200);
    let other = world.granted(&json!({ "hosts": places, "private": true, "attempts": 1 }));
    assert_eq!(ask(&other, get(&places[0])).await.unwrap().status, 503);
    // When it has rested, one request tries, and all go through again.
    well.store(true, Ordering::SeqCst);
    let seen = until("one request", async || ask(&outgoing, get(&places[0])).await.ok()).await;
    assert_eq!(seen.status, 200);
    assert_eq!(ask(&outgoing, get(&places[0])).await.unwrap().status, 200);
    soon("all requests", || site.asked().len() == 6).await;
}
