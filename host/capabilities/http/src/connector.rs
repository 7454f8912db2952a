//! The way to a host: resolve, judge, connect to what was judged, TLS.
//!
//! A name is resolved once a connection, and the addresses that were judged are handed on as addresses, so that an
//! answer that changes (DNS rebinding) changes nothing. What the connection in fact leads to is judged once more before
//! a request goes out on it.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Extensions, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector, HttpInfo};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{BoxError, Service};

use crate::address;
use crate::resolver::Resolver;
use crate::target::Host;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Every address of the host is one that may not be connected to.
    #[error("the host's address is not a public one")]
    Prohibited,
    /// The name has no address, or nobody knows.
    #[error("the host's name has no address")]
    NoAddress,
    /// It took too long.
    #[error("connecting took too long")]
    TooSlow,
    /// All connections are in use.
    #[error("all connections are in use")]
    Full,
}

/// Connects for one tenant of one service.
#[derive(Clone)]
pub(crate) struct Connector {
    https: HttpsConnector<HttpConnector<Judged>>,
    opened: Arc<[IpNet]>,
    connections: Arc<Semaphore>,
    timeout: Duration,
}

impl Connector {
    pub(crate) fn new(
        resolver: Arc<dyn Resolver>,
        tls: Arc<rustls::ClientConfig>,
        opened: Arc<[IpNet]>,
        connections: Arc<Semaphore>,
        timeout: Duration,
    ) -> Self {
        let mut http = HttpConnector::new_with_resolver(Judged { resolver, opened: Arc::clone(&opened) });
        http.enforce_http(false);
        http.set_nodelay(true);
        let https = HttpsConnector::new(http, tls, false, Arc::new(hyper_rustls::DefaultServerNameResolver::default()));
        Self { https, opened, connections, timeout }
    }
}

/// Waits for a place among the connections, then connects.
async fn connect(mut connector: Connector, uri: Uri) -> Result<Stream, BoxError> {
    // An address stands for itself: no resolver is asked for it, so it is judged here.
    if let Some(Host::Address(address)) = uri.host().and_then(Host::parse) {
        judge(address, &connector.opened)?;
    }
    let turn = Arc::clone(&connector.connections).acquire_owned();
    let turn = tokio::time::timeout(connector.timeout, turn).await;
    let turn = turn.map_err(|_| Refusal::Full)?.map_err(|_| Refusal::Full)?;
    let stream = tokio::time::timeout(connector.timeout, connector.https.call(uri)).await;
    let inner = stream.map_err(|_| Refusal::TooSlow)??;
    let stream = Stream { inner, _turn: turn };
    let peer = stream.peer().ok_or(Refusal::Prohibited)?;
    judge(peer.ip(), &connector.opened)?;
    Ok(stream)
}

fn judge(address: IpAddr, opened: &[IpNet]) -> Result<(), Refusal> {
    if address::allowed(address, opened) { Ok(()) } else { Err(Refusal::Prohibited) }
}

type Pending<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pending<Stream, BoxError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(connect(self.clone(), uri))
    }
}

/// A resolver that answers only what may be connected to.
#[derive(Clone)]
struct Judged {
    resolver: Arc<dyn Resolver>,
    opened: Arc<[IpNet]>,
}

impl Service<Name> for Judged {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Refusal;
    type Future = Pending<Self::Response, Refusal>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { resolver, opened } = self.clone();
        Box::pin(async move {
            let found = resolver.resolve(name.as_str()).await.map_err(|error| {
                tracing::debug!(host = name.as_str(), %error, "name not resolved");
                Refusal::NoAddress
            })?;
            if found.is_empty() {
                return Err(Refusal::NoAddress);
            }
            let allowed = found.into_iter().filter(|address| address::allowed(*address, &opened));
            // The port is put in by the connector.
            let allowed: Vec<_> = allowed.map(|address| SocketAddr::new(address, 0)).collect();
            if allowed.is_empty() { Err(Refusal::Prohibited) } else { Ok(allowed.into_iter()) }
        })
    }
}

/// A connection, and its place among those of the tenant.
pub(crate) struct Stream {
    inner: MaybeHttpsStream<TokioIo<TcpStream>>,
    _turn: OwnedSemaphorePermit,
}

impl Stream {
    fn peer(&self) -> Option<SocketAddr> {
        let mut found = Extensions::new();
        self.inner.connected().get_extras(&mut found);
        found.get().map(HttpInfo::remote_addr)
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.inner.connected()
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, parts)
    }
}
