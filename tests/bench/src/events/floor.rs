//! What this machine makes of an event at best: the same two units of work by sqlx, with the same rows and indexes, and
//! nothing but a channel between them. No component, no relay, no bus; nothing would come again after a crash.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Executor as _, SqliteConnection};
use tokio::sync::{Mutex, mpsc};

use super::{PUBLISHERS, TENANTS};
use crate::house::{FILL, sku};

/// Handlers at a time, as the manifest of `tests/guests/tally` says.
const HANDLERS: usize = 16;

const STOCK: &str = include_str!("../../../guests/stock/migrations/0001_init.sql");
const TALLY: &str = include_str!("../../../guests/tally/migrations/0001_init.sql");
const EVENTS: &str = include_str!("../../../../host/capabilities/events/src/store/sqlite.sql");

// Each transaction goes to the connection's thread in two texts, as the host's do.
const RESERVE: &str = "BEGIN IMMEDIATE;UPDATE stock SET reserved = reserved + 1 WHERE sku = $1 AND on_hand > reserved";
const PUBLISH: &str = "INSERT INTO fondaco_outbox (id, event, created_ms) VALUES ($1, $2, $3);COMMIT";
const COUNT: &str = "BEGIN IMMEDIATE;INSERT INTO tally (key, events) VALUES ($1, 1)
     ON CONFLICT (key) DO UPDATE SET events = tally.events + 1";
const HANDLED: &str = "INSERT INTO fondaco_inbox (subscription, event_id, state, at_ms, attempts)
     VALUES ('tally/fondaco.bench.*', $1, 'handled', $2, 1);COMMIT";

/// A tenant's two databases: one who writes at a time, as the host has it.
struct Store {
    stock: Mutex<SqliteConnection>,
    tally: Mutex<SqliteConnection>,
}

/// An event on its way.
struct Sent {
    store: Arc<Store>,
    id: String,
    sku: String,
}

/// Events a second, from the first transaction to the last handler's commit.
pub(super) async fn per_s(folder: &Path, duration: Duration) -> Result<f64> {
    let mut stores = Vec::new();
    for number in 0..TENANTS {
        let stock = open(&folder.join(format!("stock-{number}.sqlite")), &[STOCK, EVENTS, FILL]).await?;
        let tally = open(&folder.join(format!("tally-{number}.sqlite")), &[TALLY, EVENTS]).await?;
        stores.push(Arc::new(Store { stock: Mutex::new(stock), tally: Mutex::new(tally) }));
    }
    let (sent, events) = mpsc::unbounded_channel();
    let events = Arc::new(Mutex::new(events));
    let begun = Instant::now();
    let mut publishers = tokio::task::JoinSet::new();
    for (at, store) in (0..PUBLISHERS).flat_map(|_| &stores).enumerate() {
        publishers.spawn(publish(Arc::clone(store), u32::try_from(at)?, begun + duration, sent.clone()));
    }
    drop(sent);
    let mut handlers = tokio::task::JoinSet::new();
    for _ in 0..HANDLERS {
        handlers.spawn(handle(Arc::clone(&events)));
    }
    for done in publishers.join_all().await {
        done?;
    }
    let mut handled = 0;
    for count in handlers.join_all().await {
        handled += count?;
    }
    let elapsed = begun.elapsed();
    check(&stores, handled).await?;
    Ok(handled as f64 / elapsed.as_secs_f64())
}

/// A new file, with what `fondaco-sql` says to its own: see `host/capabilities/sql/src/sqlite/home.rs`.
async fn open(file: &Path, texts: &[&'static str]) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "256")
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    for text in texts {
        connection.execute(*text).await?;
    }
    Ok(connection)
}

async fn publish(store: Arc<Store>, first: u32, until: Instant, sent: mpsc::UnboundedSender<Sent>) -> Result<()> {
    let mut number = first;
    while Instant::now() < until {
        let (id, sku) = (uuid::Uuid::now_v7().to_string(), sku(number));
        let event = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/services/stock","type":"fondaco.bench.reserved.v1","time":"2026-01-01T00:00:00.000Z","subject":"{number}","partitionkey":"{sku}","datacontenttype":"application/json","data":{{"number":{number},"sku":"{sku}","left":1}}}}"#
        );
        let mut stock = store.stock.lock().await;
        sqlx::query(RESERVE).bind(&sku).execute(&mut *stock).await?;
        sqlx::query(PUBLISH).bind(&id).bind(event).bind(i64::from(number)).execute(&mut *stock).await?;
        drop(stock);
        sent.send(Sent { store: Arc::clone(&store), id, sku }).ok().context("nobody handles events")?;
        number = number.wrapping_add(TENANTS * PUBLISHERS);
    }
    Ok(())
}

async fn handle(events: Arc<Mutex<mpsc::UnboundedReceiver<Sent>>>) -> Result<i64> {
    let mut handled = 0;
    loop {
        let next = events.lock().await.recv().await;
        let Some(Sent { store, id, sku }) = next else { return Ok(handled) };
        let mut tally = store.tally.lock().await;
        sqlx::query(COUNT).bind(&sku).execute(&mut *tally).await?;
        sqlx::query(HANDLED).bind(&id).bind(1_i64).execute(&mut *tally).await?;
        handled += 1;
    }
}

/// Every transaction did what it was to do.
async fn check(stores: &[Arc<Store>], handled: i64) -> Result<()> {
    let (mut reserved, mut counted) = (0, 0);
    for store in stores {
        let sum = sqlx::query_scalar::<_, i64>("SELECT sum(reserved) FROM stock");
        reserved += sum.fetch_one(&mut *store.stock.lock().await).await?;
        let sum = sqlx::query_scalar::<_, i64>("SELECT coalesce(sum(events), 0) FROM tally");
        counted += sum.fetch_one(&mut *store.tally.lock().await).await?;
    }
    ensure!((reserved, counted) == (handled, handled), "{handled} handled, {reserved} reserved, {counted} counted");
    Ok(())
}
