//! Writes a new version: immutable, bounded, audited.

use fondaco_engine::{Code, Digest, Fault};
use semver::Version;
use sqlx::sqlite::SqliteConnection;

use crate::audit::{self, Note};
use crate::blobs::Blobs;
use crate::clock::now_ms;
use crate::database::Database;
use crate::error::Error;
use crate::limits::Bounds;
use crate::owner::{Actor, Kind};
use crate::versions::{PackageKey, VersionRecord, find, point_of};

/// A version about to be published.
pub(crate) struct NewVersion<'a> {
    pub(crate) package: PackageKey<'a>,
    pub(crate) kind: &'a Kind,
    pub(crate) version: &'a Version,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) meta: &'a serde_json::Value,
}

/// The version that is there already when the same upload comes again, or why it may not come.
pub(crate) async fn before_publishing(
    inside: &mut SqliteConnection,
    new: &PackageKey<'_>,
    version: &Version,
    digest: Digest,
) -> Result<Option<VersionRecord>, Error> {
    let found = find(inside, new, version).await?;
    match found {
        Some(there) if there.digest != digest => Err(version_exists(&there, digest).into()),
        other => Ok(other),
    }
}

/// Commits a version whose artifact is stored already, with its audit entry.
pub(crate) async fn publish(
    database: &Database,
    blobs: &Blobs,
    bounds: &Bounds,
    new: &NewVersion<'_>,
    actor: &Actor,
) -> Result<VersionRecord, Error> {
    let mut change = database.write().await?;
    if let Some(there) = before_publishing(&mut change, &new.package, new.version, new.digest).await? {
        return Ok(there);
    }
    // The garbage collector removes artifacts inside of a write transaction too: what is here now
    // is here at the commit.
    if !blobs.exists(&new.digest) {
        return Err(Error::Damaged { digest: new.digest });
    }
    check_package(&mut change, new, bounds).await?;
    check_room(&mut change, new, bounds).await?;
    insert(&mut change, new, actor).await?;
    audit::append(&mut change, note(new, actor)).await?;
    let published = find(&mut change, &new.package, new.version).await?;
    change.commit().await?;
    published.ok_or_else(|| Error::damaged_row("no row of a version that was just written"))
}

fn note<'a>(new: &NewVersion<'_>, actor: &'a Actor) -> Note<'a> {
    let package = &new.package;
    Note {
        actor,
        scope: package.owner.key(),
        action: "version.push",
        subject: format!("{}/{}@{}", package.class.as_str(), package.name, new.version),
        before: None,
        after: Some(new.digest),
        detail: serde_json::json!({ "size": new.size, "point": match new.kind {
            Kind::Plugin { point } => Some(point.as_str()),
            Kind::Service => None,
        }}),
    }
}

async fn insert(inside: &mut SqliteConnection, new: &NewVersion<'_>, actor: &Actor) -> Result<(), Error> {
    let package = &new.package;
    let (owner, class) = (package.owner.key(), package.class.as_str());
    sqlx::query(
        "INSERT INTO packages (owner, class, name, point, created_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
    )
    .bind(&owner)
    .bind(class)
    .bind(package.name)
    .bind(new.kind.point_key())
    .bind(now_ms())
    .execute(&mut *inside)
    .await?;
    sqlx::query(
        "INSERT INTO versions (owner, class, name, version, digest, size, meta, actor, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&owner)
    .bind(class)
    .bind(package.name)
    .bind(new.version.to_string())
    .bind(new.digest.to_string())
    .bind(i64::try_from(new.size).unwrap_or(i64::MAX))
    .bind(new.meta.to_string())
    .bind(actor.as_str())
    .bind(now_ms())
    .execute(inside)
    .await?;
    Ok(())
}

/// A name stays at its extension point, and an owner has a bounded number of names.
async fn check_package(inside: &mut SqliteConnection, new: &NewVersion<'_>, bounds: &Bounds) -> Result<(), Error> {
    if let Some(point) = point_of(inside, &new.package).await? {
        return same_point(&point, new).map_err(Error::from);
    }
    let there: i64 = sqlx::query_scalar("SELECT count(*) FROM packages WHERE owner = $1 AND class = $2")
        .bind(new.package.owner.key())
        .bind(new.package.class.as_str())
        .fetch_one(inside)
        .await?;
    if there < i64::from(bounds.packages) {
        return Ok(());
    }
    Err(Fault::new(
        Code::ResourceExhausted,
        "TOO_MANY_PLUGINS",
        format!(
            "'{}' has {there} {}s already, at most {} are allowed: push a new version of one of them instead",
            new.package.owner,
            new.package.class.as_str(),
            bounds.packages
        ),
    )
    .into())
}

pub(crate) fn same_point(point: &str, new: &NewVersion<'_>) -> Result<(), Fault> {
    let found = new.kind.point_key();
    if point == found {
        return Ok(());
    }
    Err(Fault::new(
        Code::FailedPrecondition,
        "POINT_CHANGED",
        format!(
            "'{}' is a {point} plugin and this component exports {found}: push it under another name",
            new.package.name
        ),
    )
    .with("expected", point)
    .with("found", found))
}

async fn check_room(inside: &mut SqliteConnection, new: &NewVersion<'_>, bounds: &Bounds) -> Result<(), Error> {
    let package = &new.package;
    let versions: i64 =
        sqlx::query_scalar("SELECT count(*) FROM versions WHERE owner = $1 AND class = $2 AND name = $3")
            .bind(package.owner.key())
            .bind(package.class.as_str())
            .bind(package.name)
            .fetch_one(&mut *inside)
            .await?;
    if versions >= i64::from(bounds.versions) {
        return Err(Fault::new(
            Code::ResourceExhausted,
            "TOO_MANY_VERSIONS",
            format!(
                "'{}' has {versions} versions, which is as many as there may be: go on under another name",
                package.name
            ),
        )
        .into());
    }
    let used: i64 = sqlx::query_scalar("SELECT coalesce(sum(size), 0) FROM versions WHERE owner = $1")
        .bind(package.owner.key())
        .fetch_one(inside)
        .await?;
    if used.unsigned_abs().saturating_add(new.size) <= bounds.owner_bytes {
        return Ok(());
    }
    Err(Fault::new(
        Code::ResourceExhausted,
        "STORAGE_EXHAUSTED",
        format!(
            "the versions of '{}' hold {used} bytes; {} more would be over the allowed {}",
            package.owner, new.size, bounds.owner_bytes
        ),
    )
    .into())
}

fn version_exists(there: &VersionRecord, digest: Digest) -> Fault {
    Fault::new(
        Code::AlreadyExists,
        "VERSION_EXISTS",
        format!(
            "{} {} exists with other bytes (sha256 {}) and versions do not change: push these ({}) as a new version",
            there.name,
            there.version,
            there.digest.short(),
            digest.short()
        ),
    )
    .with("existing", there.digest.to_string())
    .with("pushed", digest.to_string())
}
