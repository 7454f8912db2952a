//! The capability itself: put, get, head, delete, list, and the sweeping up after crashes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use fondaco_engine::{Extension, Fault};
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path as ObjectPath;
use object_store::{Error, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::config::BlobConfig;
use crate::index::{Claim, Claimed, Index, Row};
use crate::info::Info;
use crate::names::{self, BlobName, Scope};
use crate::{BLOB_BYTES, PAGE, faults, glue, objects};

/// The blobs of this host.
pub struct Blobs {
    index: Index,
    objects: Arc<dyn ObjectStore>,
}

/// What a blob is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its name.
    pub name: BlobName,
    /// Its media type.
    pub content_type: String,
    /// Whether anyone may fetch it.
    pub public: bool,
}

impl Blobs {
    /// Opens what the configuration says; `folder` is the capability's own, and made if it is not there.
    pub async fn open(config: &BlobConfig, folder: &Path) -> Result<Arc<Self>, Fault> {
        tokio::fs::create_dir_all(folder).await.map_err(|error| faults::unavailable(&error))?;
        let index = Index::open(&config.index_url.0, folder, config.quota).await?;
        let objects = objects::open(config, folder).await?;
        Ok(Arc::new(Self { index, objects }))
    }

    /// What services import.
    pub fn extension(self: &Arc<Self>) -> Arc<dyn Extension> {
        Arc::new(glue::BlobExtension::new(Arc::clone(self)))
    }

    /// Keeps bytes under a name. They are written once a tenant, however many names they have.
    pub async fn put(&self, scope: &Scope, draft: &Draft, bytes: Bytes) -> Result<Info, Fault> {
        if bytes.len() > BLOB_BYTES {
            return Err(faults::too_large(bytes.len()));
        }
        let content_type = names::content_type(&draft.content_type)?;
        let (bytes, sha256) = hash(bytes).await?;
        let claim = Claim {
            scope,
            name: &draft.name,
            sha256: &sha256,
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            content_type: &content_type,
            public: draft.public,
            modified_ms: now_ms(),
        };
        let spare = match self.index.claim(&claim, None).await? {
            Claimed::Done(spare) => {
                metrics::counter!("fondaco_blob_shared_total").increment(1);
                spare
            }
            Claimed::Write => self.write(&claim, bytes).await?,
        };
        self.discard(spare).await;
        let info = self.head(scope, &draft.name).await?;
        // Gone again already: what was put is what is said.
        Ok(info.unwrap_or_else(|| Info::put(&claim)))
    }

    /// The bytes of a blob from `offset` on, at most `length` of them.
    pub async fn get(&self, scope: &Scope, name: &BlobName, range: Option<(u64, u64)>) -> Result<Bytes, Fault> {
        let row = self.index.find(scope, name).await?.ok_or_else(faults::not_found)?;
        let info = Info::of(scope, &row);
        let (offset, length) = range.unwrap_or((0, info.size));
        if offset > info.size {
            return Err(faults::out_of_range(info.size));
        }
        let end = offset.saturating_add(length).min(info.size);
        if end - offset > u64::try_from(BLOB_BYTES).unwrap_or(u64::MAX) {
            return Err(faults::range_too_long());
        }
        if end == offset {
            return Ok(Bytes::new());
        }
        let (_, found) = self.fetch(scope, name, row, Some(offset..end)).await?;
        found.bytes().await.map_err(|error| faults::unavailable(&error))
    }

    /// What a blob is; none when there is none.
    pub async fn head(&self, scope: &Scope, name: &BlobName) -> Result<Option<Info>, Fault> {
        Ok(self.index.find(scope, name).await?.map(|row| Info::of(scope, &row)))
    }

    /// Takes a name away; false when it was not there.
    pub async fn delete(&self, scope: &Scope, name: &BlobName) -> Result<bool, Fault> {
        let Some(spare) = self.index.unname(scope, name).await? else { return Ok(false) };
        self.discard(spare).await;
        Ok(true)
    }

