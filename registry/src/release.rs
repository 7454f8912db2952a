//! What serves in a slot: a version, its place and config, and what to do when it fails.

use fondaco_engine::{Digest, OnFailure};
use semver::Version;
use serde::Serialize;

use crate::json::{Config, LimitsText};
use crate::owner::{Owner, Slot};

/// What is to serve. What is `None` stays as it is in the release that serves now.
#[derive(Clone, Debug)]
pub struct ReleaseSpec {
    /// The version to serve.
    pub version: Version,
    /// Whose plugin: the tenant's own or the platform's. `None`: the tenant's own if it has one of
    /// that name, else the platform's. A service is always the platform's.
    pub source: Option<Owner>,
    /// Its place among the active plugins of the point, low first, ties by name. By default behind
    /// the last. Plugins only.
    pub position: Option<i32>,
    /// By default `{}`.
    pub config: Option<Config>,
    /// By default skip. Plugins only.
    pub on_failure: Option<OnFailure>,
    /// By default those of the host. Plugins only.
    pub limits: Option<LimitsText>,
}

impl ReleaseSpec {
    /// That version, all else as it is or by default.
    pub fn of(version: Version) -> Self {
        Self { version, source: None, position: None, config: None, on_failure: None, limits: None }
    }
}

/// Which state a change was made for (HTTP's `If-Match`, `If-None-Match: *`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Whatever is there.
    #[default]
    Any,
    /// Nothing serves.
    Absent,
    /// This revision serves.
    Revision(u64),
}

/// A change of one slot.
#[derive(Clone, Debug)]
pub(crate) enum Intent {
    /// Serve this.
    Put(ReleaseSpec),
    /// Serve what served before.
    Rollback,
    /// Serve nothing.
    Remove,
}

/// What serves in a slot.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// Where.
    #[serde(flatten)]
    pub slot: Slot,
    /// Counts the changes of the slot, from 1. Its entity tag.
    pub revision: u64,
    /// Whose component.
    pub source: Owner,
    /// Its version.
    pub version: Version,
    /// The component.
    pub digest: Digest,
    /// Low goes first; ties by name.
    pub position: i32,
    /// What the component reads as its config.
    pub config: Config,
    /// What happens when it fails.
    pub on_failure: OnFailure,
    /// Limits of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsText>,
    /// What a rollback brings back, and what answers for it under `last-good`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
    /// Who released it.
    pub actor: String,
    /// When, in ms since 1970.
    pub at_ms: i64,
    #[serde(skip)]
    pub(crate) version_id: i64,
}

impl Release {
    /// The order in which a point's plugins are called, and of listings.
    pub(crate) fn order(&self) -> (&str, i32, &str) {
        (self.slot.point_key(), self.position, self.slot.name())
    }

    /// The content, without who and when.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.version_id == other.version_id
            && self.position == other.position
            && self.config == other.config
            && self.on_failure == other.on_failure
            && self.limits == other.limits
    }
}

/// The release behind a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Previous {
    /// Its revision.
    pub revision: u64,
    /// Whose component.
    pub source: Owner,
    /// Its version.
    pub version: Version,
    /// The component.
    pub digest: Digest,
    /// The config that it had.
    pub config: Config,
}

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A version was released.
    Put,
    /// The release before was brought back.
    Rollback,
    /// The slot was emptied.
    Remove,
}

impl Action {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Rollback => "rollback",
            Self::Remove => "remove",
        }
    }

    pub(crate) fn audited(self) -> &'static str {
        match self {
            Self::Put => "release.put",
            Self::Rollback => "release.rollback",
            Self::Remove => "release.remove",
        }
    }
}

/// One change of a slot.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Which change, from 1.
    pub revision: u64,
    /// What it did.
    pub action: Action,
    /// What serves since; nothing after a removal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// Who.
    pub actor: String,
    /// When, in ms since 1970.
    pub at_ms: i64,
}
