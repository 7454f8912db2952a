//! The http capability: requests of services to the outside world, by `wasi:http/outgoing-handler`.
//!
//! A manifest grants hosts, and nothing else is asked. A host's name is resolved here, its addresses are judged, and the
//! connection is made to what was judged, so that no name, spelling or answer of a name server leads into the operator's
//! own network. Bodies, heads, times and connections are bounded; what may be repeated is tried again; a host that keeps
//! failing is left alone for a while.
//!
//! It must not know what is asked or why. It follows no redirect, keeps no cookie, decompresses nothing: the component
//! gets what the host sent.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use bytes::Bytes;
//! use fondaco_http::{Caller, Http, HttpConfig};
//! use http::Request;
//! use http_body_util::{BodyExt, Full};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let place = format!("http://{}", server.local_addr()?);
//! tokio::spawn(async move {
//!     let (mut connection, _) = server.accept().await?;
//!     connection.read(&mut [0; 1024]).await?;
//!     connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await
//! });
//!
//! // This host has a network of its own that services may ask, if their manifests say so.
//! let config = HttpConfig { private_networks: vec!["127.0.0.0/8".parse()?], ..HttpConfig::default() };
//! let http = Http::open(config).await?;
//! let grant = serde_json::json!({ "hosts": [place], "private": true });
//! let outgoing = http.outgoing(&"shipping".parse()?, &grant)?;
//!
//! let deadline = Instant::now() + Duration::from_secs(5);
//! let caller = Caller { tenant: "acme".parse()?, deadline, ended: Default::default() };
//! let body = |text: &'static str| Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync();
//! let answer = outgoing.send(&caller, Request::get(format!("{place}/rates")).body(body(""))?, None).await?;
//! tokio::spawn(answer.work);
//! assert_eq!(answer.response.into_body().collect().await?.to_bytes(), "hello");
//!
//! // Nothing else is asked.
//! assert!(outgoing.send(&caller, Request::get("https://example.com/").body(body(""))?, None).await.is_err());
//! # Ok(())
//! # }
//! ```
//!
//! Where to look: `target`, `pattern`, `address`, `repeat` and `breaker` decide, and do no I/O; `connector` is the way to
//! a host, `outgoing` the way of a request; `glue` is WIT.

mod address;
mod breaker;
mod breakers;
mod clients;
mod config;
mod connector;
mod failure;
mod glue;
mod grant;
mod meters;
mod outgoing;
mod pattern;
mod relay;
mod repeat;
mod request;
mod resolver;
mod target;
mod tls;

use std::sync::Arc;

use fondaco_engine::{Extension, Fault, ServiceName};

pub use config::{BreakerConfig, HttpConfig, Limits};
pub use outgoing::{Answer, Caller, Outgoing};
pub use resolver::{Resolver, SystemResolver};
pub use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// The outside world, as this host shows it to services. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    config: Arc<HttpConfig>,
    resolver: Arc<dyn Resolver>,
    tls: Arc<rustls::ClientConfig>,
}

impl Http {
    /// With the system's resolver. Reads the authorities that certify hosts.
    pub async fn open(config: HttpConfig) -> Result<Self, Fault> {
        Self::with_resolver(config, Arc::new(SystemResolver::new())).await
    }

    /// With another one.
    pub async fn with_resolver(config: HttpConfig, resolver: Arc<dyn Resolver>) -> Result<Self, Fault> {
        let own = config.authorities.clone();
        let tls = tokio::task::spawn_blocking(move || tls::config(own.as_deref())).await;
        let tls = tls.map_err(|error| Fault::internal(error.to_string()))??;
        Ok(Self { config: Arc::new(config), resolver, tls })
    }

    /// What one service may ask, by its grant: `{"hosts": ["api.example.com"]}`.
    pub fn outgoing(&self, service: &ServiceName, grant: &serde_json::Value) -> Result<Outgoing, Fault> {
        Outgoing::new(self, service, grant)
    }

    /// What a host links into services that are granted `http`.
    pub fn extension(&self) -> Arc<dyn Extension> {
        Arc::new(glue::HttpExtension(self.clone()))
    }
}
