//! `[grants.sql]` of a manifest.

use std::sync::Arc;

use fondaco_engine::{Code, Fault};
use serde::Deserialize;

use super::plan::{Plan, Step};
use crate::guard::{Dialect, check_migration};

/// The owner of a service's own steps.
pub(super) const SERVICE: &str = "service";

/// Migrations of one service; older ones are to be squashed.
const MAX: usize = 1_000;

/// One step of a service's schema, as its manifest has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// 1, 2, 3, …: each greater than the one before.
    pub version: u32,
    /// What it is called.
    pub name: String,
    /// Its statements, `;` between them.
    pub sql: String,
    /// Instead of those, in PostgreSQL.
    #[serde(default)]
    pub postgres: Option<String>,
    /// Instead of those, in SQLite.
    #[serde(default)]
    pub sqlite: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    #[serde(default)]
    migrations: Vec<Migration>,
}

/// The migrations of one release, checked and in order. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Migrations {
    sqlite: Arc<Plan>,
    postgres: Arc<Plan>,
}

impl Migrations {
    /// Reads `[grants.sql]`. Fault `INVALID_GRANT` with the path of what is wrong, or `MIGRATION_REFUSED` with what a
    /// migration may not do, for either database: what runs here should run there.
    pub fn from_grant(grant: &serde_json::Value) -> Result<Self, Fault> {
        let grant = if grant.is_null() { &serde_json::json!({}) } else { grant };
        let Grant { migrations } = Grant::deserialize(grant).map_err(|error| invalid("grants.sql", error))?;
        if migrations.len() > MAX {
            return Err(invalid("grants.sql.migrations", format!("{} steps; at most {MAX}", migrations.len())));
        }
        let mut before = 0;
        for (index, migration) in migrations.iter().enumerate() {
            if migration.version <= before {
                let path = format!("grants.sql.migrations[{index}].version");
                return Err(invalid(&path, format!("{} does not follow {before}", migration.version)));
            }
            before = migration.version;
        }
        let plan = |dialect| {
            let steps: Result<Vec<Step>, Fault> = migrations.iter().map(|migration| step(migration, dialect)).collect();
            steps.map(|steps| Arc::new(Plan::new(SERVICE, steps)))
        };
        Ok(Self { sqlite: plan(Dialect::Sqlite)?, postgres: plan(Dialect::Postgres)? })
    }

    /// The newest version; 0 where there are none.
    pub fn version(&self) -> u32 {
        self.sqlite.version()
    }

    pub(crate) fn plan(&self, dialect: Dialect) -> &Arc<Plan> {
        match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
        }
    }
}

fn step(migration: &Migration, dialect: Dialect) -> Result<Step, Fault> {
    let own = match dialect {
        Dialect::Sqlite => &migration.sqlite,
        Dialect::Postgres => &migration.postgres,
    };
    let text = own.as_ref().unwrap_or(&migration.sql);
    let statements = check_migration(text, dialect).map_err(|refusal| {
        let message = format!("migration {} `{}` refused: {refusal}", migration.version, migration.name);
        Fault::new(Code::InvalidArgument, "MIGRATION_REFUSED", message)
    })?;
    Ok(Step::new(migration.version, &migration.name, text, statements))
}

fn invalid(path: &str, why: impl std::fmt::Display) -> Fault {
    Fault::new(Code::InvalidArgument, "INVALID_GRANT", format!("{path}: {why}")).with("path", path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(grant: &serde_json::Value) -> Fault {
        Migrations::from_grant(grant).unwrap_err()
    }

    #[test]
    fn a_grant_is_read_strictly() {
        let one = json!({"version": 1, "name": "init", "sql": "CREATE TABLE t (a BIGINT)"});
        assert_eq!(Migrations::from_grant(&json!({})).unwrap().version(), 0);
        assert_eq!(Migrations::from_grant(&json!({ "migrations": [one] })).unwrap().version(), 1);
        let fault = refused(&json!({ "migrations": [one, one] }));
        assert_eq!((&*fault.reason, fault.detail("path")), ("INVALID_GRANT", Some("grants.sql.migrations[1].version")));
        assert_eq!(refused(&json!({ "migration": [] })).reason, "INVALID_GRANT");
        assert_eq!(refused(&json!({ "migrations": [{"version": 1}] })).reason, "INVALID_GRANT");
    }

    #[test]
    fn what_a_migration_may_not_do_is_said() {
        let grant = json!({ "migrations": [{"version": 2, "name": "evil", "sql": "CREATE TABLE other.t (a BIGINT)"}] });
        let fault = refused(&grant);
        assert_eq!(fault.reason, "MIGRATION_REFUSED");
        assert!(fault.message.starts_with("migration 2 `evil` refused: the qualified name"), "{}", fault.message);
    }
}
