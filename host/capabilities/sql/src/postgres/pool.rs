//! Connections to one database and its replicas, and whether it can be reached.

use std::str::FromStr as _;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fondaco_engine::{Code, Fault};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Postgres};
use tokio::time::{timeout, timeout_at};

use crate::{PostgresConfig, ShardConfig, fault};

/// Statements that each connection keeps prepared, over all tenants: they share them.
const STATEMENTS: usize = 512;

/// How often somebody tries whether a database that was away is back.
const PROBE: Duration = Duration::from_millis(100);

pub(super) struct Shard {
    pub(super) name: String,
    pub(super) open: bool,
    /// The database's name on its server.
    pub(super) database: String,
    pub(super) primary: Pool,
    replicas: Vec<Pool>,
    next: AtomicUsize,
}

/// Connections to one server.
pub(super) struct Pool {
    pool: PgPool,
    options: PgConnectOptions,
    connect: Duration,
    away: Away,
}

/// Whether a server was away when it was last asked.
struct Away {
    base: Instant,
    is: AtomicBool,
    /// When to try again, in milliseconds after `base`.
    next: AtomicU64,
}

impl Shard {
    pub(super) fn new(shard: &ShardConfig, config: &PostgresConfig) -> Result<Self, Fault> {
        let primary = Pool::new(&shard.url, config, &shard.name)?;
        let replicas: Result<_, Fault> = shard.replicas.iter().map(|url| Pool::new(url, config, &shard.name)).collect();
        Ok(Self {
            name: shard.name.clone(),
            open: shard.open,
            database: primary.options.get_database().unwrap_or("postgres").to_owned(),
            primary,
            replicas: replicas?,
            next: AtomicUsize::new(0),
        })
    }

    /// A replica that can be reached, in turns; the primary where there is none.
    pub(super) fn reader(&self) -> &Pool {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.replicas.len();
        let mut order = (0..count).filter_map(|at| self.replicas.get((turn.wrapping_add(at)) % count));
        order.find(|replica| replica.away.may_try()).unwrap_or(&self.primary)
    }

    pub(super) async fn close(&self) {
        for replica in &self.replicas {
            replica.pool.close().await;
        }
        self.primary.pool.close().await;
    }
}

impl Pool {
    fn new(url: &str, config: &PostgresConfig, shard: &str) -> Result<Self, Fault> {
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            // The address has a password in it.
            let message = format!("the address of shard `{shard}` is not postgres://user:password@host:port/database");
            Fault::new(Code::FailedPrecondition, "INVALID_SHARD", message)
        })?;
        let options =
            options.application_name("fondaco").statement_cache_capacity(STATEMENTS).disable_statement_logging();
        let connect = Duration::from_millis(config.connect_ms.max(1));
        let pool = PgPoolOptions::new()
            .max_connections(config.connections.max(1))
            .acquire_timeout(connect)
            .idle_timeout(Duration::from_mins(10))
            // A connection that went bad is found out by the first thing that is sent: the beginning of a transaction,
            // which may be tried again on another.
            .test_before_acquire(false)
            .connect_lazy_with(options.clone());
        let away = Away { base: Instant::now(), is: AtomicBool::new(false), next: AtomicU64::new(0) };
        Ok(Self { pool, options, connect, away })
    }

    /// How many connections may turn out to be dead before one is made anew.
    pub(super) fn attempts(&self) -> u32 {
        self.pool.options().get_max_connections().saturating_add(1)
    }

    /// A connection, within the time given. At once a fault where the server is known to be away.
    pub(super) async fn acquire(&self, until: Instant) -> Result<PoolConnection<Postgres>, Fault> {
        if self.away.is.load(Ordering::Acquire) {
            if !self.away.may_try() {
                return Err(fault::unavailable());
            }
            self.probe().await?;
        }
        let acquired = timeout_at(until.into(), self.pool.acquire()).await;
        match acquired {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(sqlx::Error::PoolTimedOut)) | Err(_) => {
                // All are in use, or no new one can be made: which?
                self.probe().await?;
                Err(fault::busy())
            }
            Ok(Err(error)) => {
                self.away.since_now();
                Err(fault::of(&error))
            }
        }
    }

    /// Tries whether the server answers, by a connection of its own: the pool would wait for a server that refuses.
    pub(super) async fn probe(&self) -> Result<(), Fault> {
        let tried = timeout(self.connect, self.options.connect()).await;
        match tried {
            Ok(Ok(connection)) => {
                if self.away.is.swap(false, Ordering::AcqRel) {
                    tracing::info!(host = self.options.get_host(), "database is back");
                }
                // Told in order, so that the server does not note a lost client.
                let _ = timeout(self.connect, connection.close()).await;
                Ok(())
            }
            Ok(Err(error)) => {
                tracing::warn!(host = self.options.get_host(), error = %error, "database is away");
                self.away.since_now();
                Err(fault::unavailable())
            }
            Err(_) => {
                self.away.since_now();
                Err(fault::unavailable())
            }
        }
    }
}

impl Away {
    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn since_now(&self) {
        let next = self.now().saturating_add(u64::try_from(PROBE.as_millis()).unwrap_or(u64::MAX));
        self.next.store(next, Ordering::Release);
        self.is.store(true, Ordering::Release);
    }

    /// Whether it is not known to be away, or whether it is this caller's turn to try again.
    fn may_try(&self) -> bool {
        if !self.is.load(Ordering::Acquire) {
            return true;
        }
        let (next, now) = (self.next.load(Ordering::Acquire), self.now());
        let after = now.saturating_add(u64::try_from(PROBE.as_millis()).unwrap_or(u64::MAX));
        now >= next && self.next.compare_exchange(next, after, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}
