//! What is there: names, the contents that they point to, and how much each tenant keeps. In SQLite or PostgreSQL.
//!
//! A name points to a content (tenant, sha256), a content to an object of the store behind. Objects are written before
//! a row points to them, under a key that is never used twice, and removed after no row does any more. So an object that
//! is half-written or left over has no name, and the other way round no name ever waits for its bytes. All of a tenant's
//! changes go one after another, through the row that counts what it keeps.

use std::path::Path;
use std::time::Duration;

use fondaco_engine::{Fault, TenantId};
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{Any, AnyPool, Transaction};

use crate::config::Quota;
use crate::faults;
use crate::names::{BlobName, Scope};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS fondaco_blob_tenants (
    tenant TEXT PRIMARY KEY, names BIGINT NOT NULL, bytes BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fondaco_blob_contents (
    tenant TEXT NOT NULL, sha256 TEXT NOT NULL, size BIGINT NOT NULL, object TEXT NOT NULL, names BIGINT NOT NULL,
    PRIMARY KEY (tenant, sha256)
);
CREATE TABLE IF NOT EXISTS fondaco_blob_names (
    tenant TEXT NOT NULL, service TEXT NOT NULL, name TEXT NOT NULL {binary},
    sha256 TEXT NOT NULL, content_type TEXT NOT NULL, public BIGINT NOT NULL, modified_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant, service, name)
);";

/// Two hosts that start at once would both find no tables and both make them.
const POSTGRES_TURN: &str = "SELECT pg_advisory_xact_lock(7304283155120018);";

/// A row that is there after this, and locked: in SQLite the whole file is.
const LOCK: &str = "INSERT INTO fondaco_blob_tenants (tenant, names, bytes) VALUES ($1, 0, 0) \
     ON CONFLICT (tenant) DO UPDATE SET tenant = excluded.tenant";
const USAGE: &str = "SELECT names, bytes FROM fondaco_blob_tenants WHERE tenant = $1";
const COUNT: &str = "UPDATE fondaco_blob_tenants SET names = names + $2, bytes = bytes + $3 WHERE tenant = $1";
const CONTENT: &str = "SELECT object FROM fondaco_blob_contents WHERE tenant = $1 AND sha256 = $2";
const ADD_CONTENT: &str =
    "INSERT INTO fondaco_blob_contents (tenant, sha256, size, object, names) VALUES ($1, $2, $3, $4, 0)";
const POINT: &str = "UPDATE fondaco_blob_contents SET names = names + $3 WHERE tenant = $1 AND sha256 = $2";
const DROP_CONTENT: &str = "DELETE FROM fondaco_blob_contents WHERE tenant = $1 AND sha256 = $2 AND names = 0 \
     RETURNING object, size";
const OLD: &str = "SELECT sha256 FROM fondaco_blob_names WHERE tenant = $1 AND service = $2 AND name = $3";
const NAME: &str = "INSERT INTO fondaco_blob_names \
     (tenant, service, name, sha256, content_type, public, modified_ms) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (tenant, service, name) DO UPDATE SET sha256 = excluded.sha256, \
     content_type = excluded.content_type, public = excluded.public, modified_ms = excluded.modified_ms";
const UNNAME: &str = "DELETE FROM fondaco_blob_names WHERE tenant = $1 AND service = $2 AND name = $3 RETURNING sha256";
const FIND: &str = "SELECT n.name, n.sha256, c.size, c.object, n.content_type, n.public, n.modified_ms \
     FROM fondaco_blob_names n JOIN fondaco_blob_contents c ON c.tenant = n.tenant AND c.sha256 = n.sha256 \
     WHERE n.tenant = $1 AND n.service = $2 AND n.name = $3";
const LIST: &str = "SELECT n.name, n.sha256, c.size, c.object, n.content_type, n.public, n.modified_ms \
     FROM fondaco_blob_names n JOIN fondaco_blob_contents c ON c.tenant = n.tenant AND c.sha256 = n.sha256 \
     WHERE n.tenant = $1 AND n.service = $2 AND n.name >= $3 AND n.name < $4 AND n.name > $5 \
     ORDER BY n.name LIMIT $6";

/// Behind every character that a name may have.
const LAST: char = '\u{7f}';
/// How long a statement waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of a blob.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) sha256: String,
    pub(crate) size: i64,
    pub(crate) object: String,
    pub(crate) content_type: String,
    pub(crate) public: i64,
    pub(crate) modified_ms: i64,
}

