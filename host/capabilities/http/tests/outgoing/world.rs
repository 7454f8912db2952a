//! An outside world on the loopback: names that lead where a test says.
//!
//! 127.0.0.2 stands for the public internet: it is opened. All else of the loopback, and 127.0.0.1 above all, is the
//! operator's own network.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use fondaco_http::{Answer, Caller, Error, Http, HttpConfig, Limits, Outgoing, RequestOptions, Resolver, WasiBody};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// Where a public host stands.
pub(crate) const OUTSIDE: &str = "127.0.0.2:0";

/// Names and their addresses, one list after the other; the last one stays.
#[derive(Default)]
pub(crate) struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    pub(crate) fn set(&self, name: &str, answers: &[&[&str]]) {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        self.answers.lock().unwrap().insert(name.to_owned(), answers.iter().map(parse).collect());
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answers = answers.get_mut(name).ok_or_else(|| io::Error::other("no such name"))?;
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Ok(answer)
    }
}

pub(crate) struct World {
    pub(crate) names: Arc<Names>,
    pub(crate) http: Http,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(HttpConfig::default()).await
    }

    /// With this configuration, and 127.0.0.2 opened.
    pub(crate) async fn with(config: HttpConfig) -> Self {
        let config = HttpConfig { private_networks: vec!["127.0.0.2/32".parse().unwrap()], ..config };
        let names = Arc::new(Names::default());
        names.set("api.test", &[&["127.0.0.2"]]);
        let http = Http::with_resolver(config, Arc::clone(&names) as Arc<dyn Resolver>).await.unwrap();
        Self { names, http }
    }

    /// What a service with these hosts may ask.
    pub(crate) fn outgoing(&self, hosts: &[String]) -> Outgoing {
        self.granted(&json!({ "hosts": hosts, "private": true }))
    }

    pub(crate) fn granted(&self, grant: &serde_json::Value) -> Outgoing {
        self.http.outgoing(&"shipping".parse().unwrap(), grant).unwrap_or_else(|fault| panic!("{fault:?}"))
    }
}

/// Limits for tests in which something is waited for in vain.
pub(crate) fn hasty() -> Limits {
    Limits { connect_ms: 200, first_byte_ms: 200, between_bytes_ms: 200, total_ms: 2_000, ..Limits::default() }
}

pub(crate) fn caller() -> Caller {
    of_tenant("acme")
}

pub(crate) fn of_tenant(tenant: &str) -> Caller {
    let deadline = Instant::now() + Duration::from_secs(30);
    Caller { tenant: tenant.parse().unwrap(), deadline, ended: CancellationToken::new() }
}

pub(crate) fn body(bytes: impl Into<Bytes>) -> WasiBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn get(uri: &str) -> Request<WasiBody> {
    Request::get(uri).body(body("")).unwrap_or_else(|error| panic!("{uri}: {error}"))
}

pub(crate) fn post(uri: &str) -> Request<WasiBody> {
    Request::post(uri).body(body("x")).unwrap()
}

/// Asks, and reads the whole answer.
pub(crate) async fn ask(outgoing: &Outgoing, request: Request<WasiBody>) -> Result<Seen, Error> {
    ask_as(outgoing, &caller(), request, None).await
}

pub(crate) async fn ask_as(
    outgoing: &Outgoing,
    caller: &Caller,
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<Seen, Error> {
    let Answer { response, work } = outgoing.send(caller, request, options).await?;
    let (head, body) = response.into_parts();
    let (body, ()) = tokio::join!(body.collect(), work);
    Ok(Seen { status: head.status.as_u16(), headers: head.headers, body: body?.to_bytes() })
}

/// The error's name: `DestinationIpProhibited`.
pub(crate) fn name(error: &Error) -> String {
    format!("{error:?}").split(['(', ' ', '{']).next().unwrap().to_owned()
}

/// Why asking is refused.
pub(crate) async fn refused(outgoing: &Outgoing, request: Request<WasiBody>) -> String {
    let uri = request.uri().to_string();
    match ask(outgoing, request).await {
        Ok(seen) => panic!("{uri} was answered: {seen:?}"),
        Err(error) => name(&error),
    }
}
