//! Sessions on one server: so many at a time, and kept for whoever comes next.
//!
//! sqlx's own pool cannot say for whom a connection was set up, and asks the server once more whenever one comes back.

use std::str::FromStr as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable as _};
use fondaco_engine::{Code, Fault};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{timeout, timeout_at};

use super::away::Away;
use super::pooler::keeps_sessions;
use super::session::{Place, Session};
use crate::{PostgresConfig, fault};

/// Statements that each connection keeps prepared, over all tenants: they share them.
const STATEMENTS: usize = 512;

/// How long a connection lives, because what its server process remembers only grows, and how long it may sleep.
const LIFE: Duration = Duration::from_mins(30);
const SLEEP: Duration = Duration::from_mins(10);

/// How often sessions that nobody uses are looked for.
const TIDY: Duration = Duration::from_secs(30);

pub(super) struct Pool {
    shared: Arc<Shared>,
    options: PgConnectOptions,
    most: u32,
    connect: Duration,
    away: Away,
    /// Whether it was found out that the server keeps what a session sets.
    keeps_sessions: OnceCell<()>,
    tidying: AbortHandle,
}

struct Shared {
    /// One for each session that may be in use.
    turns: Arc<Semaphore>,
    idle: Mutex<Idle>,
    /// How long the last words to a server may take.
    patience: Duration,
}

/// Sessions that nobody uses, the one that was used last at the end.
#[derive(Default)]
struct Idle {
    sessions: Vec<Session>,
    closed: bool,
}

/// A session that is somebody's for a while. Unless it is given back it is closed when it is dropped: whatever ends in
/// doubt is not used again.
pub(super) struct Lease {
    pub(super) session: Session,
    /// Whether it was made just now, and cannot have died in its sleep.
    fresh: bool,
    // After the session, so that its turn ends last.
    turn: OwnedSemaphorePermit,
    shared: Arc<Shared>,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.tidying.abort();
    }
}

