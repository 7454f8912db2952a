//! The keys in memory: verification, and following the database.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use arc_swap::ArcSwap;
use fondaco_engine::{Code, Fault};
use sqlx::sqlite::SqliteConnection;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::clock::now_ms;
use crate::database::Database;
use crate::error::Error;
use crate::keys::token::Token;
use crate::keys::{Identity, KeyOptions, stored_roles};
use crate::limits::Bounds;

/// All API keys. Cheap to clone.
#[derive(Clone)]
pub struct Keys(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) database: Database,
    pub(super) bounds: Bounds,
    options: KeyOptions,
    snapshot: ArcSwap<Snapshot>,
    /// When an unknown id last made the keys be read. Held while they are read, so that an older
    /// snapshot never replaces a newer one.
    reading: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Snapshot {
    epoch: i64,
    by_id: HashMap<Box<str>, Entry>,
}

struct Entry {
    identity: Arc<Identity>,
    hash: [u8; 32],
    expires_ms: Option<i64>,
    revoked: bool,
    /// Shared by all snapshots.
    used: Arc<Used>,
}

#[derive(Default)]
struct Used {
    seen_ms: AtomicI64,
    stored_ms: AtomicI64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    tenant: String,
    name: String,
    roles: String,
    hash: Vec<u8>,
    expires_ms: Option<i64>,
    revoked_ms: Option<i64>,
}

impl Keys {
    pub(crate) async fn open(database: Database, bounds: Bounds, options: KeyOptions) -> Result<Self, Error> {
        let keys = Self(Arc::new(Shared {
            database,
            bounds,
            options,
            snapshot: ArcSwap::default(),
            reading: Mutex::default(),
        }));
        keys.reload().await?;
        Ok(keys)
    }

    /// Whose key it is. Without waiting and without SQL, but for an id that is not known yet.
    ///
    /// Faults: `INVALID_API_KEY`, `API_KEY_REVOKED`, `API_KEY_EXPIRED`; the last two only to who
    /// knows the secret.
    pub async fn verify(&self, text: &str) -> Result<Arc<Identity>, Fault> {
        let token = Token::parse(text).ok_or_else(invalid)?;
        if let Some(answer) = self.look_up(token) {
            return answer;
        }
        self.read_for_unknown().await?;
        self.look_up(token).unwrap_or_else(|| Err(invalid()))
    }

    fn look_up(&self, token: Token<'_>) -> Option<Result<Arc<Identity>, Fault>> {
        let snapshot = self.0.snapshot.load();
        let entry = snapshot.by_id.get(token.id)?;
        Some(entry.check(token, now_ms(), &self.0.options))
    }

    async fn read_for_unknown(&self) -> Result<(), Error> {
        let asked = Instant::now();
        let mut last = self.0.reading.lock().await;
        let is_fresh = |at: Instant| at >= asked || at.elapsed() < self.0.options.gap;
        if last.is_some_and(is_fresh) {
            return Ok(());
        }
        *last = Some(Instant::now());
        self.read().await
    }

    /// Reads the keys again.
    pub(crate) async fn reload(&self) -> Result<(), Error> {
        let _one_at_a_time = self.0.reading.lock().await;
        self.read().await
    }

    async fn read(&self) -> Result<(), Error> {
        let mut view = self.0.database.snapshot().await?;
        let epoch: i64 = sqlx::query_scalar("SELECT epoch FROM keys_epoch").fetch_one(&mut *view).await?;
        let rows: Vec<Row> =
            sqlx::query_as("SELECT id, tenant, name, roles, hash, expires_ms, revoked_ms FROM api_keys")
                .fetch_all(&mut *view)
                .await?;
        let before = self.0.snapshot.load();
        let mut by_id = HashMap::with_capacity(rows.len());
        for row in rows {
            let used = before.by_id.get(row.id.as_str()).map(|entry| Arc::clone(&entry.used)).unwrap_or_default();
            by_id.insert(row.id.clone().into_boxed_str(), entry(row, used)?);
        }
        self.0.snapshot.store(Arc::new(Snapshot { epoch, by_id }));
        Ok(())
    }

