//! The append-only log of every change: who, what, when, and the digest before and after.
//!
//! An entry is written in the transaction of the change that it tells of, so neither exists without
//! the other. Triggers of the database refuse to change or remove one.

use fondaco_engine::Digest;
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::sqlite::SqliteConnection;

use crate::clock::now_ms;
use crate::database::Database;
use crate::error::Error;
use crate::owner::{Actor, Owner};

/// One change that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Grows with time; the cursor of a listing.
    pub id: i64,
    /// When, in ms since 1970.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// Whom it concerns: a tenant, or the platform.
    pub scope: Owner,
    /// What: `version.push`, `release.put`, `release.rollback`, `release.remove`, `key.create`, `key.revoke`.
    pub action: String,
    /// What was changed: `plugin/volume-tiers@1.2.0`, `price-rule/volume-tiers`, `service/pricing`, `key/…`.
    pub subject: String,
    /// What served or stood there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest_before: Option<Digest>,
    /// What serves or stands there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest_after: Option<Digest>,
    /// More, as a JSON object.
    pub detail: Box<RawValue>,
}

/// Which entries to list. What is `None` does not filter.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this tenant, or of the platform. A merchant's listing must set it.
    pub scope: Option<Owner>,
    /// By this actor.
    pub actor: Option<String>,
    /// With this action, or, when it ends in `.`, with all that begin so: `release.`.
    pub action: Option<String>,
    /// About this subject.
    pub subject: Option<String>,
    /// Not before, in ms since 1970.
    pub since_ms: Option<i64>,
    /// Before, in ms since 1970.
    pub until_ms: Option<i64>,
    /// Older than the entry of this id: [`Page::next`] of the page before.
    pub cursor: Option<i64>,
    /// At most so many entries: 1 to 1,000, 100 when `None`.
    pub limit: Option<u32>,
}

/// A part of a listing.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The newest first.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

impl<T> Page<T> {
    /// Out of `limit + 1` rows: one more than the page holds shows that there is a next page.
    pub(crate) fn of(mut rows: Vec<T>, limit: usize, cursor_of: impl Fn(&T) -> i64) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_last| more).map(cursor_of);
        Self { items: rows, next }
    }
}

pub(crate) fn page_limit(asked: Option<u32>) -> u32 {
    asked.unwrap_or(100).clamp(1, 1_000)
}

/// An entry about to be written.
pub(crate) struct Note<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) scope: String,
    pub(crate) action: &'static str,
    pub(crate) subject: String,
    pub(crate) before: Option<Digest>,
    pub(crate) after: Option<Digest>,
    pub(crate) detail: serde_json::Value,
}

pub(crate) async fn append(inside: &mut SqliteConnection, note: Note<'_>) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO audit (at_ms, actor, scope, action, subject, digest_before, digest_after, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(now_ms())
    .bind(note.actor.as_str())
    .bind(note.scope)
    .bind(note.action)
    .bind(note.subject)
    .bind(note.before.map(|digest| digest.to_string()))
    .bind(note.after.map(|digest| digest.to_string()))
    .bind(note.detail.to_string())
    .execute(inside)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    at_ms: i64,
    actor: String,
    scope: String,
    action: String,
    subject: String,
    digest_before: Option<String>,
    digest_after: Option<String>,
    detail: String,
}

pub(crate) async fn list(database: &Database, filter: &AuditFilter) -> Result<Page<AuditEntry>, Error> {
    let limit = page_limit(filter.limit);
    let action = filter.action.as_deref();
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, at_ms, actor, scope, action, subject, digest_before, digest_after, detail FROM audit
         WHERE ($1 IS NULL OR scope = $1) AND ($2 IS NULL OR actor = $2)
           AND ($3 IS NULL OR action = $3) AND ($4 IS NULL OR substr(action, 1, length($4)) = $4)
           AND ($5 IS NULL OR subject = $5)
           AND ($6 IS NULL OR at_ms >= $6) AND ($7 IS NULL OR at_ms < $7) AND ($8 IS NULL OR id < $8)
         ORDER BY id DESC LIMIT $9",
    )
    .bind(filter.scope.as_ref().map(Owner::key))
    .bind(&filter.actor)
    .bind(action.filter(|text| !text.ends_with('.')))
    .bind(action.filter(|text| text.ends_with('.')))
    .bind(&filter.subject)
    .bind(filter.since_ms)
    .bind(filter.until_ms)
    .bind(filter.cursor)
    .bind(i64::from(limit) + 1)
    .fetch_all(database.read())
    .await?;
    let entries = rows.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(entries, limit as usize, |entry| entry.id))
}

fn entry(row: Row) -> Result<AuditEntry, Error> {
    Ok(AuditEntry {
        id: row.id,
        at_ms: row.at_ms,
        actor: row.actor,
        scope: Owner::from_key(&row.scope)?,
        action: row.action,
        subject: row.subject,
        digest_before: row.digest_before.map(|text| stored_digest(&text)).transpose()?,
        digest_after: row.digest_after.map(|text| stored_digest(&text)).transpose()?,
        detail: RawValue::from_string(row.detail)
            .map_err(|_error| Error::damaged_row("an audit detail that is not JSON"))?,
    })
}

pub(crate) fn stored_digest(text: &str) -> Result<Digest, Error> {
    text.parse().map_err(|_error| Error::damaged_row("a digest that is not one"))
}
