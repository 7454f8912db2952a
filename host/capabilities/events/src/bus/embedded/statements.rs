//! The log's SQL. Lists go in chunks of one size, so that each statement is compiled once.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use crate::bus::Route;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Values of a list in one statement.
const CHUNK: usize = 64;

/// `(?,?),(?,?),…`, so many times.
fn rows(columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}

fn list() -> String {
    rows(CHUNK, 1)
}

/// Makes the tables, if they are not there.
pub(super) async fn prepare(connection: &mut SqliteConnection) -> Result<()> {
    sqlx::raw_sql(include_str!("schema.sql")).execute(connection).await.map(drop)
}

/// The number of the next event. Numbers of events that are gone are not used again: readers go on after them.
pub(super) async fn next_number(connection: &mut SqliteConnection) -> Result<i64> {
    let last: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetch_optional(connection).await?;
    Ok(last.unwrap_or(0) + 1)
}

/// The subscriptions, each with its number.
pub(super) async fn subscriptions(connection: &mut SqliteConnection) -> Result<Vec<(Route, i64)>> {
    let rows = sqlx::query("SELECT number, name, pattern FROM subscriptions").fetch_all(connection).await?;
    let known = rows.iter().filter_map(|row| {
        let name: &str = row.get(1);
        let pattern: &str = row.get(2);
        let route = Route { name: name.parse().ok()?, pattern: pattern.parse().ok()? };
        Some((route, row.get(0)))
    });
    Ok(known.collect())
}

/// Notes that a subscription is wanted; its number.
pub(super) async fn declare(connection: &mut SqliteConnection, route: &Route, now_ms: i64) -> Result<i64> {
    let statement = "INSERT INTO subscriptions (name, pattern, declared_ms) VALUES ($1, $2, $3)
                     ON CONFLICT (name) DO UPDATE SET declared_ms = excluded.declared_ms RETURNING number";
    let query = sqlx::query_scalar(statement).bind(route.name.as_str()).bind(route.pattern.to_string()).bind(now_ms);
    query.fetch_one(connection).await
}

pub(super) async fn undeclared_since(readers: &SqlitePool, ms: i64) -> Result<Vec<String>> {
    sqlx::query_scalar("SELECT name FROM subscriptions WHERE declared_ms < $1").bind(ms).fetch_all(readers).await
}

/// Writes something, so that there is a commit to be synced: SQLite syncs its log for nothing less, and then all of it.
pub(super) async fn note_sync(connection: &mut SqliteConnection, now_ms: i64) -> Result<()> {
    let statement =
        "INSERT INTO syncs (one, at_ms) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET at_ms = excluded.at_ms";
    sqlx::query(statement).bind(now_ms).execute(connection).await.map(drop)
}

/// Takes a subscription away, with its entries and the events that nobody else waits for.
pub(super) async fn retire(connection: &mut SqliteConnection, number: i64) -> Result<()> {
    let statements = [
        "DELETE FROM subscriptions WHERE number = $1",
        "DELETE FROM events WHERE seq IN (SELECT seq FROM entries WHERE subscription = $1)
            AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.seq = events.seq AND subscription <> $1)",
        "DELETE FROM entries WHERE subscription = $1",
    ];
    for statement in statements {
        sqlx::query(statement).bind(number).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Which of these events are in the log.
pub(super) async fn which_are_there(connection: &mut SqliteConnection, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    static SELECT: LazyLock<String> = LazyLock::new(|| format!("SELECT id FROM events WHERE id IN {}", list()));
    let mut there = HashSet::new();
    for chunk in ids.chunks(CHUNK) {
        let mut query = sqlx::query_scalar::<_, Vec<u8>>(AssertSqlSafe(SELECT.as_str()));
        for id in padded(chunk) {
            query = query.bind(id.as_bytes().as_slice());
        }
        let found = query.fetch_all(&mut *connection).await?;
        there.extend(found.iter().filter_map(|id| Uuid::from_slice(id).ok()));
    }
    Ok(there)
}

/// An event to be written.
pub(super) struct NewEvent {
    pub(super) seq: i64,
    pub(super) id: Uuid,
    pub(super) json: String,
    pub(super) appended_ms: i64,
}

pub(super) async fn insert_events(connection: &mut SqliteConnection, events: &[NewEvent]) -> Result<()> {
    let mut rest = events;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(chunk_of(rest.len()));
        let statement = insert("INSERT INTO events (seq, id, event, appended_ms) VALUES ", 4, chunk.len());
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for event in chunk {
            let id = event.id.as_bytes().as_slice();
            query = query.bind(event.seq).bind(id).bind(&event.json).bind(event.appended_ms);
        }
        query.execute(&mut *connection).await?;
        rest = after;
    }
    Ok(())
}