/// What a name is to point to.
pub(crate) struct Claim<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) name: &'a BlobName,
    pub(crate) sha256: &'a str,
    pub(crate) size: i64,
    pub(crate) content_type: &'a str,
    pub(crate) public: bool,
    pub(crate) modified_ms: i64,
}

/// How a claim went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The name points to the content; these objects are no longer needed.
    Done(Vec<String>),
    /// There are no such bytes yet: write them, and claim again with their object.
    Write,
}

/// What is there.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    pool: AnyPool,
    quota: Quota,
}

impl Index {
    /// Opens the database of `url`, or a file in the folder when it is empty.
    pub(crate) async fn open(url: &str, folder: &Path, quota: Quota) -> Result<Self, Fault> {
        install_default_drivers();
        let (url, tables) = if url.is_empty() {
            let file = folder.join("index.sqlite");
            (format!("sqlite://{}?mode=rwc", file.display()), TABLES.replace("{binary}", ""))
        } else {
            (url.to_owned(), format!("{POSTGRES_TURN}{}", TABLES.replace("{binary}", "COLLATE \"C\"")))
        };
        let sqlite = url.starts_with("sqlite:");
        let options =
            AnyPoolOptions::new().max_connections(8).acquire_timeout(PATIENCE).after_connect(move |connection, _| {
                Box::pin(async move {
                    if sqlite {
                        let settings =
                            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000";
                        sqlx::raw_sql(settings).execute(connection).await?;
                    }
                    Ok(())
                })
            });
        // Not what the error says: it may have the URL's password in it.
        let pool = options.connect(&url).await.map_err(|error| failed(&error))?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(tables)).execute(&pool).await.map_err(|error| failed(&error))?;
        Ok(Self { pool, quota })
    }

    pub(crate) async fn find(&self, scope: &Scope, name: &BlobName) -> Result<Option<Row>, Fault> {
        let found = sqlx::query_as(FIND)
            .bind(scope.tenant.as_str())
            .bind(scope.service.as_str())
            .bind(name.as_str())
            .fetch_optional(&self.pool)
            .await;
        found.map_err(|error| failed(&error))
    }

    pub(crate) async fn list(&self, scope: &Scope, prefix: &str, after: &str, limit: i64) -> Result<Vec<Row>, Fault> {
        let found = sqlx::query_as(LIST)
            .bind(scope.tenant.as_str())
            .bind(scope.service.as_str())
            .bind(prefix)
            .bind(format!("{prefix}{LAST}"))
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await;
        found.map_err(|error| failed(&error))
    }

    /// Points a name to a content. Without an object only if the content is there, but the quota is looked at before the
    /// caller writes one.
    pub(crate) async fn claim(&self, claim: &Claim<'_>, object: Option<&str>) -> Result<Claimed, Fault> {
        let mut change = Change::begin(&self.pool, &claim.scope.tenant).await?;
        let there = change.content(claim.sha256).await?;
        if there.is_none() {
            change.add_content(claim.sha256, claim.size, object.unwrap_or_default()).await?;
        } else if let Some(object) = object {
            // Somebody else has written the same bytes meanwhile.
            change.spare.push(object.to_owned());
        }
        change.name(claim).await?;
        change.within(self.quota).await?;
        if there.is_none() && object.is_none() {
            // Dropped, and so rolled back.
            return Ok(Claimed::Write);
        }
        change.commit().await.map(Claimed::Done)
    }

    /// Takes a name away; answers the objects that are no longer needed, none if there was no such name.
    pub(crate) async fn unname(&self, scope: &Scope, name: &BlobName) -> Result<Option<Vec<String>>, Fault> {
        let mut change = Change::begin(&self.pool, &scope.tenant).await?;
        if !change.unname(scope, name).await? {
            return Ok(None);
        }
        change.commit().await.map(Some)
    }

    /// Whether any content of the tenant is in this object.
    pub(crate) async fn needs(&self, tenant: &str, sha256: &str, object: &str) -> Result<bool, Fault> {
        let found: Result<Option<String>, _> =
            sqlx::query_scalar(CONTENT).bind(tenant).bind(sha256).fetch_optional(&self.pool).await;
        Ok(found.map_err(|error| failed(&error))?.is_some_and(|needed| needed == object))
    }
}

/// A change of one tenant's blobs: all of it or nothing.
struct Change<'a> {
    tenant: &'a TenantId,
    work: Transaction<'static, Any>,
    /// Objects that are no longer needed once this is committed.
    spare: Vec<String>,
}

