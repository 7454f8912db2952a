//! A service that asks by `wasi:http`, on the real engine: `tests/guests/http`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fondaco_engine::Fault;
use fondaco_engine::wasmtime::component::Val;
use fondaco_sql::{Databases, DatabasesConfig};
use fondaco_test_probe::{Guest, PATIENCE, Probe, text};
use http::Response;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::site::{Site, full, never, soon, status};
use crate::world::{OUTSIDE, World};

struct House {
    probe: Probe,
    world: World,
    _folder: TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let databases = Databases::open(DatabasesConfig::embedded(folder.path())).await.unwrap();
        let world = World::new().await;
        let mut extensions = vec![world.http.extension()];
        extensions.extend(fondaco_sql::extensions(&databases));
        Self { probe: Probe::new(extensions), world, _folder: folder }
    }

    /// None where the component is not built.
    async fn release(&self, grants: Value) -> Option<Result<(), Fault>> {
        let guest = Guest::built("http")?.granted(grants);
        Some(self.probe.release(guest).await)
    }

    /// With a site granted. None where the component is not built.
    async fn asking(site: &Site) -> Option<(Self, String)> {
        let place = format!("http://api.test:{}", site.port());
        let house = Self::new().await;
        house.release(grants(&json!({ "hosts": [place], "private": true }))).await?.unwrap();
        Some((house, place))
    }

    async fn call(&self, function: &str, wall: Duration, arguments: Vec<Val>) -> Result<Value, Fault> {
        let answer = text(self.probe.call_within(wall, "acme", function, arguments).await?);
        Ok(serde_json::from_str(&answer).unwrap_or(Value::String(answer)))
    }

    async fn ask(&self, request: Value) -> Result<Value, Fault> {
        self.call("ask", PATIENCE, vec![Val::String(request.to_string())]).await
    }

    async fn reason(&self, request: Value) -> String {
        self.ask(request).await.unwrap_err().reason.into_owned()
    }
}

fn grants(http: &Value) -> Value {
    let migration = json!({ "version": 1, "name": "asked", "sql": "CREATE TABLE asked (url TEXT NOT NULL)" });
    json!({ "http": http, "sql": { "migrations": [migration] } })
}

#[tokio::test]
async fn a_component_asks_and_reads_the_whole_answer() {
    let site = Site::new(OUTSIDE, |asked| async move {
        let size = asked.body.len();
        Response::builder()
            .status(201)
            .header("x-size", size)
            .header("keep-alive", "timeout=5")
            .body(full(vec![b'y'; 300_000]))
            .unwrap()
    })
    .await;
    let Some((house, place)) = House::asking(&site).await else { return };
    let request = json!({
        "method": "POST", "url": format!("{place}/a?b=c#d"), "headers": [["x-one", "1"], ["x-one", "2"]],
        "body": "hello", "zeros": 200_000,
    });
    let seen = house.ask(request).await.unwrap();
    assert_eq!((seen["status"].as_u64(), seen["bytes"].as_u64()), (Some(201), Some(300_000)));
    assert_eq!((&seen["headers"]["x-size"], &seen["headers"]["keep-alive"]), (&json!("200005"), &Value::Null));
    let asked = &site.asked()[0];
    assert_eq!(asked.path, "/a?b=c");
    assert_eq!(asked.headers.get_all("x-one").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert!(asked.body.starts_with(b"hello"));
    // The next call is another's instance or the same, with connections that are kept.
    for _ in 0..3 {
        assert_eq!(house.ask(json!({ "url": place })).await.unwrap()["status"], 201);
    }
    assert_eq!((site.asked().len(), site.connections()), (4, 1));
}

#[tokio::test]
async fn refusals_come_as_faults() {
    let site = Site::new(OUTSIDE, |_| async { status(200) }).await;
    let Some((house, place)) = House::asking(&site).await else { return };
    house.world.names.set("api.test", &[&["127.0.0.1"]]);
    let port = site.port();
    for (request, reason) in [
        (json!({ "url": place }), "HTTP_ADDRESS_PROHIBITED"),
        (json!({ "url": "https://example.com/" }), "HTTP_NOT_GRANTED"),
        (json!({ "url": "http://169.254.169.254/latest/" }), "HTTP_NOT_GRANTED"),
        (json!({ "url": format!("http://2130706433:{port}/") }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": format!("http://0x7f.1:{port}/") }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": format!("http://017700000001:{port}/") }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": format!("{place}@127.0.0.1:{port}/") }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": format!("http://user@api.test:{port}/") }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": format!("http://[::ffff:127.0.0.1]:{port}/") }), "HTTP_NOT_GRANTED"),
        (json!({ "url": "file:///etc/passwd" }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": "api.test" }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": format!("{place}/a b\r\nhost: evil") }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": place, "headers": [["x", "a\r\nhost: evil"]] }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": place, "headers": [["x\r\ny", "a"]] }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": place, "headers": [["Host", "evil"]] }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": place, "headers": [["Transfer-Encoding", "chunked"]] }), "HTTP_INVALID_REQUEST"),
        (
            json!({ "url": place, "headers": [["content-length", "1"], ["content-length", "2"]] }),
            "HTTP_INVALID_REQUEST",
        ),
        (json!({ "url": place, "method": "CONNECT" }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": place, "method": "TRACE" }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": place, "method": "GET / HTTP/1.1\r\nx: y" }), "HTTP_INVALID_REQUEST"),
        (json!({ "url": place, "method": "PUT", "zeros": 1_100_000 }), "HTTP_REQUEST_TOO_LARGE"),
    ] {
        assert_eq!(house.reason(request.clone()).await, reason, "{request}");
    }
    assert_eq!(site.connections(), 0);
}

