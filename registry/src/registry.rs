//! The registry as one thing: the database, the artifacts, the keys, and what can be read of them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fondaco_engine::{Class, Digest, TenantId};
use semver::Version;
use tokio_util::task::AbortOnDropHandle;

use crate::audit::{self, AuditEntry, AuditFilter, Page};
use crate::blobs::Blobs;
use crate::changes;
use crate::check;
use crate::database::{Database, make_folder};
use crate::error::Error;
use crate::keys::{KeyOptions, Keys};
use crate::limits::Bounds;
use crate::owner::{Owner, Slot};
use crate::release::{HistoryEntry, Release};
use crate::slots;
use crate::versions::{self, Package, PackageKey, VersionRecord};

/// How a registry is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How much one tenant may have.
    pub bounds: Bounds,
    /// How closely keys follow other processes.
    pub keys: KeyOptions,
}

/// Artifacts, versions, releases, audit and keys in one folder. Cheap to clone.
///
/// Several processes may open the same folder (the CLI creates keys while the host serves); pushing
/// and releasing is for the one that holds the [`Deployer`](crate::Deployer).
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    database: Database,
    blobs: Blobs,
    bounds: Bounds,
    keys: Keys,
    _follower: AbortOnDropHandle<()>,
}

impl Registry {
    /// Opens the folder, creating what is missing, with the default options.
    pub async fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(folder, Options::default()).await
    }

    /// The same with other options.
    pub async fn open_with(folder: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        let folder = folder.as_ref().to_owned();
        make_folder(&folder)?;
        let blobs = Blobs::open(&folder.join("blobs"))?;
        let database = Database::open(&folder).await?;
        let keys = Keys::open(database.clone(), options.bounds.clone(), options.keys.clone()).await?;
        let follower = AbortOnDropHandle::new(keys.spawn_follower(options.keys));
        Ok(Self {
            inner: Arc::new(Inner { folder, database, blobs, bounds: options.bounds, keys, _follower: follower }),
        })
    }

    /// Writes what is still in memory and closes the database. Nothing is lost without it but the
    /// last minute of "last used".
    pub async fn close(&self) {
        if let Err(error) = self.inner.keys.store_used().await {
            tracing::warn!(%error, "cannot store when api keys were last used");
        }
        self.inner.database.close().await;
    }

    /// The artifacts.
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// The API keys.
    pub fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    /// The bounds that it was opened with.
    pub fn bounds(&self) -> &Bounds {
        &self.inner.bounds
    }

    pub(crate) fn database(&self) -> &Database {
        &self.inner.database
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// The audit log, the newest first.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Page<AuditEntry>, Error> {
        audit::list(self.database(), filter).await
    }

    /// The plugins or services of an owner, by name.
    pub async fn packages(&self, owner: &Owner, class: Class) -> Result<Vec<Package>, Error> {
        versions::packages(self.database(), owner, class).await
    }

    /// The plugins that a tenant may release: its own and the platform's, by name. An own one hides
    /// the platform's of the same name.
    pub async fn plugins(&self, tenant: &TenantId) -> Result<Vec<Package>, Error> {
        let mut plugins = self.packages(&Owner::Tenant(tenant.clone()), Class::Plugin).await?;
        let own: Vec<String> = plugins.iter().map(|package| package.name.clone()).collect();
        let built_in = self.packages(&Owner::Platform, Class::Plugin).await?;
        plugins.extend(built_in.into_iter().filter(|package| !own.contains(&package.name)));
        plugins.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(plugins)
    }

    /// All versions of a plugin or service, the newest first. Faults: `PLUGIN_NOT_FOUND`, `SERVICE_NOT_FOUND`.
    pub async fn versions(&self, owner: &Owner, class: Class, name: &str) -> Result<Vec<VersionRecord>, Error> {
        let found = versions::list(self.database(), &PackageKey { owner, class, name }).await?;
        if found.is_empty() {
            return Err(versions::no_such_package(class, name).into());
        }
        Ok(found)
    }

    /// One version of a plugin or service.
    pub async fn version(
        &self,
        owner: &Owner,
        class: Class,
        name: &str,
        version: &Version,
    ) -> Result<Option<VersionRecord>, Error> {
        let mut view = self.database().snapshot().await?;
        versions::find(&mut view, &PackageKey { owner, class, name }, version).await
    }

    /// What is released for a tenant, in the order of points and positions; for the platform: the services.
    pub async fn releases(&self, scope: &Owner) -> Result<Vec<Release>, Error> {
        let mut view = self.database().snapshot().await?;
        slots::serving(&mut view, scope).await
    }

    /// What is released in a slot. Fault: `RELEASE_NOT_FOUND`.
    pub async fn release(&self, slot: &Slot) -> Result<Release, Error> {
        let mut view = self.database().snapshot().await?;
        let row = slots::head(&mut view, slot).await?;
        let release = row.map(slots::Row::release).transpose()?.flatten();
        release.ok_or_else(|| changes::not_released(slot).into())
    }

    /// The changes of a slot, the newest first.
    pub async fn history(
        &self,
        slot: &Slot,
        cursor: Option<i64>,
        limit: Option<u32>,
    ) -> Result<Page<HistoryEntry>, Error> {
        slots::history(self.database(), slot, cursor, limit).await
    }

    /// Those for whom something is released.
    pub async fn scopes(&self) -> Result<Vec<Owner>, Error> {
        slots::scopes(self.database()).await
    }

    /// Reads everything, artifacts too, and says what does not fit together. Empty when all is well.
    pub async fn check(&self) -> Result<Vec<String>, Error> {
        check::check(self.database(), self.blobs()).await
    }

    /// The components of all versions, whosoever they are.
    pub async fn digests(&self) -> Result<HashSet<Digest>, Error> {
        versions::digests(self.database()).await
    }

    /// Removes artifacts that no version refers to and that were stored longer than `grace` ago.
    /// Says how many.
    ///
    /// The grace keeps what an upload has stored and not committed yet.
    pub async fn collect_garbage(&self, grace: Duration) -> Result<usize, Error> {
        let mut removed = 0;
        for digest in self.blobs().older_than(grace).await? {
            // Inside of a write transaction no version can begin to refer to it.
            let mut change = self.database().write().await?;
            let referred: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM versions WHERE digest = $1)")
                .bind(digest.to_string())
                .fetch_one(&mut *change)
                .await?;
            if !referred && self.blobs().remove_older(digest, grace).await? {
                removed += 1;
            }
            change.rollback().await?;
        }
        Ok(removed)
    }
}
