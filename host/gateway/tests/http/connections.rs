//! A real listener: keep-alive, limits of the head, and the end.

use std::time::Duration;

use fondaco_engine::Roles;
use fondaco_gateway::GatewayConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::house::House;

const SUM: &str = r#"{"leftHand": 40, "rightHand": 2}"#;

struct Running {
    address: std::net::SocketAddr,
    shutdown: CancellationToken,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    key: String,
    _house: House,
}

async fn running(config: GatewayConfig) -> Running {
    let house = House::with_math(config).await;
    let key = house.key("acme", &[Roles::CALLER]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(house.gateway.clone().serve(listener, shutdown.clone()));
    Running { address, shutdown, serving, key, _house: house }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn post(&self, path: &str, body: &str) -> String {
        let (key, length) = (&self.key, body.len());
        format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-length: {length}\r\n\r\n{body}")
    }
}

/// One answer: its status line and body.
async fn read(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "closed: {}", String::from_utf8_lossy(&bytes));
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    while bytes.len() < head + length {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "closed in the body");
    }
    (text.lines().next().unwrap().to_owned(), String::from_utf8(bytes[head..].to_vec()).unwrap())
}

#[tokio::test]
async fn a_url_has_parameters_on_the_wire_too() {
    let running = running(GatewayConfig::default()).await;
    let mut stream = running.connect().await;
    let get = format!("GET /v1/sums/40?rightHand=2 HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", running.key);
    for _ in 0..2 {
        stream.write_all(get.as_bytes()).await.unwrap();
        assert_eq!(read(&mut stream).await, ("HTTP/1.1 200 OK".to_owned(), "42".to_owned()));
    }
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let running = running(GatewayConfig::default()).await;
    let mut stream = running.connect().await;
    for _ in 0..3 {
        stream.write_all(running.post("/v1/sums", SUM).as_bytes()).await.unwrap();
        assert_eq!(read(&mut stream).await, ("HTTP/1.1 200 OK".to_owned(), "42".to_owned()));
    }
}

#[tokio::test]
async fn a_head_with_too_many_headers_is_refused() {
    let running = running(GatewayConfig { headers: 8, ..GatewayConfig::default() }).await;
    let mut stream = running.connect().await;
    let headers: Vec<String> = (0..20).map(|number| format!("x-{number}: y\r\n")).collect();
    let headers = headers.concat();
    stream.write_all(format!("GET /healthz/live HTTP/1.1\r\nhost: x\r\n{headers}\r\n").as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await.0, "HTTP/1.1 431 Request Header Fields Too Large");
}

#[tokio::test]
async fn a_head_that_does_not_come_is_given_up() {
    let running = running(GatewayConfig { head_timeout_ms: 50, ..GatewayConfig::default() }).await;
    let mut stream = running.connect().await;
    stream.write_all(b"GET /healthz/live HTTP/1.1\r\nho").await.unwrap();
    let mut rest = Vec::new();
    // Ends only because the host closes: there is no other way out of this.
    let _closed = stream.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test]
async fn one_place_is_given_to_one_connection_after_the_other() {
    let running = running(GatewayConfig { connections: 1, ..GatewayConfig::default() }).await;
    let mut first = running.connect().await;
    first.write_all(running.post("/v1/sums", SUM).as_bytes()).await.unwrap();
    read(&mut first).await;
    let mut second = running.connect().await;
    second.write_all(running.post("/v1/sums", SUM).as_bytes()).await.unwrap();
    drop(first);
    assert_eq!(read(&mut second).await.1, "42");
}

#[tokio::test]
async fn requests_under_way_end_before_the_host_does() {
    let running = running(GatewayConfig::default()).await;
    let mut stream = running.connect().await;
    let request = running.post("/v1/sums", SUM);
    let (most, rest) = request.split_at(request.len() - 5);
    let mut idle = running.connect().await;
    idle.write_all(running.post("/v1/sums", SUM).as_bytes()).await.unwrap();
    read(&mut idle).await;
    stream.write_all(most.as_bytes()).await.unwrap();
    // The answer on a second connection shows that the host runs; the first is inside by its head.
    tokio::task::yield_now().await;
    running.shutdown.cancel();
    let mut nothing = Vec::new();
    let _closed = idle.read_to_end(&mut nothing).await;
    stream.write_all(rest.as_bytes()).await.unwrap();
    let (status, body) = read(&mut stream).await;
    assert_eq!((status.as_str(), body.as_str()), ("HTTP/1.1 200 OK", "42"));
    running.serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn what_does_not_end_is_cut_off() {
    let running = running(GatewayConfig { drain_ms: 50, ..GatewayConfig::default() }).await;
    let mut stream = running.connect().await;
    stream.write_all(running.post("/v1/math/api/spin", "").as_bytes()).await.unwrap();
    let mut other = running.connect().await;
    other.write_all(running.post("/v1/sums", SUM).as_bytes()).await.unwrap();
    read(&mut other).await;
    running.shutdown.cancel();
    // Far more than the hard deadline, far less than the call's own ten seconds.
    tokio::time::timeout(Duration::from_secs(5), running.serving).await.expect("cut off").unwrap().unwrap();
}
