//! Secrets in files: `<folder>/<service>/<name>`, and a tenant's own in `<folder>/<service>/<tenant>/<name>`.
//!
//! The form in which Kubernetes and Vault's agent mount them. Kubernetes puts links to a dated folder beside them and
//! swaps that, so links are followed, but never out of the folder.

use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use fondaco_engine::{Fault, ServiceName, TenantId};
use secrecy::SecretString;
use tokio::io::AsyncReadExt;

use crate::SecretName;
use crate::source::{MAX_BYTES, Source, text, unreadable};

/// A folder of secrets.
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// One that need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    async fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let (root, path) = match (tokio::fs::canonicalize(&self.root).await, tokio::fs::canonicalize(path).await) {
            (Ok(root), Ok(path)) => (root, path),
            (Err(error), _) | (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        if !path.starts_with(&root) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "a link out of the folder of secrets"));
        }
        let file = tokio::fs::File::open(&path).await?;
        if !file.metadata().await?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
        }
        // One more than allowed, so that what is too long is seen without being read.
        let mut bytes = Vec::with_capacity(MAX_BYTES + 1);
        file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).await?;
        Ok(Some(bytes))
    }
}

#[async_trait]
impl Source for Folder {
    fn describe(&self) -> String {
        format!("folder {}", self.root.display())
    }

    async fn get(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        name: &SecretName,
    ) -> Result<Option<SecretString>, Fault> {
        let own = self.root.join(service.as_str());
        for path in [own.join(tenant.as_str()).join(name.as_str()), own.join(name.as_str())] {
            match self.read(&path).await {
                Ok(None) => {}
                Ok(Some(bytes)) => return text(bytes, service, name).map(Some),
                Err(error) => {
                    tracing::error!(path = %path.display(), %error, "a secret can't be read");
                    return Err(unreadable(service, name, "can't be read"));
                }
            }
        }
        Ok(None)
    }
}
