//! Reads what serves, and what served.

use fondaco_engine::Fault;
use sqlx::sqlite::SqliteConnection;

use crate::audit::{Page, page_limit, stored_digest};
use crate::database::Database;
use crate::error::Error;
use crate::json::{Config, LimitsText};
use crate::owner::{Owner, Slot};
use crate::plan::Head;
use crate::release::{Action, HistoryEntry, Previous, Release};
use crate::versions::stored_version;

/// A row of the view `release_rows`.
#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    scope: String,
    point: String,
    name: String,
    revision: i64,
    action: String,
    version_id: Option<i64>,
    position: i32,
    config: String,
    on_failure: String,
    limits: Option<String>,
    back_to: Option<i64>,
    actor: String,
    at_ms: i64,
    source: Option<String>,
    version: Option<String>,
    digest: Option<String>,
    previous_config: Option<String>,
    previous_source: Option<String>,
    previous_version: Option<String>,
    previous_digest: Option<String>,
}

impl Row {
    pub(crate) fn head(&self) -> Head {
        Head {
            revision: self.revision.unsigned_abs(),
            serves: self.version_id.is_some(),
            back_to: self.back_to.map(i64::unsigned_abs),
        }
    }

    /// What it serves; nothing for a removal.
    pub(crate) fn release(self) -> Result<Option<Release>, Error> {
        let previous = self.previous()?;
        let (Some(version_id), Some(source), Some(version), Some(digest)) =
            (self.version_id, self.source, self.version, self.digest)
        else {
            return Ok(None);
        };
        Ok(Some(Release {
            slot: Slot::from_keys(&self.scope, &self.point, &self.name)?,
            revision: self.revision.unsigned_abs(),
            source: Owner::from_key(&source)?,
            version: stored_version(&version)?,
            digest: stored_digest(&digest)?,
            position: self.position,
            config: Config::stored(self.config),
            on_failure: self.on_failure.parse()?,
            limits: self.limits.map(LimitsText::stored),
            previous,
            actor: self.actor,
            at_ms: self.at_ms,
            version_id,
        }))
    }

    fn previous(&self) -> Result<Option<Previous>, Error> {
        let (Some(revision), Some(source), Some(version), Some(digest), Some(config)) =
            (self.back_to, &self.previous_source, &self.previous_version, &self.previous_digest, &self.previous_config)
        else {
            return Ok(None);
        };
        Ok(Some(Previous {
            revision: revision.unsigned_abs(),
            source: Owner::from_key(source)?,
            version: stored_version(version)?,
            digest: stored_digest(digest)?,
            config: Config::stored(config.clone()),
        }))
    }

    fn entry(self) -> Result<HistoryEntry, Error> {
        Ok(HistoryEntry {
            revision: self.revision.unsigned_abs(),
            action: match self.action.as_str() {
                "put" => Action::Put,
                "rollback" => Action::Rollback,
                _ => Action::Remove,
            },
            actor: self.actor.clone(),
            at_ms: self.at_ms,
            release: self.release()?,
        })
    }
}

/// The newest revision of a slot.
pub(crate) async fn head(inside: &mut SqliteConnection, slot: &Slot) -> Result<Option<Row>, Error> {
    Ok(sqlx::query_as(
        "SELECT r.* FROM slots s JOIN release_rows r USING (scope, point, name, revision)
         WHERE s.scope = $1 AND s.point = $2 AND s.name = $3",
    )
    .bind(slot.scope().key())
    .bind(slot.point_key())
    .bind(slot.name())
    .fetch_optional(inside)
    .await?)
}

pub(crate) async fn revision(inside: &mut SqliteConnection, slot: &Slot, wanted: u64) -> Result<Option<Row>, Error> {
    Ok(sqlx::query_as("SELECT * FROM release_rows WHERE scope = $1 AND point = $2 AND name = $3 AND revision = $4")
        .bind(slot.scope().key())
        .bind(slot.point_key())
        .bind(slot.name())
        .bind(i64::try_from(wanted).unwrap_or(i64::MAX))
        .fetch_optional(inside)
        .await?)
}

/// What serves a tenant (or: the services), in order.
pub(crate) async fn serving(inside: &mut SqliteConnection, scope: &Owner) -> Result<Vec<Release>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT r.* FROM slots s JOIN release_rows r USING (scope, point, name, revision)
         WHERE s.scope = $1 AND r.version_id IS NOT NULL",
    )
    .bind(scope.key())
    .fetch_all(inside)
    .await?;
    let mut releases = Vec::with_capacity(rows.len());
    for row in rows {
        releases.extend(row.release()?);
    }
    releases.sort_by(|one, other| one.order().cmp(&other.order()));
    Ok(releases)
}

/// Those for whom something serves.
pub(crate) async fn scopes(database: &Database) -> Result<Vec<Owner>, Error> {
    let keys: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT s.scope FROM slots s JOIN releases r USING (scope, point, name, revision)
         WHERE r.version_id IS NOT NULL ORDER BY s.scope",
    )
    .fetch_all(database.read())
    .await?;
    let owners: Result<Vec<Owner>, Fault> = keys.iter().map(|key| Owner::from_key(key)).collect();
    Ok(owners?)
}

/// The changes of a slot, the newest first.
pub(crate) async fn history(
    database: &Database,
    slot: &Slot,
    cursor: Option<i64>,
    limit: Option<u32>,
) -> Result<Page<HistoryEntry>, Error> {
    let limit = page_limit(limit);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM release_rows
         WHERE scope = $1 AND point = $2 AND name = $3 AND ($4 IS NULL OR revision < $4)
         ORDER BY revision DESC LIMIT $5",
    )
    .bind(slot.scope().key())
    .bind(slot.point_key())
    .bind(slot.name())
    .bind(cursor)
    .bind(i64::from(limit) + 1)
    .fetch_all(database.read())
    .await?;
    let entries = rows.into_iter().map(Row::entry).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(entries, limit as usize, |entry| i64::try_from(entry.revision).unwrap_or(i64::MAX)))
}
