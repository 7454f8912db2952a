//! Dead letters and public blobs over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fondaco_blob::{Draft as File, Scope};
use fondaco_engine::{Code, Fault, Roles};
use fondaco_events::{Attempt, Backoff, Draft, Effect, Subscription};
use fondaco_sql::Work;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, request};

const LETTERS: &str = "/v1/events/dead-letters";
const PATIENCE: Duration = Duration::from_secs(30);

/// Fails until it is mended.
struct Handler {
    mended: Arc<AtomicBool>,
}

#[async_trait]
impl Effect for Handler {
    async fn apply(&self, _work: &mut Work, _attempt: &Attempt) -> Result<(), Fault> {
        if self.mended.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(Fault::new(Code::FailedPrecondition, "POISON", "it cannot be handled"))
    }
}

fn subscription() -> Subscription {
    Subscription {
        name: "book/fondaco.test.*".parse().unwrap(),
        service: "book".parse().unwrap(),
        pattern: "fondaco.test.*".parse().unwrap(),
        ordered: false,
        max_attempts: 1,
        concurrency: 1,
        backoff: Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(1) },
        timeout: PATIENCE,
    }
}

async fn publish(house: &House, number: u32) {
    let (tenant, service) = ("acme".parse().unwrap(), "shop".parse().unwrap());
    let database = house.databases.of(&tenant, &service).await.unwrap();
    let mut work = database.begin(Instant::now() + PATIENCE).await.unwrap();
    let draft = Draft {
        ty: "fondaco.test.done.v1".into(),
        subject: Some(format!("order-{number}")),
        partition_key: None,
        data: "{}".into(),
    };
    house.events.publish(&mut work, &tenant, &service, draft).unwrap();
    work.commit().await.unwrap();
}

/// The dead letters, when there are so many.
async fn letters(house: &House, key: &str, count: usize) -> Vec<Value> {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = house.send(request(Method::GET, LETTERS, key, "")).await.json();
        let items = answer["items"].as_array().unwrap().clone();
        if items.len() == count {
            return items;
        }
        assert!(Instant::now() < until, "{items:?}");
        tokio::task::yield_now().await;
    }
}

/// Waits until the bus knows that all is settled: it is told on the side.
async fn nothing_is_behind(house: &House, key: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = house.send(request(Method::GET, "/v1/events/subscriptions", key, "")).await.json();
        if answer["items"] == json!([{ "subscription": "book/fondaco.test.*", "events": 0 }]) {
            return;
        }
        assert!(Instant::now() < until, "{answer}");
        tokio::task::yield_now().await;
    }
}

