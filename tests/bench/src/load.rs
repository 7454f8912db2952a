//! A closed-loop load generator: so many keep-alive connections, each with one request under way.
//!
//! It shares the cores with the server that it measures, so its figures are for comparing servers in one run, not
//! for quoting alone; the server's own CPU time per request stands beside them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

type Connection = SendRequest<Full<Bytes>>;

/// What is asked, again and again.
#[derive(Clone)]
pub(crate) struct Target {
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    /// The path.
    pub(crate) path: String,
    /// An API key.
    pub(crate) key: String,
    /// One body for each tenant; request n takes the n-th, round and round.
    pub(crate) asks: Arc<Vec<Ask>>,
}

/// A request's changing part.
pub(crate) struct Ask {
    /// The tenant that an operator's key acts for, if any.
    pub(crate) tenant: Option<String>,
    /// JSON.
    pub(crate) body: Bytes,
}

/// What came of it.
pub(crate) struct Outcome {
    /// Answers with status 200.
    pub(crate) answered: u64,
    /// All else: other statuses, broken connections.
    pub(crate) failed: u64,
    /// The first failure's text.
    pub(crate) first_failure: Option<String>,
    /// How long it took in all.
    pub(crate) elapsed: Duration,
    /// Latencies in nanoseconds.
    pub(crate) latency: Histogram<u64>,
}

impl Outcome {
    /// Nothing yet.
    pub(crate) fn empty() -> Result<Self> {
        Ok(Self { answered: 0, failed: 0, first_failure: None, elapsed: Duration::ZERO, latency: Histogram::new(3)? })
    }

    /// Adds another run's figures.
    pub(crate) fn add(&mut self, other: Self) -> Result<()> {
        self.answered += other.answered;
        self.failed += other.failed;
        self.elapsed += other.elapsed;
        self.first_failure = self.first_failure.take().or(other.first_failure);
        self.latency.add(other.latency)?;
        Ok(())
    }

    /// Asks, and notes what came of it. After a failure the connection is a new one.
    async fn ask(&mut self, connection: &mut Connection, target: &Target, ask: &Ask) -> Result<()> {
        let asked = Instant::now();
        match ask_once(connection, target, ask).await {
            Ok(()) => {
                self.answered += 1;
                self.latency.record(u64::try_from(asked.elapsed().as_nanos())?)?;
            }
            Err(error) => {
                self.failed += 1;
                self.first_failure.get_or_insert_with(|| format!("{error:#}"));
                *connection = connect(&target.address).await?;
            }
        }
        Ok(())
    }

    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }

    /// A latency quantile in microseconds.
    pub(crate) fn quantile_us(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1e3
    }
}

/// Loads `target` with `connections` for `duration`.
pub(crate) async fn load(target: &Target, connections: usize, duration: Duration) -> Result<Outcome> {
    let started = Instant::now();
    let mut workers = JoinSet::new();
    for number in 0..connections {
        workers.spawn(work(target.clone(), number, connections, started + duration));
    }
    let mut all = Outcome::empty()?;
    while let Some(one) = workers.join_next().await {
        all.add(one??)?;
    }
    all.elapsed = started.elapsed();
    Ok(all)
}

async fn work(target: Target, first: usize, step: usize, until: Instant) -> Result<Outcome> {
    let mut outcome = Outcome::empty()?;
    let mut connection = connect(&target.address).await?;
    let mut number = first;
    while Instant::now() < until {
        let ask = target.asks.get(number % target.asks.len()).context("there is nothing to ask")?;
        number += step;
        outcome.ask(&mut connection, &target, ask).await?;
    }
    Ok(outcome)
}

/// Asks for everything once, one after the other.
pub(crate) async fn each_once(target: &Target) -> Result<Outcome> {
    let mut outcome = Outcome::empty()?;
    let mut connection = connect(&target.address).await?;
    let begun = Instant::now();
    for ask in &*target.asks {
        outcome.ask(&mut connection, target, ask).await?;
    }
    outcome.elapsed = begun.elapsed();
    Ok(outcome)
}

async fn connect(address: &str) -> Result<Connection> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with its sender.
    tokio::spawn(connection);
    Ok(sender)
}

async fn ask_once(connection: &mut Connection, target: &Target, ask: &Ask) -> Result<()> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&target.path)
        .header("host", &target.address)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", target.key));
    if let Some(tenant) = &ask.tenant {
        request = request.header("x-fondaco-tenant", tenant);
    }
    connection.ready().await?;
    let answer = connection.send_request(request.body(Full::new(ask.body.clone()))?).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(&body));
    Ok(())
}
