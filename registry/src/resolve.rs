//! What a [`ReleaseSpec`] means: which version of whose component, with everything filled in.

use fondaco_engine::{Code, Fault};
use sqlx::sqlite::SqliteConnection;

use crate::error::Error;
use crate::owner::{Owner, Slot};
use crate::release::{Release, ReleaseSpec};
use crate::versions::{self, PackageKey, VersionRecord};

/// The release that a spec means, with everything filled in.
pub(crate) async fn resolve(
    view: &mut SqliteConnection,
    slot: &Slot,
    spec: &ReleaseSpec,
    now: Option<&Release>,
    serving: &[Release],
) -> Result<Release, Error> {
    let found = find_version(view, slot, spec).await?;
    if found.kind.point_key() != slot.point_key() {
        return Err(wrong_point(slot, &found).into());
    }
    let last = serving
        .iter()
        .filter(|release| release.slot.point_key() == slot.point_key())
        .map(|release| release.position)
        .max();
    let behind_last = last.map_or(10, |last| last.saturating_add(10));
    let is_service = matches!(slot, Slot::Service { .. });
    Ok(Release {
        slot: slot.clone(),
        revision: 0,
        source: found.owner,
        version: found.version,
        digest: found.digest,
        position: match spec.position.or(now.map(|now| now.position)) {
            _ if is_service => 0,
            Some(position) => position,
            None => behind_last,
        },
        config: spec.config.clone().or_else(|| now.map(|now| now.config.clone())).unwrap_or_default(),
        on_failure: spec.on_failure.or(now.map(|now| now.on_failure)).unwrap_or_default(),
        limits: spec.limits.clone().or_else(|| now.and_then(|now| now.limits.clone())),
        previous: None,
        actor: String::new(),
        at_ms: 0,
        version_id: found.id,
    })
}

/// The tenant's own plugin of that name hides the platform's, whatever versions it has: which of
/// the two serves must not depend on a version number.
async fn find_version(view: &mut SqliteConnection, slot: &Slot, spec: &ReleaseSpec) -> Result<VersionRecord, Error> {
    let candidates = sources(slot, spec.source.as_ref())?;
    for owner in &candidates {
        let package = PackageKey { owner, class: slot.class(), name: slot.name() };
        if versions::point_of(view, &package).await?.is_none() {
            continue;
        }
        if let Some(found) = versions::find(view, &package, &spec.version).await? {
            return Ok(found);
        }
        let there = versions::numbers(view, &package).await?;
        return Err(versions::no_such_version(slot.name(), &spec.version, &there).into());
    }
    Err(versions::no_such_package(slot.class(), slot.name()).into())
}

fn sources(slot: &Slot, asked: Option<&Owner>) -> Result<Vec<Owner>, Fault> {
    let own = slot.scope();
    match asked {
        None if own == Owner::Platform => Ok(vec![own]),
        None => Ok(vec![own, Owner::Platform]),
        Some(owner) if *owner == own || *owner == Owner::Platform => Ok(vec![owner.clone()]),
        // Not "permission denied": whether another tenant has such a plugin is not for this one to know.
        Some(_other) => Err(versions::no_such_package(slot.class(), slot.name())),
    }
}

fn wrong_point(slot: &Slot, found: &VersionRecord) -> Fault {
    Fault::new(
        Code::InvalidArgument,
        "WRONG_POINT",
        format!("{} is a {} plugin and cannot be released at {}", found.name, found.kind.point_key(), slot.point_key()),
    )
    .with("expected", slot.point_key())
    .with("found", found.kind.point_key())
}
