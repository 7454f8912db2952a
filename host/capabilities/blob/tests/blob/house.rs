//! Blobs with all that they stand on, and words for the tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use fondaco_blob::{BlobConfig, BlobName, Blobs, Draft, Info, Kind, Quota, Scope, SecretText};
use fondaco_engine::Fault;
use tempfile::TempDir;

use crate::s3::S3;

pub(crate) struct House {
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) s3: Option<S3>,
    folder: TempDir,
}

/// Small enough to be reached.
pub(crate) const QUOTA: Quota = Quota { names: 50, bytes: 100_000 };

impl House {
    pub(crate) async fn in_folder() -> Self {
        Self::open(None, "").await
    }

    pub(crate) async fn in_s3() -> Self {
        Self::open(Some(S3::start().await), "").await
    }

    pub(crate) async fn open(s3: Option<S3>, index_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config(s3.as_ref(), index_url);
        let blobs = Blobs::open(&config, folder.path()).await.unwrap();
        Self { blobs, s3, folder }
    }

    /// The files of all objects that the store behind holds.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        let root = self.s3.as_ref().map_or_else(|| self.folder.path().join("objects"), S3::objects);
        let mut files = Vec::new();
        walk(&root, &mut files);
        files
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

pub(crate) fn config(s3: Option<&S3>, index_url: &str) -> BlobConfig {
    BlobConfig {
        kind: if s3.is_some() { Kind::S3 } else { Kind::Folder },
        s3: s3.map(S3::config).unwrap_or_default(),
        index_url: SecretText(index_url.to_owned()),
        quota: QUOTA,
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        let own = path.file_name().unwrap().to_string_lossy().starts_with('.');
        if path.is_dir() {
            walk(&path, files);
        } else if !own {
            // Files with a dot in front are the S3 server's own.
            files.push(path);
        }
    }
}

pub(crate) fn scope(tenant: &str, service: &str) -> Scope {
    Scope { tenant: tenant.parse().unwrap(), service: service.parse().unwrap() }
}

pub(crate) fn name(text: &str) -> BlobName {
    text.parse().unwrap()
}

pub(crate) fn draft(text: &str, content_type: &str, public: bool) -> Draft {
    Draft { name: name(text), content_type: content_type.to_owned(), public }
}

pub(crate) async fn put(blobs: &Blobs, scope: &Scope, text: &str, bytes: impl Into<Bytes>) -> Result<Info, Fault> {
    blobs.put(scope, &draft(text, "image/png", true), bytes.into()).await
}

pub(crate) async fn get(blobs: &Blobs, scope: &Scope, text: &str) -> Result<Bytes, Fault> {
    blobs.get(scope, &name(text), None).await
}
