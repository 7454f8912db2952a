//! What the host answers, as far as commands look into it. Anything else goes through `--json` untouched.

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Items<T> {
    pub(super) items: Vec<T>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) owner: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) point: Option<String>,
    /// The newest first.
    pub(super) versions: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) release: Option<Release>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pushed {
    pub(super) name: String,
    pub(super) owner: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) point: Option<String>,
    pub(super) version: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(default)]
    pub(super) meta: Value,
    pub(super) actor: String,
    pub(super) created_ms: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Release {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) point: Option<String>,
    pub(super) name: String,
    pub(super) revision: u64,
    pub(super) source: String,
    pub(super) version: String,
    pub(super) digest: String,
    pub(super) position: i32,
    pub(super) config: Value,
    pub(super) on_failure: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<Value>,
    pub(super) actor: String,
    pub(super) at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

/// The first 12 digits: enough for people.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// `price-rule/volume-tiers`, or a service's name.
pub(super) fn place(release: &Release) -> String {
    match &release.point {
        Some(point) => format!("{point}/{}", release.name),
        None => format!("service {}", release.name),
    }
}
