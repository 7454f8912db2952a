//! Names of schemas and roles.

use fondaco_engine::{ServiceName, TenantId};
use sha2::{Digest as _, Sha256};

/// PostgreSQL cuts off names that are longer.
const MAX: usize = 63;

/// The names of one database of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    /// `acme.catalog`, quoted where it is used: a tenant's name has no dot, so that no two are one.
    pub(super) schema: String,
    /// Roles are of a whole server, which may have several databases of ours.
    pub(super) role: String,
}

impl Names {
    pub(super) fn of(database: &str, tenant: &TenantId, service: &ServiceName) -> Self {
        let full = format!("{tenant}.{service}");
        let digest = |text: &str| hex::encode(Sha256::digest(text.as_bytes())).chars().take(24).collect::<String>();
        let role = format!("fondaco_{}", digest(&format!("{database}\0{full}")));
        let schema = if full.len() <= MAX {
            full
        } else {
            let beginning: String = full.chars().take(MAX - 25).collect();
            format!("{beginning}~{}", digest(&full))
        };
        Self { schema, role }
    }

    pub(super) fn scratch(number: u64) -> Self {
        Self { schema: format!("fondaco scratch {number:016x}"), role: format!("fondaco_scratch_{number:016x}") }
    }

    /// What an advisory lock on it is known by.
    pub(super) fn lock(&self) -> i64 {
        let digest: [u8; 32] = Sha256::digest(self.role.as_bytes()).into();
        let (first, _) = digest.split_at(8);
        first.iter().fold(0_i64, |number, byte| (number << 8) | i64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_databases_share_a_name() {
        let names = |database: &str, tenant: &str, service: &str| {
            Names::of(database, &tenant.parse().unwrap(), &service.parse().unwrap())
        };
        let long = "a".repeat(63);
        assert_eq!(names("x", "acme", "catalog").schema, "acme.catalog");
        assert_ne!(names("x", "a", "b").role, names("y", "a", "b").role);
        assert_ne!(names("x", &long, "b").schema, names("x", &long, "c").schema);
        assert!(names("x", &long, &long).schema.len() <= MAX);
        assert!(names("x", &long, &long).role.len() <= MAX);
        assert_ne!(names("x", "a", "b").lock(), names("x", "a", "c").lock());
    }
}