/// Puts events into queues: pairs of a subscription and an event's number.
pub(super) async fn insert_entries(connection: &mut SqliteConnection, entries: &[(i64, i64)]) -> Result<()> {
    let mut rest = entries;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(chunk_of(rest.len()));
        let statement = insert("INSERT INTO entries (subscription, seq) VALUES ", 2, chunk.len());
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for (subscription, seq) in chunk {
            query = query.bind(*subscription).bind(*seq);
        }
        query.execute(&mut *connection).await?;
        rest = after;
    }
    Ok(())
}

fn insert(head: &str, columns: usize, count: usize) -> String {
    let mut statement = head.to_owned();
    let _infallible = statement.write_str(&rows(columns, count));
    statement
}

/// Three sizes of chunks: three statements in the cache, whatever is inserted.
const fn chunk_of(rest: usize) -> usize {
    match rest {
        CHUNK.. => CHUNK,
        8.. => 8,
        _ => 1,
    }
}

/// Takes entries out of a queue, and the events that nobody else waits for out of the log.
pub(super) async fn settle(connection: &mut SqliteConnection, subscription: i64, seqs: &[i64]) -> Result<()> {
    static ENTRIES: LazyLock<String> =
        LazyLock::new(|| format!("DELETE FROM entries WHERE subscription = ? AND seq IN {}", list()));
    static EVENTS: LazyLock<String> = LazyLock::new(|| {
        let unwanted = "NOT EXISTS (SELECT 1 FROM entries WHERE entries.seq = events.seq)";
        format!("DELETE FROM events WHERE seq IN {} AND {unwanted}", list())
    });
    for chunk in seqs.chunks(CHUNK) {
        let mut entries = sqlx::query(AssertSqlSafe(ENTRIES.as_str())).bind(subscription);
        let mut events = sqlx::query(AssertSqlSafe(EVENTS.as_str()));
        for seq in padded(chunk) {
            entries = entries.bind(*seq);
            events = events.bind(*seq);
        }
        entries.execute(&mut *connection).await?;
        events.execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn postpone(
    connection: &mut SqliteConnection,
    subscription: i64,
    seq: i64,
    attempts: u32,
    due_ms: i64,
) -> Result<()> {
    let statement = "UPDATE entries SET attempts = $3, due_ms = $4 WHERE subscription = $1 AND seq = $2";
    let query = sqlx::query(statement).bind(subscription).bind(seq).bind(attempts).bind(due_ms);
    query.execute(connection).await.map(drop)
}

/// An entry as it is read.
pub(super) struct Read {
    pub(super) seq: i64,
    pub(super) attempts: u32,
    pub(super) due_ms: i64,
    pub(super) json: String,
}

/// A queue's entries after a number.
pub(super) async fn after(readers: &SqlitePool, subscription: i64, seq: i64, limit: usize) -> Result<Vec<Read>> {
    let statement = "SELECT entries.seq, attempts, due_ms, event FROM entries JOIN events USING (seq)
                     WHERE subscription = $1 AND entries.seq > $2 ORDER BY entries.seq LIMIT $3";
    let rows = sqlx::query(statement)
        .bind(subscription)
        .bind(seq)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(readers)
        .await?;
    let read = |row: &sqlx::sqlite::SqliteRow| Read {
        seq: row.get(0),
        attempts: row.get(1),
        due_ms: row.get(2),
        json: row.get(3),
    };
    Ok(rows.iter().map(read).collect())
}

pub(super) async fn event(readers: &SqlitePool, seq: i64) -> Result<Option<String>> {
    sqlx::query_scalar("SELECT event FROM events WHERE seq = $1").bind(seq).fetch_optional(readers).await
}

/// How many entries a queue has, and when the oldest came.
pub(super) async fn lag(readers: &SqlitePool, subscription: i64) -> Result<(u64, Option<i64>)> {
    let statement = "SELECT count, (SELECT appended_ms FROM events WHERE seq = oldest)
                     FROM (SELECT count(*) AS count, min(seq) AS oldest FROM entries WHERE subscription = $1)";
    let row = sqlx::query(statement).bind(subscription).fetch_one(readers).await?;
    Ok((row.get::<i64, _>(0).unsigned_abs(), row.get(1)))
}

/// As long as a chunk: the last one again and again does no harm in a list.
fn padded<T>(chunk: &[T]) -> impl Iterator<Item = &T> {
    chunk.iter().chain(std::iter::repeat_n(chunk.last(), CHUNK.saturating_sub(chunk.len())).flatten())
}
