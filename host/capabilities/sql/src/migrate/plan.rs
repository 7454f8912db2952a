//! What is to be done, decided without a database.

use fondaco_engine::{Code, Fault};
use sha2::{Digest as _, Sha256};

use super::InternalMigration;
use crate::guard::Dialect;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) version: u32,
    pub(crate) name: String,
    /// Of the text as it was written by its author.
    pub(crate) checksum: String,
    pub(crate) statements: Vec<String>,
}

impl Step {
    pub(crate) fn new(version: u32, name: &str, text: &str, statements: Vec<String>) -> Self {
        let checksum = hex::encode(Sha256::digest(text.as_bytes()));
        Self { version, name: name.to_owned(), checksum, statements }
    }

    /// The host's own, which nobody checks and which run as they are.
    pub(crate) fn internal(migration: &InternalMigration, dialect: Dialect) -> Self {
        let text = match dialect {
            Dialect::Sqlite => migration.sqlite,
            Dialect::Postgres => migration.postgres,
        };
        Self::new(migration.version, migration.name, text, vec![text.to_owned()])
    }
}

/// All steps of one owner, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) owner: &'static str,
    pub(crate) steps: Vec<Step>,
    /// What it is known by: the same steps have the same.
    pub(crate) id: String,
    /// The same for quick comparisons; never zero.
    pub(crate) number: u64,
}

/// A step that a database has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) version: u32,
    pub(crate) checksum: String,
}

impl Plan {
    pub(crate) fn new(owner: &'static str, steps: Vec<Step>) -> Self {
        let mut hash = Sha256::new();
        hash.update(owner.as_bytes());
        for step in &steps {
            hash.update(step.version.to_be_bytes());
            hash.update(step.checksum.as_bytes());
        }
        let hash = hash.finalize();
        let number = hash.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        Self { owner, steps, id: hex::encode(hash), number: number.max(1) }
    }

    pub(crate) fn version(&self) -> u32 {
        self.steps.last().map_or(0, |last| last.version)
    }

    /// The steps that a database lacks, or why it can't have them.
    pub(crate) fn pending(&self, applied: &[Applied]) -> Result<Vec<&Step>, Fault> {
        let newest = applied.iter().map(|applied| applied.version).max().unwrap_or(0);
        let mut pending = Vec::new();
        for step in &self.steps {
            match applied.iter().find(|applied| applied.version == step.version) {
                Some(there) if there.checksum == step.checksum => {}
                Some(_) => return Err(changed(step)),
                None if step.version < newest => return Err(late(step, newest)),
                None => pending.push(step),
            }
        }
        Ok(pending)
    }
}

fn changed(step: &Step) -> Fault {
    let message = format!(
        "migration {} `{}` was applied with another text; a released migration never changes: add a new one",
        step.version, step.name
    );
    Fault::new(Code::FailedPrecondition, "MIGRATION_CHANGED", message).with("migration", step.version.to_string())
}

fn late(step: &Step, newest: u32) -> Fault {
    let message = format!(
        "migration {} `{}` comes after migration {newest} was applied; give it a higher number",
        step.version, step.name
    );
    Fault::new(Code::FailedPrecondition, "MIGRATION_OUT_OF_ORDER", message).with("migration", step.version.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(steps: &[(u32, &str)]) -> Plan {
        Plan::new("service", steps.iter().map(|(version, text)| Step::new(*version, "x", text, Vec::new())).collect())
    }

    fn applied(steps: &[(u32, &str)]) -> Vec<Applied> {
        let steps = plan(steps).steps;
        steps.into_iter().map(|step| Applied { version: step.version, checksum: step.checksum }).collect()
    }

    #[test]
    fn what_is_lacking_is_done_in_order() {
        let new = plan(&[(1, "a"), (2, "b"), (3, "c")]);
        let versions = |there: &[(u32, &str)]| {
            new.pending(&applied(there)).map(|steps| steps.iter().map(|step| step.version).collect::<Vec<_>>())
        };
        assert_eq!(versions(&[]), Ok(vec![1, 2, 3]));
        assert_eq!(versions(&[(1, "a")]), Ok(vec![2, 3]));
        assert_eq!(versions(&[(1, "a"), (2, "b"), (3, "c")]), Ok(vec![]));
        // A newer release was here before.
        assert_eq!(versions(&[(1, "a"), (2, "b"), (3, "c"), (4, "d")]), Ok(vec![]));
        assert_eq!(versions(&[(1, "A")]).unwrap_err().reason, "MIGRATION_CHANGED");
        assert_eq!(versions(&[(1, "a"), (3, "c")]).unwrap_err().reason, "MIGRATION_OUT_OF_ORDER");
    }

    #[test]
    fn the_same_steps_have_the_same_number() {
        assert_eq!(plan(&[(1, "a")]), plan(&[(1, "a")]));
        assert_ne!(plan(&[(1, "a")]).number, plan(&[(1, "b")]).number);
        assert_ne!(plan(&[(1, "a")]).id, plan(&[(2, "a")]).id);
    }
}
