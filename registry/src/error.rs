//! What can go wrong, and the one place where it becomes a fault.

use std::path::PathBuf;

use fondaco_engine::{Code, Digest, Fault};

/// Why the registry did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request cannot be: the fault says what is wrong and what to do.
    #[error("{}", .0.message)]
    Refused(#[from] Fault),
    /// SQLite failed.
    #[error("the registry's database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought to this version.
    #[error("the registry's database cannot be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The file system failed.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The bytes of an artifact are not those of its digest, or are gone.
    #[error("the artifact {digest} is damaged or missing: push the same file again to repair it")]
    Damaged {
        /// Which one.
        digest: Digest,
    },
    /// Another host works on this folder.
    #[error("{path} is in use by another host: stop that one, or give this one another data folder")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// A row that this program cannot have written.
    pub(crate) fn damaged_row(what: &str) -> Self {
        Self::Refused(Fault::new(
            Code::DataLoss,
            "REGISTRY_DAMAGED",
            format!("the registry holds {what}: restore it from a backup"),
        ))
    }
}

/// SQLite's primary result codes; extended ones hold them in their low byte.
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_FULL: u32 = 13;

fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

impl From<Error> for Fault {
    /// Paths, SQL and the system's messages go to the log, not to the caller.
    fn from(error: Error) -> Self {
        if let Error::Refused(fault) = error {
            return fault;
        }
        tracing::error!(%error, "the registry failed");
        match &error {
            Error::Damaged { digest } => Self::new(
                Code::DataLoss,
                "ARTIFACT_DAMAGED",
                format!("the artifact {digest} is damaged or missing: push the same file again to repair it"),
            ),
            Error::Database(cause) => match sqlite_code(cause) {
                Some(SQLITE_BUSY | SQLITE_LOCKED) => busy(),
                Some(SQLITE_FULL) => full(),
                _ if matches!(cause, sqlx::Error::PoolTimedOut) => busy(),
                _ => failed(),
            },
            Error::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => full(),
            _ => failed(),
        }
    }
}

fn busy() -> Fault {
    Fault::new(
        Code::Unavailable,
        "REGISTRY_BUSY",
        "the registry is busy with another change: nothing was changed, try again".to_owned(),
    )
}

fn full() -> Fault {
    Fault::new(
        Code::ResourceExhausted,
        "REGISTRY_FULL",
        "the registry's disk is full: nothing was changed; the operator has to make room".to_owned(),
    )
}

fn failed() -> Fault {
    Fault::new(
        Code::Internal,
        "REGISTRY_FAILED",
        "the registry could not do this because of an error of its own; the host's log says which".to_owned(),
    )
}
