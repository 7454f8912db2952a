//! Named, immutable versions of components.

use std::collections::HashSet;

use fondaco_engine::{Class, Code, Digest, Fault};
use semver::Version;
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::sqlite::SqliteConnection;

use crate::audit::stored_digest;
use crate::database::Database;
use crate::error::Error;
use crate::names::{PluginName, PointName};
use crate::owner::{Kind, Owner};

/// One version of a plugin or service: these bytes, for good.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionRecord {
    #[serde(skip)]
    pub(crate) id: i64,
    /// Whose it is.
    pub owner: Owner,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
    /// The plugin's or service's name.
    pub name: String,
    /// Its semantic version.
    pub version: Version,
    /// The sha256 of the component.
    pub digest: Digest,
    /// The size of the component in bytes.
    pub size: u64,
    /// What was found at the examination of the upload; a JSON value.
    pub meta: Box<RawValue>,
    /// Who pushed it.
    pub actor: String,
    /// When, in ms since 1970.
    pub created_ms: i64,
}

/// A plugin or service with its versions counted.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    /// Whose it is.
    pub owner: Owner,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// All its versions, the newest (by semver, not by time) first.
    pub versions: Vec<Version>,
    /// When its first version was pushed, in ms since 1970.
    pub created_ms: i64,
}

/// The name of a package.
#[derive(Clone, Debug)]
pub(crate) struct PackageKey<'a> {
    pub(crate) owner: &'a Owner,
    pub(crate) class: Class,
    pub(crate) name: &'a str,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    owner: String,
    class: String,
    point: String,
    name: String,
    version: String,
    digest: String,
    size: i64,
    meta: String,
    actor: String,
    created_ms: i64,
}

pub(crate) fn stored_version(text: &str) -> Result<Version, Error> {
    Version::parse(text).map_err(|_error| Error::damaged_row("a version that is not semver"))
}

fn stored_kind(class: &str, point: &str) -> Result<Kind, Error> {
    match class {
        "service" => Ok(Kind::Service),
        _ => Ok(Kind::Plugin { point: point.parse()? }),
    }
}

fn record(row: Row) -> Result<VersionRecord, Error> {
    Ok(VersionRecord {
        id: row.id,
        owner: Owner::from_key(&row.owner)?,
        kind: stored_kind(&row.class, &row.point)?,
        name: row.name,
        version: stored_version(&row.version)?,
        digest: stored_digest(&row.digest)?,
        size: row.size.unsigned_abs(),
        meta: RawValue::from_string(row.meta).map_err(|_error| Error::damaged_row("a meta that is not JSON"))?,
        actor: row.actor,
        created_ms: row.created_ms,
    })
}

pub(crate) async fn find(
    inside: &mut SqliteConnection,
    package: &PackageKey<'_>,
    version: &Version,
) -> Result<Option<VersionRecord>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT v.id, v.owner, v.class, p.point, v.name, v.version, v.digest, v.size, v.meta, v.actor, v.created_ms
         FROM versions v JOIN packages p ON p.owner = v.owner AND p.class = v.class AND p.name = v.name
         WHERE v.owner = $1 AND v.class = $2 AND v.name = $3 AND v.version = $4",
    )
    .bind(package.owner.key())
    .bind(package.class.as_str())
    .bind(package.name)
    .bind(version.to_string())
    .fetch_optional(inside)
    .await?;
    row.map(record).transpose()
}

pub(crate) async fn list(database: &Database, package: &PackageKey<'_>) -> Result<Vec<VersionRecord>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT v.id, v.owner, v.class, p.point, v.name, v.version, v.digest, v.size, v.meta, v.actor, v.created_ms
         FROM versions v JOIN packages p ON p.owner = v.owner AND p.class = v.class AND p.name = v.name
         WHERE v.owner = $1 AND v.class = $2 AND v.name = $3",
    )
    .bind(package.owner.key())
    .bind(package.class.as_str())
    .bind(package.name)
    .fetch_all(database.read())
    .await?;
    let mut records = rows.into_iter().map(record).collect::<Result<Vec<_>, _>>()?;
    records.sort_by(|one, other| other.version.cmp(&one.version));
    Ok(records)
}

