//! `[schedule]` of the host's configuration.

use serde::{Deserialize, Serialize};

/// `[schedule]` of the host's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleConfig {
    /// Whether this host runs jobs. Where it does not, others that share its databases may.
    pub enabled: bool,
    /// Runs at a time, of all jobs and tenants, on this host.
    pub concurrency: usize,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self { enabled: true, concurrency: 4 }
    }
}
