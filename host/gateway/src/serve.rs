//! Connections: accepted, bounded, drained.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::entry::Gateway;

/// How long to wait after a failed accept: the usual cause is that there are no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often histograms are folded.
const UPKEEP: Duration = Duration::from_secs(5);

impl Gateway {
    /// Serves connections until `shutdown`; then lets requests under way end, and cuts off what is left at the hard
    /// deadline.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
        let config = &self.inner.config;
        let server = http(config);
        let open = Arc::new(Semaphore::new(config.connections));
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut upkeep = tokio::time::interval(UPKEEP);
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                _ = upkeep.tick() => {
                    self.inner.telemetry.upkeep();
                    while connections.try_join_next().is_some() {}
                    continue;
                }
                accepted = accept(&listener, &open) => accepted,
            };
            let (stream, place) = accepted;
            let gateway = self.clone();
            let service = service_fn(move |request| {
                let gateway = gateway.clone();
                async move { Ok::<_, Infallible>(gateway.handle(request).await) }
            });
            let connection = graceful.watch(server.serve_connection(TokioIo::new(stream), service));
            connections.spawn(async move {
                // Broken connections are the peer's affair: its request's own line says what was answered.
                let _ended = connection.await;
                drop(place);
            });
        }
        drop(listener);
        let drain = Duration::from_millis(config.drain_ms);
        if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
            tracing::warn!(?drain, "requests under way did not end in time and are cut off");
        }
        connections.shutdown().await;
        Ok(())
    }
}

fn http(config: &crate::GatewayConfig) -> http1::Builder {
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(config.head_timeout_ms))
        .max_headers(config.headers)
        .max_buf_size(config.head_bytes.max(8192));
    server
}

/// The next connection, when there is room for one.
async fn accept(listener: &TcpListener, open: &Arc<Semaphore>) -> (TcpStream, tokio::sync::OwnedSemaphorePermit) {
    loop {
        let Ok(place) = Arc::clone(open).acquire_owned().await else {
            // The semaphore is never closed.
            std::future::pending::<()>().await;
            continue;
        };
        match listener.accept().await {
            Ok((stream, _peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no nodelay on a connection");
                }
                return (stream, place);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                drop(place);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