    /// Blobs whose name begins with `prefix`, in the order of their names, from behind `after` on.
    pub async fn list(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Info>, Fault> {
        if !(1..=PAGE).contains(&limit) {
            return Err(faults::invalid_limit());
        }
        // What no name can begin with, none does. It must not reach the comparison, where it might mean another order.
        if !names::is_prefix(prefix) {
            return Ok(Vec::new());
        }
        let after = after.unwrap_or_default();
        let rows = self.index.list(scope, prefix, after, limit.into()).await?;
        Ok(rows.iter().map(|row| Info::of(scope, row)).collect())
    }

    /// Removes objects older than `age` that nothing points to: what a crash left behind. Answers how many. Run it now
    /// and then, with an age far above the time that a put may take.
    pub async fn sweep(&self, age: Duration) -> Result<u64, Fault> {
        let old = SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut objects: BoxStream<'_, Result<ObjectMeta, Error>> = self.objects.list(None);
        let mut swept = 0;
        while let Some(found) = objects.next().await {
            let found = found.map_err(|error| faults::unavailable(&error))?;
            if SystemTime::from(found.last_modified) < old && !self.needed(&found.location).await? {
                self.discard(vec![found.location.to_string()]).await;
                swept += 1;
            }
        }
        if swept > 0 {
            tracing::info!(swept, "removed objects that nothing points to");
        }
        Ok(swept)
    }

    /// An object for delivery: what it is now, and its bytes as a stream.
    pub(crate) async fn open_stream(
        &self,
        scope: &Scope,
        name: &BlobName,
        row: Row,
        range: Option<std::ops::Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, Fault> {
        Ok(self.fetch(scope, name, row, range).await?.1.into_stream())
    }

    pub(crate) async fn find(&self, scope: &Scope, name: &BlobName) -> Result<Option<Row>, Fault> {
        self.index.find(scope, name).await
    }

    /// Writes the bytes and points the name to them. What was written for nothing is removed.
    async fn write(&self, claim: &Claim<'_>, bytes: Bytes) -> Result<Vec<String>, Fault> {
        let object = object(&claim.scope.tenant, claim.sha256);
        let put = self.objects.put(&ObjectPath::from(object.as_str()), bytes.into()).await;
        put.map_err(|error| faults::unavailable(&error))?;
        match self.index.claim(claim, Some(&object)).await {
            Ok(Claimed::Done(spare)) => Ok(spare),
            // It has an object, so it is never asked for one.
            Ok(Claimed::Write) => Err(Fault::internal("a blob's object was not taken")),
            Err(fault) => {
                // A commit whose answer was lost may have happened; the sweeper knows.
                if fault.reason == "BLOB_QUOTA" {
                    self.discard(vec![object]).await;
                }
                Err(fault)
            }
        }
    }

    /// The object behind a row. Between row and object the name may have got other bytes: then those.
    async fn fetch(
        &self,
        scope: &Scope,
        name: &BlobName,
        row: Row,
        range: Option<std::ops::Range<u64>>,
    ) -> Result<(Row, GetResult), Fault> {
        let asked = |range: Option<std::ops::Range<u64>>| GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let path = ObjectPath::from(row.object.as_str());
        match self.objects.get_opts(&path, asked(range.clone())).await {
            Ok(found) => return Ok((row, found)),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(faults::unavailable(&error)),
        }
        let now = self.index.find(scope, name).await?.ok_or_else(faults::not_found)?;
        if now.sha256 != row.sha256 {
            let message = "the blob was replaced while it was read; try again";
            return Err(Fault::new(fondaco_engine::Code::Aborted, "BLOB_REPLACED", message));
        }
        let path = ObjectPath::from(now.object.as_str());
        match self.objects.get_opts(&path, asked(range)).await {
            Ok(found) => Ok((now, found)),
            Err(Error::NotFound { .. }) => Err(faults::lost(&now.object)),
            Err(error) => Err(faults::unavailable(&error)),
        }
    }

    async fn needed(&self, location: &ObjectPath) -> Result<bool, Fault> {
        let text = location.as_ref();
        let mut parts = text.split('/');
        let (tenant, file) = (parts.next().unwrap_or_default(), parts.next_back().unwrap_or_default());
        let sha256 = file.split('-').next().unwrap_or_default();
        self.index.needs(tenant, sha256, text).await
    }

    /// Removes objects that nothing points to any more. What can't be removed now, the sweeper finds.
    async fn discard(&self, objects: Vec<String>) {
        for object in objects {
            match self.objects.delete(&ObjectPath::from(object.as_str())).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => tracing::warn!(object, error = %error, "an object was not removed"),
            }
        }
    }
}

/// A key that is never used twice: whoever writes it is the only one who can point to it.
fn object(tenant: &fondaco_engine::TenantId, sha256: &str) -> String {
    let shelf = sha256.get(..2).unwrap_or_default();
    format!("{tenant}/{shelf}/{sha256}-{}", Uuid::new_v4().simple())
}

/// Ten megabytes take long enough to be in the way of others.
async fn hash(bytes: Bytes) -> Result<(Bytes, String), Fault> {
    let hashing = tokio::task::spawn_blocking(move || {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        (bytes, sha256)
    });
    hashing.await.map_err(|error| faults::unavailable(&error))
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