#[tokio::test]
async fn nothing_goes_out_while_writes_are_open() {
    let site = Site::new(OUTSIDE, |_| async { status(200) }).await;
    let Some((house, place)) = House::asking(&site).await else { return };
    let arguments = |commit| vec![Val::String(json!({ "url": place }).to_string()), Val::Bool(commit)];
    let fault = house.call("write-and-ask", PATIENCE, arguments(false)).await.unwrap_err();
    assert_eq!(fault.reason, "UNCOMMITTED_WRITES");
    assert_eq!(site.connections(), 0);
    assert_eq!(house.call("write-and-ask", PATIENCE, arguments(true)).await.unwrap()["status"], 200);
}

#[tokio::test]
async fn a_component_hears_of_the_time_before_it_is_up() {
    let site = Site::new(OUTSIDE, |_| never()).await;
    let Some((house, place)) = House::asking(&site).await else { return };
    let request = vec![Val::String(json!({ "url": place }).to_string())];
    let fault = house.call("ask", Duration::from_secs(2), request).await.unwrap_err();
    assert_eq!(fault.reason, "HTTP_TIMEOUT");
    // Its own word counts where it is less.
    assert_eq!(house.reason(json!({ "url": place, "method": "POST", "timeout_ms": 100 })).await, "HTTP_TIMEOUT");
}

/// Says when it is gone.
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_request_that_is_left_ends_with_its_call() {
    let (came, gone) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
    let (held, left) = (Arc::clone(&came), Arc::clone(&gone));
    let site = Site::new(OUTSIDE, move |asked| {
        let (held, left) = (Arc::clone(&held), Arc::clone(&left));
        async move {
            if asked.path == "/left" {
                let _gone = Gone(left);
                held.notify_one();
                return never().await;
            }
            held.notified().await;
            status(200)
        }
    })
    .await;
    let Some((house, place)) = House::asking(&site).await else { return };
    let told = |path: &str| Val::String(json!({ "url": format!("{place}{path}") }).to_string());
    // Long enough for no deadline to end it while this waits.
    let seen = house.call("leave", Duration::from_mins(5), vec![told("/left"), told("/other")]).await.unwrap();
    assert_eq!(seen["status"], 200);
    soon("the end of what was left", || gone.load(Ordering::SeqCst)).await;
}

#[tokio::test]
async fn without_a_grant_it_is_refused() {
    let house = House::new().await;
    for (grants, reason) in [
        (json!({ "sql": {} }), "NOT_GRANTED"),
        (grants(&json!({})), "INVALID_GRANT"),
        (grants(&json!({ "hosts": ["*"] })), "INVALID_GRANT"),
        (grants(&json!({ "hosts": ["http://127.0.0.1"] })), "INVALID_GRANT"),
    ] {
        let Some(released) = house.release(grants).await else { return };
        assert_eq!(released.unwrap_err().reason, reason);
    }
}