impl Pool {
    pub(super) fn new(url: &str, config: &PostgresConfig, shard: &str) -> Result<Self, Fault> {
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            // The address has a password in it.
            let message = format!("the address of shard `{shard}` is not postgres://user:password@host:port/database");
            Fault::new(Code::FailedPrecondition, "INVALID_SHARD", message)
        })?;
        let options =
            options.application_name("fondaco").statement_cache_capacity(STATEMENTS).disable_statement_logging();
        let connect = Duration::from_millis(config.connect_ms.max(1));
        let most = config.connections.max(1);
        let turns = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS)));
        let shared = Arc::new(Shared { turns, idle: Mutex::default(), patience: connect });
        let tidying = tokio::spawn(tidy(Arc::downgrade(&shared))).abort_handle();
        Ok(Self { shared, options, most, connect, away: Away::new(), keeps_sessions: OnceCell::new(), tidying })
    }

    /// The database's name on its server.
    pub(super) fn database(&self) -> &str {
        self.options.get_database().unwrap_or("postgres")
    }

    /// Whether it is not known to be away, or time to try again.
    pub(super) fn is_due(&self) -> bool {
        self.away.is_due()
    }

    /// A session, within the time given: one that is at this place, where there is one. At once a fault where the server
    /// is known to be away.
    pub(super) async fn acquire(&self, place: &Place, until: Instant) -> Result<Lease, Fault> {
        if self.away.is() {
            if !self.away.may_try() {
                return Err(fault::unavailable());
            }
            self.probe().await?;
        }
        self.keeps_sessions.get_or_try_init(|| self.check_sessions()).await?;
        let until = until.min(Instant::now() + self.connect);
        let Ok(turn) = timeout_at(until.into(), Arc::clone(&self.shared.turns).acquire_owned()).await else {
            // All are in use, because they are many or because the server does not answer: which?
            self.probe().await?;
            return Err(fault::busy());
        };
        let turn = turn.map_err(|_| fault::unavailable())?;
        let shared = Arc::clone(&self.shared);
        Ok(match shared.take(place)? {
            Some(session) => Lease { session, fresh: false, turn, shared },
            None => Lease { session: Session::new(self.connect().await?), fresh: true, turn, shared },
        })
    }

    /// A new session instead of one that turned out to be dead. Nothing where that one was new itself.
    pub(super) async fn renew(&self, lease: Lease) -> Result<Option<Lease>, Fault> {
        let Lease { session, fresh, turn, shared } = lease;
        drop(session);
        if fresh {
            return Ok(None);
        }
        let session = Session::new(self.connect().await?);
        Ok(Some(Lease { session, fresh: true, turn, shared }))
    }

    /// Connects. A server that has no connection left is not away: those of callers who gave up end in a moment.
    async fn connect(&self) -> Result<PgConnection, Fault> {
        let attempts = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(5))
            .with_max_delay(Duration::from_millis(50))
            .with_jitter()
            .with_total_delay(Some(self.connect / 2))
            .without_max_times();
        let connect = || self.options.connect();
        match timeout(self.connect, connect.retry(attempts).sleep(tokio::time::sleep).when(is_full)).await {
            Ok(Ok(connection)) => {
                if self.away.is_over() {
                    tracing::info!(host = self.options.get_host(), "database is back");
                }
                return Ok(connection);
            }
            Ok(Err(error)) if is_full(&error) => {
                self.away.is_over();
                return Err(fault::busy());
            }
            Ok(Err(error)) => tracing::warn!(host = self.options.get_host(), error = %error, "database is away"),
            Err(_) => tracing::warn!(host = self.options.get_host(), "database does not answer"),
        }
        self.away.since_now();
        Err(fault::unavailable())
    }

    /// Tries whether the server answers, by a connection of its own.
    async fn probe(&self) -> Result<(), Fault> {
        let connection = self.connect().await?;
        Session::new(connection).close(self.connect).await;
        Ok(())
    }

    /// A session that became another's on its way would show him the first one's rows.
    async fn check_sessions(&self) -> Result<(), Fault> {
        let (mut first, mut second) = (self.connect().await?, self.connect().await?);
        let keeps = timeout(self.connect, keeps_sessions(&mut first, &mut second)).await;
        let keeps = keeps.map_err(|_| fault::unavailable())?.map_err(|error| fault::of(&error))?;
        for connection in [first, second] {
            Session::new(connection).close(self.connect).await;
        }
        if keeps {
            return Ok(());
        }
        let message = "a pooler in front of the database gives each transaction another connection; let it pool by \
                       session";
        Err(Fault::new(Code::FailedPrecondition, "POOLED_BY_TRANSACTION", message))
    }

    /// Closes all connections in order, those in use as they come back.
    pub(super) async fn close(&self) {
        let sessions = {
            let mut idle = self.shared.idle();
            idle.closed = true;
            std::mem::take(&mut idle.sessions)
        };
        for session in sessions {
            session.close(self.connect).await;
        }
        let _ = timeout(self.connect, self.shared.turns.acquire_many(self.most)).await;
    }
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that is at this place, of these the one that was used last; else the one that was used longest ago, whose
    /// place is missed the least.
    fn take(&self, place: &Place) -> Result<Option<Session>, Fault> {
        let mut idle = self.idle();
        if idle.closed {
            return Err(fault::unavailable());
        }
        let at = idle.sessions.iter().rposition(|session| session.is_at(place));
        let at = at.or_else(|| (!idle.sessions.is_empty()).then_some(0));
        Ok(at.map(|at| idle.sessions.remove(at)))
    }

    /// Takes those that lived or slept for too long.
    fn stale(&self) -> Vec<Session> {
        self.idle().sessions.extract_if(.., |session| session.is_stale(LIFE, SLEEP)).collect()
    }
}

/// Closes what nobody uses even while nobody calls.
async fn tidy(shared: Weak<Shared>) {
    let mut ticks = tokio::time::interval(TIDY);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        for session in shared.stale() {
            session.close(shared.patience).await;
        }
    }
}

impl Lease {
    /// Gives it back where nothing is under way on it. To be called within a runtime.
    pub(super) fn give_back(self) {
        let Self { mut session, fresh: _, turn, shared } = self;
        if !session.is_settled() {
            return;
        }
        session.touch();
        let mut idle = shared.idle();
        if !idle.closed && !session.is_stale(LIFE, SLEEP) {
            idle.sessions.push(session);
            return;
        }
        drop(idle);
        let patience = shared.patience;
        tokio::spawn(async move {
            session.close(patience).await;
            drop(turn);
        });
    }
}

/// PostgreSQL's too_many_connections.
fn is_full(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "53300")
}
