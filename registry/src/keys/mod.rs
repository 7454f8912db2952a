//! API keys: who calls, for which tenant, and what they may.
//!
//! A request costs one hash and one look-up in memory: [`Keys::verify`] works on a snapshot of all
//! keys. The snapshot follows the database in three ways, because another process (the CLI) may
//! change keys while the host runs:
//!
//! - a change made here replaces the snapshot at once;
//! - `PRAGMA data_version` is polled ([`KeyOptions::poll`], 1 s), which costs no read of the file, and
//!   the keys are read again when their epoch changed: so a key that the CLI revoked is refused
//!   within about a second;
//! - an unknown id makes the snapshot be read again before the caller is refused, at most once in
//!   [`KeyOptions::gap`] (500 ms): so a new key works at once, and guessing ids costs no more than
//!   two reads a second.

mod manage;
mod snapshot;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;
use std::time::Duration;

use fondaco_engine::{Roles, TenantId};
use serde::{Serialize, Serializer};

pub use manage::NewKey;
pub use snapshot::Keys;

/// How closely the snapshot of keys follows the database.
#[derive(Clone, Debug)]
pub struct KeyOptions {
    /// How often to ask whether another process changed the database.
    pub poll: Duration,
    /// The shortest time between two reads on account of unknown ids.
    pub gap: Duration,
    /// How exactly the time of the last use is kept.
    pub used: Duration,
}

impl Default for KeyOptions {
    fn default() -> Self {
        Self { poll: Duration::from_secs(1), gap: Duration::from_millis(500), used: Duration::from_mins(1) }
    }
}

/// Who holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The public part of the key.
    pub key_id: Arc<str>,
    /// The merchant that it acts for.
    pub tenant: TenantId,
    /// The name that was given to the key.
    pub name: Arc<str>,
    /// What it may do.
    pub roles: Roles,
}

/// A key as it is listed: without its secret, which nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRecord {
    /// The public part of the key.
    pub id: String,
    /// The merchant that it acts for.
    pub tenant: TenantId,
    /// The name that was given to it.
    pub name: String,
    /// What it may do.
    #[serde(serialize_with = "role_names")]
    pub roles: Roles,
    /// Who created it.
    pub created_by: String,
    /// When, in ms since 1970.
    pub created_ms: i64,
    /// Until when it is good, if not for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<i64>,
    /// Since when it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_ms: Option<i64>,
    /// When it was last used, to a minute or so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_ms: Option<i64>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn role_names<S: Serializer>(roles: &Roles, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(roles.names())
}

fn roles_text(roles: Roles) -> String {
    roles.names().collect::<Vec<_>>().join(",")
}

/// A name that this program does not know (a newer one wrote it) gives no right.
fn stored_roles(text: &str) -> Roles {
    text.split(',').filter_map(Roles::from_name).collect()
}
