//! The way to Redis: one task keeps the connections, everyone else uses them or is told at once that there are none.
//!
//! There is no other circuit breaker: the keeper's own connection, which has a `PING` on it all the time, says whether
//! Redis is there. A command that times out makes it look at once. While Redis is away nobody waits for it.
//!
//! The keeper's connection is also the one that Redis tells of every changed cache entry (client-side caching in its
//! broadcasting mode), so that entries are kept in this process's memory only for as long as Redis would tell of their
//! change: with the connection goes what it vouched for.

use std::sync::Arc;
use std::time::Duration;

use fondaco_engine::{Code, Fault};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError,
    RedisResult, Value,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::faults;

/// How often the keeper asks whether Redis is there, and how long it waits before it tries to connect again.
const BEAT: Duration = Duration::from_millis(250);
/// What Redis tells changes of.
pub(crate) const TRACKED: &str = "fondaco:cache:e:";

/// Who is told of changed cache entries.
pub(crate) trait Listener: Send + Sync + 'static {
    /// Whether changes are being told of from now on. Nothing read before vouches for anything.
    fn vouched(&self, vouched: bool);
    /// An entry has changed or gone, by its key in Redis.
    fn changed(&self, key: &[u8]);
}

/// The way to Redis. Cheap to clone; the keeper goes with the last one.
#[derive(Clone)]
pub(crate) struct Link {
    shared: Arc<Shared>,
    _keeper: Arc<Keeper>,
}

struct Shared {
    connection: watch::Sender<Option<MultiplexedConnection>>,
    suspect: Notify,
}

struct Keeper(JoinHandle<()>);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Link {
    /// Begins to keep connections. Redis need not be there yet.
    pub(crate) fn open(url: &str, timeout: Duration, listener: Arc<dyn Listener>) -> Result<Self, Fault> {
        // What the error says may have the URL in it, and that the password.
        let client = client(url).map_err(|_| {
            let message = "`key_value.redis_url` is not of the form redis://[user:password@]host:port[/database]";
            Fault::new(Code::InvalidArgument, "INVALID_REDIS_URL", message)
        })?;
        let shared = Arc::new(Shared { connection: watch::Sender::new(None), suspect: Notify::new() });
        let keeper = tokio::spawn(keep(client, timeout, Arc::clone(&shared), listener));
        Ok(Self { shared, _keeper: Arc::new(Keeper(keeper)) })
    }

    /// Whether Redis is there, as far as is known.
    pub(crate) fn is_up(&self) -> bool {
        self.shared.connection.borrow().is_some()
    }

    /// A connection; a fault at once when Redis is away.
    pub(crate) fn connection(&self) -> Result<MultiplexedConnection, Fault> {
        self.shared.connection.borrow().clone().ok_or_else(faults::unavailable)
    }

    /// Waits until Redis is there.
    pub(crate) async fn up(&self) {
        let mut connection = self.shared.connection.subscribe();
        // The sender lives as long as this link.
        let _ = connection.wait_for(Option::is_some).await;
    }

    /// What a failed command comes to. Where it looks as though Redis had gone, the keeper looks at once.
    pub(crate) fn failed(&self, error: &RedisError) -> Fault {
        if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() {
            self.shared.suspect.notify_one();
            tracing::debug!(error = %error, "redis did not answer");
            return faults::unavailable();
        }
        faults::broken(error)
    }
}

fn client(url: &str) -> RedisResult<Client> {
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(settings))
}

async fn keep(client: Client, timeout: Duration, shared: Arc<Shared>, listener: Arc<dyn Listener>) {
    let mut told = false;
    loop {
        let Err(error) = session(&client, timeout, &shared, &listener).await;
        let was_up = shared.connection.send_replace(None).is_some();
        listener.vouched(false);
        metrics::gauge!("fondaco_key_value_redis_up").set(0.0);
        if was_up || !told {
            tracing::warn!(error = %error, "redis is away: caches miss, buckets are unavailable");
            told = true;
        }
        tokio::time::sleep(BEAT).await;
    }
}

/// One connection's life.
async fn session(
    client: &Client,
    timeout: Duration,
    shared: &Shared,
    listener: &Arc<dyn Listener>,
) -> Result<std::convert::Infallible, RedisError> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(timeout)).set_response_timeout(Some(timeout));
    let ears = Arc::clone(listener);
    let lost = Arc::new(Notify::new());
    let losing = Arc::clone(&lost);
    let hear = move |push: PushInfo| {
        match push.kind {
            PushKind::Invalidate => invalidated(&*ears, &push.data),
            PushKind::Disconnection => losing.notify_one(),
            _ => {}
        }
        Ok::<(), std::convert::Infallible>(())
    };
    let mut watching =
        client.get_multiplexed_async_connection_with_config(&config.clone().set_push_sender(hear)).await?;
    let commands = client.get_multiplexed_async_connection_with_config(&config).await?;
    let mut tracking = redis::cmd("CLIENT");
    tracking.arg("TRACKING").arg("ON").arg("BCAST").arg("PREFIX").arg(TRACKED);
    tracking.query_async::<()>(&mut watching).await?;
    listener.vouched(true);
    shared.connection.send_replace(Some(commands.clone()));
    metrics::gauge!("fondaco_key_value_redis_up").set(1.0);
    tracing::info!("redis is there");
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = shared.suspect.notified() => {}
            () = lost.notified() => return Err(RedisError::from((ErrorKind::Io, "the connection is gone"))),
        }
        ping(&mut watching).await?;
        ping(&mut commands.clone()).await?;
    }
}

async fn ping(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    redis::cmd("PING").query_async(connection).await
}

/// `[[key, …]]`, or `[nil]` when everything has gone (`FLUSHALL`).
fn invalidated(listener: &dyn Listener, data: &[Value]) {
    match data {
        [Value::Array(keys)] => {
            for key in keys {
                if let Value::BulkString(key) = key {
                    listener.changed(key);
                }
            }
        }
        // Whatever else it means, nothing that was read before is vouched for.
        _ => listener.vouched(true),
    }
}
