//! SQLite: a file a tenant and service.
//!
//! WAL, one connection that writes and a few that read. A writer begins with `BEGIN IMMEDIATE`: a transaction that
//! reads first and then wants to write would be refused at once where another wrote in between. `synchronous=FULL`
//! makes a commit durable before it returns.
//!
//! The connections are kept here and not in sqlx's pool: that one looks after servers that go away (tests before and
//! after each use, in a task of their own), and for a file in this process that is three changes of thread a statement.

mod connection;
mod home;
mod limits;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fondaco_engine::{Fault, ServiceName, TenantId};

use crate::guard::Dialect;
use crate::store::{Home, Server, Transaction};
use crate::{EmbeddedConfig, Limits};
use home::SqliteHome;

/// The folder's own notes: which migrations all databases of a service have. No tenant has this name.
const NOTES: &str = "_settled";

/// All files below a folder.
pub(crate) struct Sqlite {
    config: EmbeddedConfig,
    limits: Arc<Limits>,
}

impl Sqlite {
    pub(crate) async fn open(config: EmbeddedConfig, limits: Arc<Limits>) -> Result<Self, Fault> {
        make_folder(config.folder.join(NOTES)).await?;
        Ok(Self { config, limits })
    }

    fn note(&self, service: &ServiceName) -> PathBuf {
        self.config.folder.join(NOTES).join(service.as_str())
    }
}

#[async_trait]
impl Server for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn keeps(&self) -> (u64, Duration) {
        (self.config.open, Duration::from_secs(self.config.idle_seconds))
    }

    async fn open(&self, tenant: &TenantId, service: &ServiceName) -> Result<Arc<dyn Home>, Fault> {
        let folder = self.config.folder.join(tenant.as_str());
        let file = folder.join(format!("{service}.sqlite"));
        make_folder(folder).await?;
        Ok(Arc::new(SqliteHome::new(file, &self.config, &self.limits)))
    }

    async fn known(&self) -> Result<Vec<(TenantId, ServiceName)>, Fault> {
        let folder = self.config.folder.clone();
        on_disk(move || list(&folder)).await
    }

    async fn scratch(&self, limits: &Limits) -> Result<Box<dyn Transaction>, Fault> {
        home::scratch(limits).await
    }

    async fn is_settled(&self, service: &ServiceName, plan: &str) -> Result<bool, Fault> {
        let (note, plan) = (self.note(service), plan.to_owned());
        on_disk(move || match std::fs::read_to_string(note) {
            Ok(text) => Ok(text.lines().any(|line| line == plan)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        })
        .await
    }

    async fn settle(&self, service: &ServiceName, plan: &str) -> Result<(), Fault> {
        let (note, line) = (self.note(service), format!("{plan}\n"));
        on_disk(move || {
            use std::io::Write as _;
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(note)?;
            file.write_all(line.as_bytes())
        })
        .await
    }

    async fn close(&self) {}
}

/// The databases by the names of folders and files; what has another form is not ours.
fn list(folder: &Path) -> std::io::Result<Vec<(TenantId, ServiceName)>> {
    let mut known = Vec::new();
    for tenant in std::fs::read_dir(folder)? {
        let tenant = tenant?;
        let Some(id) = tenant.file_name().to_str().and_then(|name| name.parse::<TenantId>().ok()) else { continue };
        for file in std::fs::read_dir(tenant.path())? {
            let name = file?.file_name();
            let service = name.to_str().and_then(|name| name.strip_suffix(".sqlite"));
            if let Some(service) = service.and_then(|service| service.parse().ok()) {
                known.push((id.clone(), service));
            }
        }
    }
    Ok(known)
}

async fn make_folder(folder: PathBuf) -> Result<(), Fault> {
    on_disk(move || {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
    })
    .await
}

async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|stopped| Err(std::io::Error::other(stopped)));
    done.map_err(|error| {
        tracing::error!(error = %error, "the databases' folder cannot be used");
        crate::fault::unavailable()
    })
}