fn path_of(letter: &Value) -> String {
    format!("{LETTERS}/acme/book%2Ffondaco.test.*/{}", letter["eventId"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_shown_replayed_and_discarded() {
    let house = House::new().await;
    let mended = Arc::new(AtomicBool::new(false));
    house.events.subscribe(subscription()).await.unwrap();
    let handler = house.events.native_handler(Handler { mended: Arc::clone(&mended) });
    house.events.start_with(Arc::new(handler));
    let key = house.key("platform", &[Roles::OPERATOR]).await;
    let send = |method: Method, path: String| house.send(request(method, &path, &key, ""));
    publish(&house, 1).await;
    publish(&house, 2).await;
    let dead = letters(&house, &key, 2).await;
    assert_eq!((&dead[0]["reason"], &dead[0]["attempts"]), (&json!("POISON"), &json!(1)));
    assert_eq!(dead[0]["event"]["specversion"], "1.0");
    for (subscription, count) in [("book/fondaco.test.*", 2), ("book/fondaco.test.done.v1", 0)] {
        let found = send(Method::GET, format!("{LETTERS}?subscription={subscription}")).await.json();
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{subscription}");
    }

    let (first, second) = (path_of(&dead[0]), path_of(&dead[1]));
    assert_eq!(send(Method::GET, first.clone()).await.json()["eventId"], dead[0]["eventId"]);
    let failed = send(Method::POST, format!("{first}/replay")).await;
    assert_eq!(failed.reason(), "POISON");
    assert_eq!(send(Method::GET, first.clone()).await.json()["attempts"], 2);

    mended.store(true, Ordering::SeqCst);
    assert_eq!(send(Method::POST, format!("{first}/replay")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(send(Method::GET, first.clone()).await.reason(), "DEAD_LETTER_NOT_FOUND");
    assert_eq!(send(Method::DELETE, second.clone()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(send(Method::DELETE, second).await.reason(), "DEAD_LETTER_NOT_FOUND");
    letters(&house, &key, 0).await;
    nothing_is_behind(&house, &key).await;
    house.events.stop(PATIENCE).await;
}

#[tokio::test]
async fn events_are_the_operators() {
    let house = House::new().await;
    let merchant = house.key("acme", &[Roles::PUBLISHER, Roles::READER, Roles::CALLER]).await;
    let operator = house.key("platform", &[Roles::OPERATOR]).await;
    let letter = format!("{LETTERS}/acme/book%2Ffondaco.test.*/018f0000-0000-7000-8000-000000000000");
    for (method, path) in [
        (Method::GET, "/v1/events/subscriptions"),
        (Method::GET, LETTERS),
        (Method::GET, &letter),
        (Method::DELETE, &letter),
        (Method::POST, &format!("{letter}/replay")),
    ] {
        let answer = house.send(request(method, path, &merchant, "")).await;
        assert_eq!((answer.status, answer.reason().as_str()), (StatusCode::FORBIDDEN, "ROLE_REQUIRED"), "{path}");
    }
    for (path, reason) in [
        (format!("{LETTERS}?tenant=../x"), "INVALID_TENANT"),
        (format!("{LETTERS}?service=X"), "INVALID_SERVICE_NAME"),
        (format!("{LETTERS}?subscription=book"), "INVALID_SUBSCRIPTION"),
        (format!("{LETTERS}?limit=0"), "INVALID_QUERY"),
        (format!("{LETTERS}?limit=201"), "INVALID_QUERY"),
        (format!("{LETTERS}/acme/book/a/x"), "NO_SUCH_ROUTE"),
        (format!("{LETTERS}/acme/book%2Ffondaco.test.*/x"), "INVALID_PATH"),
        (format!("{LETTERS}/acme/book/018f0000-0000-7000-8000-000000000000"), "INVALID_SUBSCRIPTION"),
        (letter.clone(), "DEAD_LETTER_NOT_FOUND"),
    ] {
        assert_eq!(house.send(request(Method::GET, &path, &operator, "")).await.reason(), reason, "{path}");
    }
}

#[tokio::test]
async fn public_blobs_are_delivered_to_anyone() {
    let house = House::new().await;
    let scope = Scope { tenant: "acme".parse().unwrap(), service: "catalog".parse().unwrap() };
    let file = |name: &str, public| File { name: name.parse().unwrap(), content_type: "text/plain".into(), public };
    let info = house.blobs.put(&scope, &file("chair/care.txt", true), "dust it".into()).await.unwrap();
    house.blobs.put(&scope, &file("chair/cost.txt", false), "12".into()).await.unwrap();

    let answer = house.send(request(Method::GET, info.url().unwrap(), "", "")).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "dust it"));
    assert_eq!(answer.headers["cache-control"], "public, immutable, max-age=31536000");
    assert!(answer.headers.contains_key("x-request-id"));
    let private = house.send(request(Method::GET, "/v1/blobs/acme/catalog/chair/cost.txt", "", "")).await;
    assert_eq!((private.status, private.reason().as_str()), (StatusCode::NOT_FOUND, "BLOB_NOT_FOUND"));
    let other = house.send(request(Method::PUT, "/v1/blobs/acme/catalog/chair/care.txt", "", "x")).await;
    assert_eq!(other.reason(), "METHOD_NOT_ALLOWED");
}
