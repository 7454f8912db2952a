//! What is counted and logged says nothing of what was asked.

use std::io::Write;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use metrics_exporter_prometheus::PrometheusBuilder;
use tracing_subscriber::fmt::MakeWriter;

use crate::site::{Site, full};
use crate::world::{OUTSIDE, World, ask, body, get, refused};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_path_query_header_or_body_is_counted_or_logged() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .finish();
    // For all threads: what one thread alone hears depends on who asked for it first.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let site = Site::new(OUTSIDE, |_| async {
        Response::builder().header("set-cookie", "hush-cookie").body(full("hush-answer")).unwrap()
    })
    .await;
    let world = World::new().await;
    let place = format!("http://api.test:{}", site.port());
    let outgoing = world.outgoing(std::slice::from_ref(&place));
    let request = Request::post(format!("{place}/hush-path?key=hush-query"))
        .header("authorization", "Bearer hush-header")
        .body(body("hush-body"))
        .unwrap();
    assert_eq!(ask(&outgoing, request).await.unwrap().body, "hush-answer");
    assert_eq!(refused(&outgoing, get("https://hush-host.test/hush-path")).await, "HttpRequestDenied");

    let counted = metrics.render();
    let answered = format!("fondaco_http_requests_total{{service=\"shipping\",host=\"{place}\",outcome=\"2xx\"}} 1");
    let denied = "fondaco_http_requests_total{service=\"shipping\",host=\"none\",outcome=\"http-request-denied\"} 1";
    assert!(counted.contains(&answered) && counted.contains(denied), "{counted}");
    assert!(counted.contains("fondaco_http_request_seconds"), "{counted}");
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<_> = logged.lines().filter(|line| line.contains("fondaco_http")).collect();
    let went_out = |line: &&&str| line.contains("request went out") && line.contains(&place["http://".len()..]);
    assert!(ours.iter().find(went_out).is_some_and(|line| line.contains("2xx")), "{logged}");
    for text in [counted, ours.join("\n")] {
        assert!(!text.contains("hush"), "{text}");
    }
}
