//! Clients with their pools of connections, one for each tenant of a service: no connection is shared between tenants,
//! and each has only so many.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use fondaco_engine::TenantId;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ipnet::IpNet;
use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Limits;
use crate::connector::{Connector, Refusal};
use crate::resolver::Resolver;

/// Tenants whose clients are kept. One more, and the one that was used least goes with its idle connections.
const TENANTS: u64 = 10_000;
/// How long the client of a tenant that asks nothing is kept.
const IDLE: Duration = Duration::from_mins(5);
/// How long a connection is kept that nobody uses: shorter than what servers and the boxes between them do.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);
/// Bytes of a response's head, and of what is read ahead of a body.
const HEAD_BYTES: usize = 64 << 10;
/// Lines of a response's head.
const HEAD_LINES: usize = 128;

pub(crate) type Pool = legacy::Client<Connector, Full<Bytes>>;

/// The clients of one service's release.
pub(crate) struct Clients {
    resolver: Arc<dyn Resolver>,
    tls: Arc<rustls::ClientConfig>,
    opened: Arc<[IpNet]>,
    limits: Limits,
    tenants: Cache<TenantId, Arc<Client>>,
}

impl Clients {
    pub(crate) fn new(
        resolver: Arc<dyn Resolver>,
        tls: Arc<rustls::ClientConfig>,
        opened: &[IpNet],
        limits: Limits,
    ) -> Self {
        let tenants = Cache::builder().max_capacity(TENANTS).time_to_idle(IDLE).build();
        Self { resolver, tls, opened: opened.into(), limits, tenants }
    }

    /// The tenant's, made where it has none.
    pub(crate) fn of(&self, tenant: &TenantId) -> Arc<Client> {
        self.tenants.get_with_by_ref(tenant, || Arc::new(self.make()))
    }

    fn make(&self) -> Client {
        let places = usize::try_from(self.limits.connections).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        // As many idle ones as there may be in use.
        let connections = Arc::new(Semaphore::new(places.saturating_mul(2).min(Semaphore::MAX_PERMITS)));
        let connector = Connector::new(
            Arc::clone(&self.resolver),
            Arc::clone(&self.tls),
            Arc::clone(&self.opened),
            Arc::clone(&connections),
            self.limits.connect(),
        );
        Client {
            pool: ArcSwap::from_pointee(pool(connector.clone())),
            connector,
            connections,
            requests: Arc::new(Semaphore::new(places)),
            patience: self.limits.connect(),
        }
    }
}

/// HTTP/1.1 only: a connection carries one request at a time, so that counting connections counts what they carry.
fn pool(connector: Connector) -> Pool {
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_CONNECTION)
        .http1_max_buf_size(HEAD_BYTES)
        .http1_max_headers(HEAD_LINES)
        .build(connector)
}

/// One tenant's.
pub(crate) struct Client {
    pool: ArcSwap<Pool>,
    connector: Connector,
    /// Places for connections, in use or idle.
    connections: Arc<Semaphore>,
    /// Places for requests under way.
    requests: Arc<Semaphore>,
    patience: Duration,
}

/// A request's place among those under way, for as long as its response is being read.
pub(crate) struct Turn(#[expect(dead_code, reason = "held, and given back when it is dropped")] OwnedSemaphorePermit);

impl Client {
    /// Waits for a place. The pool is for getting the head of the response, and not to be held longer.
    pub(crate) async fn turn(&self) -> Result<(Arc<Pool>, Turn), Refusal> {
        let place = tokio::time::timeout(self.patience, Arc::clone(&self.requests).acquire_owned()).await;
        let place = place.map_err(|_| Refusal::Full)?.map_err(|_| Refusal::Full)?;
        // Only requests to many hosts come here: at least half of the connections are idle then, and a pool that is
        // replaced drops those.
        if self.connections.available_permits() == 0 {
            self.pool.store(Arc::new(pool(self.connector.clone())));
        }
        Ok((self.pool.load_full(), Turn(place)))
    }
}
