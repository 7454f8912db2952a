//! The connection to Redis, and what is known of the server at its other end.
//!
//! A connection always ends at one run of one server. So the server's run id, read once a connection, tells whether
//! what was appended before may be gone: a server that was restarted (empty, or with a snapshot from a minute ago) and
//! one that was promoted have another one. A server that was emptied while it ran has lost the version key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};
use tokio::sync::watch;

use super::keys::{DECLARE, Keys, failed};
use crate::bus::{BusError, Generation, Route};
use crate::clock::now_ms;
use crate::subscription::SubscriptionName;

/// How long a new connection, and an answer, may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// All connections of a bus.
#[derive(Debug)]
pub(super) struct Links {
    pub(super) keys: Keys,
    client: Client,
    partitions: u16,
    current: tokio::sync::Mutex<Option<Arc<Link>>>,
    /// All subscriptions that were ever seen here, so that they can be made again on a server that has lost them.
    seen: Mutex<BTreeSet<SubscriptionName>>,
    generation: watch::Sender<Option<Generation>>,
}

/// A connection, and what is behind it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: MultiplexedConnection,
    run_id: String,
}

impl Link {
    /// Whether the routes come from the server at the other end.
    pub(super) fn is_of(&self, table: &Table) -> bool {
        self.is_in(&table.generation)
    }

    /// Whether it may be the generation of the server at the other end, unless that was emptied meanwhile.
    fn is_in(&self, generation: &str) -> bool {
        generation.split_once('/').is_some_and(|(run_id, _)| run_id == self.run_id)
    }

    /// The generation that the server is in whose version key says this; none if it was emptied.
    pub(super) fn generation(&self, version: Option<&str>) -> Option<Generation> {
        Some(format!("{}/{}", self.run_id, incarnation_of(version?)).into())
    }
}

/// The routes of a version.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) version: String,
    pub(super) generation: Generation,
    /// The subscriptions, and their partitions.
    pub(super) routes: Arc<Vec<(Route, u16)>>,
}

impl Links {
    pub(super) fn new(client: Client, keys: Keys, partitions: u16) -> Self {
        let generation = watch::Sender::new(None);
        Self { keys, client, partitions, current: tokio::sync::Mutex::default(), seen: Mutex::default(), generation }
    }

    pub(super) fn generation(&self) -> watch::Receiver<Option<Generation>> {
        self.generation.subscribe()
    }

    /// The shared connection. Those who need it at the same time wait for the same attempt.
    pub(super) async fn get(&self) -> Result<Arc<Link>, BusError> {
        let mut current = self.current.lock().await;
        if let Some(link) = &*current {
            return Ok(Arc::clone(link));
        }
        let link = Arc::new(self.connect(PATIENCE).await?);
        *current = Some(Arc::clone(&link));
        Ok(link)
    }

    /// This one is broken: the next who asks gets another.
    pub(super) async fn lost(&self, link: &Arc<Link>) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|there| Arc::ptr_eq(there, link)) {
            *current = None;
        }
    }

    /// A connection of one's own, whose answers may take so long.
    pub(super) async fn connect(&self, patience: Duration) -> Result<Link, BusError> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(patience));
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await.map_err(failed)?;
        let info: String = redis::cmd("INFO").query_async(&mut connection).await.map_err(failed)?;
        let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let run_id = field("run_id").unwrap_or_default().to_owned();
        if let Some(policy) = field("maxmemory_policy").filter(|policy| *policy != "noeviction") {
            tracing::warn!(policy, "redis may throw events away; set maxmemory-policy to noeviction");
        }
        Ok(Link { connection, run_id })
    }

    /// Declares subscriptions, beside all that were seen before; what the server knows then.
    pub(super) async fn declare(&self, link: &Link, names: &[SubscriptionName]) -> Result<Table, BusError> {
        let mut call = DECLARE.prepare_invoke();
        let fresh = uuid::Uuid::new_v4().simple().to_string();
        call.key(self.keys.version()).key(self.keys.routes()).key(self.keys.declared());
        call.arg(fresh).arg(now_ms()).arg(self.partitions);
        for name in names {
            call.arg(name.as_str());
        }
        let mut connection = link.connection.clone();
        let answer = call.invoke_async(&mut connection).await.map_err(failed)?;
        let (version, all): (String, BTreeMap<String, u16>) = answer;
        let routes: Vec<_> =
            all.into_iter().filter_map(|(name, partitions)| Some((route(&name)?, partitions))).collect();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(routes.iter().map(|(route, _)| route.name.clone()));
        drop(seen);
        let generation: Generation = format!("{}/{}", link.run_id, incarnation_of(&version)).into();
        self.generation.send_if_modified(|known| {
            let changed = known.as_ref() != Some(&generation);
            *known = Some(Arc::clone(&generation));
            changed
        });
        Ok(Table { version, generation, routes: Arc::new(routes) })
    }

    /// The generation of the server at the other end, unless that was emptied meanwhile.
    pub(super) async fn generation_of(&self, link: &Link) -> Result<Generation, BusError> {
        let known = self.generation.borrow().clone().filter(|known| link.is_in(known));
        match known {
            Some(known) => Ok(known),
            None => Ok(self.mend(link).await?.generation),
        }
    }

    /// The server at the other end is in another generation than somebody thought: finds out in which, for all.
    pub(super) async fn another_generation(&self, link: &Link) -> BusError {
        self.mend(link).await.err().unwrap_or(BusError::AnotherGeneration)
    }

    /// Makes again what a server may have lost.
    pub(super) async fn mend(&self, link: &Link) -> Result<Table, BusError> {
        let seen: Vec<_> = self.seen.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        self.declare(link, &seen).await
    }

    /// They are to be made wherever they are missing.
    pub(super) fn remember(&self, names: &[SubscriptionName]) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).extend(names.iter().cloned());
    }

    /// It is not to be made again.
    pub(super) fn forget(&self, name: &SubscriptionName) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

/// The part of a version that changes when the server was emptied, and only then.
pub(super) fn incarnation_of(version: &str) -> &str {
    version.split('/').next().unwrap_or_default()
}

/// The same part, of a generation.
pub(super) fn incarnation_in(generation: &str) -> &str {
    generation.split_once('/').map_or("", |(_, incarnation)| incarnation)
}

/// A subscription's name says what it wants.
fn route(name: &str) -> Option<Route> {
    let name: SubscriptionName = name.parse().ok()?;
    let (_, pattern) = name.as_str().split_once('/')?;
    Some(Route { pattern: pattern.parse().ok()?, name })
}