    /// Stores the times of last use that are not stored yet.
    pub(crate) async fn store_used(&self) -> Result<(), Error> {
        let snapshot = self.0.snapshot.load_full();
        let due: Vec<_> = snapshot
            .by_id
            .iter()
            .filter_map(|(id, entry)| {
                let seen = entry.used.seen_ms.load(Ordering::Relaxed);
                (seen > entry.used.stored_ms.load(Ordering::Relaxed)).then_some((id, entry, seen))
            })
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let mut change = self.0.database.write().await?;
        for (id, _entry, seen) in &due {
            sqlx::query("UPDATE api_keys SET last_used_ms = max(coalesce(last_used_ms, 0), $1) WHERE id = $2")
                .bind(seen)
                .bind(id.as_ref())
                .execute(&mut *change)
                .await?;
        }
        change.commit().await?;
        for (_id, entry, seen) in due {
            entry.used.stored_ms.store(seen, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Reads the keys again when another process changed them. True when it did.
    pub(crate) async fn follow(&self, watcher: &mut Watcher) -> Result<bool, Error> {
        let version: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut watcher.connection).await?;
        if watcher.version == Some(version) {
            return Ok(false);
        }
        let epoch: i64 = sqlx::query_scalar("SELECT epoch FROM keys_epoch").fetch_one(&mut watcher.connection).await?;
        let changed = epoch != self.0.snapshot.load().epoch;
        if changed {
            self.reload().await?;
        }
        watcher.version = Some(version);
        Ok(changed)
    }

    pub(crate) async fn watcher(&self) -> Result<Watcher, Error> {
        Ok(Watcher { connection: self.0.database.watcher().await?, version: None })
    }

    /// Follows the database until the keys are dropped or the task is aborted.
    pub(crate) fn spawn_follower(&self, options: KeyOptions) -> JoinHandle<()> {
        tokio::spawn(follow_all(Arc::downgrade(&self.0), options))
    }
}

/// A connection that remembers which state of the database it saw.
pub(crate) struct Watcher {
    connection: SqliteConnection,
    version: Option<i64>,
}

async fn follow_all(keys: Weak<Shared>, options: KeyOptions) {
    // The keys were just read: the first look is due after a period, not at once.
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + options.poll, options.poll);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watcher = None;
    let mut stored = Instant::now();
    loop {
        ticks.tick().await;
        let Some(keys) = keys.upgrade().map(Keys) else {
            return;
        };
        if let Err(error) = keys.follow_once(&mut watcher).await {
            tracing::warn!(%error, "cannot see whether api keys changed; trying again");
            watcher = None;
        }
        if stored.elapsed() >= options.used {
            stored = Instant::now();
            if let Err(error) = keys.store_used().await {
                tracing::warn!(%error, "cannot store when api keys were last used; trying again");
            }
        }
    }
}

impl Keys {
    async fn follow_once(&self, watcher: &mut Option<Watcher>) -> Result<(), Error> {
        let mut open = match watcher.take() {
            Some(open) => open,
            None => self.watcher().await?,
        };
        if self.follow(&mut open).await? {
            tracing::debug!("api keys were changed by another process");
        }
        *watcher = Some(open);
        Ok(())
    }
}

impl Entry {
    fn check(&self, token: Token<'_>, now: i64, options: &KeyOptions) -> Result<Arc<Identity>, Fault> {
        if !token.is_of(&self.hash) {
            return Err(invalid());
        }
        if self.revoked {
            return Err(unusable("API_KEY_REVOKED", "was revoked"));
        }
        if self.expires_ms.is_some_and(|until| until <= now) {
            return Err(unusable("API_KEY_EXPIRED", "has expired"));
        }
        let step = i64::try_from(options.used.as_millis()).unwrap_or(i64::MAX);
        // Written once in a while only: a store by every request would bounce the cache line.
        if now.saturating_sub(self.used.seen_ms.load(Ordering::Relaxed)) >= step {
            self.used.seen_ms.store(now, Ordering::Relaxed);
        }
        Ok(Arc::clone(&self.identity))
    }
}

fn entry(row: Row, used: Arc<Used>) -> Result<Entry, Error> {
    let hash: [u8; 32] =
        row.hash.try_into().map_err(|_bytes| Error::damaged_row("a key whose hash has another length"))?;
    Ok(Entry {
        identity: Arc::new(Identity {
            key_id: row.id.into(),
            tenant: row.tenant.parse().map_err(|_error| Error::damaged_row("a key of a tenant whose id is not one"))?,
            name: row.name.into(),
            roles: stored_roles(&row.roles),
        }),
        hash,
        expires_ms: row.expires_ms,
        revoked: row.revoked_ms.is_some(),
        used,
    })
}

/// The same for a wrong form, an unknown id and a wrong secret.
fn invalid() -> Fault {
    Fault::new(
        Code::Unauthenticated,
        "INVALID_API_KEY",
        "this API key is not known: send 'Authorization: Bearer fdk_…' with a key of `fondaco keys create`",
    )
}

fn unusable(reason: &'static str, why: &str) -> Fault {
    Fault::new(Code::Unauthenticated, reason, format!("this API key {why}: ask for a new one (`fondaco keys create`)"))
}