impl<'a> Change<'a> {
    async fn begin(pool: &AnyPool, tenant: &'a TenantId) -> Result<Self, Fault> {
        let mut work = pool.begin().await.map_err(|error| failed(&error))?;
        // A write first: a transaction of SQLite that has read may fail to become one that writes.
        let locked = sqlx::query(LOCK).bind(tenant.as_str()).execute(&mut *work).await;
        locked.map_err(|error| failed(&error))?;
        Ok(Self { tenant, work, spare: Vec::new() })
    }

    async fn content(&mut self, sha256: &str) -> Result<Option<String>, Fault> {
        let found = sqlx::query_scalar(CONTENT).bind(self.tenant.as_str()).bind(sha256);
        found.fetch_optional(&mut *self.work).await.map_err(|error| failed(&error))
    }

    async fn add_content(&mut self, sha256: &str, size: i64, object: &str) -> Result<(), Fault> {
        let added = sqlx::query(ADD_CONTENT).bind(self.tenant.as_str()).bind(sha256).bind(size).bind(object);
        added.execute(&mut *self.work).await.map_err(|error| failed(&error))?;
        self.count(0, size).await
    }

    async fn name(&mut self, claim: &Claim<'_>) -> Result<(), Fault> {
        let (service, name) = (claim.scope.service.as_str(), claim.name.as_str());
        let old = sqlx::query_scalar(OLD).bind(self.tenant.as_str()).bind(service).bind(name);
        let old: Option<String> = old.fetch_optional(&mut *self.work).await.map_err(|error| failed(&error))?;
        let named = sqlx::query(NAME)
            .bind(self.tenant.as_str())
            .bind(service)
            .bind(name)
            .bind(claim.sha256)
            .bind(claim.content_type)
            .bind(i64::from(claim.public))
            .bind(claim.modified_ms);
        named.execute(&mut *self.work).await.map_err(|error| failed(&error))?;
        // First to the new one: it may be the old one, which must not go in between.
        self.point(claim.sha256, 1).await?;
        match old {
            Some(old) => self.leave(&old).await,
            None => self.count(1, 0).await,
        }
    }

    async fn unname(&mut self, scope: &Scope, name: &BlobName) -> Result<bool, Fault> {
        let gone =
            sqlx::query_scalar(UNNAME).bind(self.tenant.as_str()).bind(scope.service.as_str()).bind(name.as_str());
        let gone: Option<String> = gone.fetch_optional(&mut *self.work).await.map_err(|error| failed(&error))?;
        let Some(sha256) = gone else { return Ok(false) };
        self.count(-1, 0).await?;
        self.leave(&sha256).await?;
        Ok(true)
    }

    /// One name less points to a content, which goes with the last.
    async fn leave(&mut self, sha256: &str) -> Result<(), Fault> {
        self.point(sha256, -1).await?;
        let gone = sqlx::query_as(DROP_CONTENT).bind(self.tenant.as_str()).bind(sha256);
        let gone: Option<(String, i64)> = gone.fetch_optional(&mut *self.work).await.map_err(|error| failed(&error))?;
        let Some((object, size)) = gone else { return Ok(()) };
        self.spare.push(object);
        self.count(0, -size).await
    }

    async fn point(&mut self, sha256: &str, names: i64) -> Result<(), Fault> {
        let pointed = sqlx::query(POINT).bind(self.tenant.as_str()).bind(sha256).bind(names);
        pointed.execute(&mut *self.work).await.map(|_| ()).map_err(|error| failed(&error))
    }

    async fn count(&mut self, names: i64, bytes: i64) -> Result<(), Fault> {
        let counted = sqlx::query(COUNT).bind(self.tenant.as_str()).bind(names).bind(bytes);
        counted.execute(&mut *self.work).await.map(|_| ()).map_err(|error| failed(&error))
    }

    async fn within(&mut self, quota: Quota) -> Result<(), Fault> {
        let usage = sqlx::query_as(USAGE).bind(self.tenant.as_str());
        let (names, bytes): (i64, i64) = usage.fetch_one(&mut *self.work).await.map_err(|error| failed(&error))?;
        let above = |kept: i64, most: u64| u64::try_from(kept).is_ok_and(|kept| kept > most);
        if above(names, quota.names) || above(bytes, quota.bytes) { Err(faults::over_quota(quota)) } else { Ok(()) }
    }

    async fn commit(self) -> Result<Vec<String>, Fault> {
        self.work.commit().await.map_err(|error| failed(&error))?;
        Ok(self.spare)
    }
}

fn failed(error: &sqlx::Error) -> Fault {
    faults::unavailable(error)
}
