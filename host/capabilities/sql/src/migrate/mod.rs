//! Schemas, brought up to date: forward only, each step once, each database under a lock.
//!
//! What was applied is written down beside it, with a checksum: a step that changed afterwards is refused, since nobody
//! could say any more what a database has. A database that is ahead of a release is fine: old and new code serve side
//! by side during a swap, so a migration must not take away what the release before it needs.

mod grant;
mod plan;
mod run;

pub use grant::{Migration, Migrations};
pub(crate) use plan::{Plan, Step};
pub(crate) use run::{Target, apply, rehearse};

/// A step of a schema of the host's own, in every database: tables `fondaco_…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InternalMigration {
    /// Whose it is: `events`.
    pub owner: &'static str,
    /// 1, 2, 3, … within the owner's; a released one never changes.
    pub version: u32,
    /// What it is for, in a word.
    pub name: &'static str,
    /// Statements for SQLite, `;` between them.
    pub sqlite: &'static str,
    /// Statements for PostgreSQL, `;` between them. Table names are not qualified.
    pub postgres: &'static str,
}