/// The versions of a package, in no order.
pub(crate) async fn numbers(inside: &mut SqliteConnection, package: &PackageKey<'_>) -> Result<Vec<Version>, Error> {
    let texts: Vec<String> =
        sqlx::query_scalar("SELECT version FROM versions WHERE owner = $1 AND class = $2 AND name = $3")
            .bind(package.owner.key())
            .bind(package.class.as_str())
            .bind(package.name)
            .fetch_all(inside)
            .await?;
    texts.iter().map(|text| stored_version(text)).collect()
}

/// The point of a package, if there is such a package.
pub(crate) async fn point_of(inside: &mut SqliteConnection, package: &PackageKey<'_>) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar("SELECT point FROM packages WHERE owner = $1 AND class = $2 AND name = $3")
        .bind(package.owner.key())
        .bind(package.class.as_str())
        .bind(package.name)
        .fetch_optional(inside)
        .await?)
}

/// All packages of an owner and class, by name.
pub(crate) async fn packages(database: &Database, owner: &Owner, class: Class) -> Result<Vec<Package>, Error> {
    let rows: Vec<(String, String, i64, String)> = sqlx::query_as(
        "SELECT p.name, p.point, p.created_ms, v.version
         FROM packages p JOIN versions v ON v.owner = p.owner AND v.class = p.class AND v.name = p.name
         WHERE p.owner = $1 AND p.class = $2 ORDER BY p.name",
    )
    .bind(owner.key())
    .bind(class.as_str())
    .fetch_all(database.read())
    .await?;
    let mut packages: Vec<Package> = Vec::new();
    for (name, point, created_ms, version) in rows {
        let version = stored_version(&version)?;
        match packages.last_mut().filter(|last| last.name == name) {
            Some(last) => last.versions.push(version),
            None => packages.push(Package {
                owner: owner.clone(),
                kind: stored_kind(class.as_str(), &point)?,
                name,
                versions: vec![version],
                created_ms,
            }),
        }
    }
    for package in &mut packages {
        package.versions.sort_by(|one, other| other.cmp(one));
    }
    Ok(packages)
}

/// Says which versions there are, so that a typing error is seen at once.
pub(crate) fn no_such_version(name: &str, version: &Version, there: &[Version]) -> Fault {
    let mut newest: Vec<_> = there.iter().collect();
    newest.sort_by(|one, other| other.cmp(one));
    let shown: Vec<_> = newest.iter().take(5).map(ToString::to_string).collect();
    let more = if newest.len() > shown.len() { ", …" } else { "" };
    Fault::new(
        Code::NotFound,
        "VERSION_NOT_FOUND",
        format!("{name} has no version {version}; it has {}{more}", shown.join(", ")),
    )
}

/// For a listing that names a plugin that is not there.
pub(crate) fn no_such_package(class: Class, name: &str) -> Fault {
    match class {
        Class::Plugin => Fault::new(
            Code::NotFound,
            "PLUGIN_NOT_FOUND",
            format!("there is no plugin '{name}' here: push it first, or check the name"),
        ),
        Class::Service => Fault::new(
            Code::NotFound,
            "SERVICE_NOT_FOUND",
            format!("there is no service '{name}' here: push it first, or check the name"),
        ),
    }
}

impl VersionRecord {
    /// The extension point, for a plugin.
    pub fn point(&self) -> Option<&PointName> {
        match &self.kind {
            Kind::Plugin { point } => Some(point),
            Kind::Service => None,
        }
    }

    /// The name, for a plugin.
    pub fn plugin_name(&self) -> Option<PluginName> {
        self.name.parse().ok()
    }
}

/// The components of all versions.
pub(crate) async fn digests(database: &Database) -> Result<HashSet<Digest>, Error> {
    let texts: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT digest FROM versions").fetch_all(database.read()).await?;
    texts.iter().map(|text| stored_digest(text)).collect()
}
