//! One change of a slot: decide → stage → commit → serve.

use fondaco_engine::{Code, Fault};

use crate::changes::{self, Proposal};
use crate::deployer::Inner;
use crate::deployer::runtime::{LeftOut, Plan, Staged};
use crate::owner::{Actor, Owner, Slot};
use crate::release::{Expect, Intent, Release};

/// Everything before the commit can refuse, and then nothing happened. After the commit there is
/// only the swap; a host that dies in between serves the change when it starts again.
pub(super) async fn change(
    inner: &Inner,
    slot: &Slot,
    intent: &Intent,
    expect: Expect,
    actor: &Actor,
) -> Result<Option<Release>, Fault> {
    let registry = &inner.registry;
    let scope = slot.scope();
    let _turn = inner.changing.of(&scope).await;
    let proposal = changes::propose(registry.database(), registry.bounds(), slot, intent, expect, actor).await?;
    let staged = stage(inner, plan_of(&proposal)).await?;
    judge(inner, slot, &staged)?;
    heed(slot, intent, &staged)?;
    changes::commit(registry.database(), &proposal, actor).await?;
    serve(inner, &scope_of(slot), staged).await?;
    tracing::info!(
        scope = %scope, slot = %slot, actor = %actor,
        version = proposal.after.as_ref().map(|release| release.version.to_string()),
        "release changed"
    );
    Ok(proposal.after)
}

fn plan_of(proposal: &Proposal) -> Plan {
    match &proposal.slot {
        Slot::Plugin { tenant, .. } => Plan::Plugins { tenant: tenant.clone(), releases: proposal.serving.clone() },
        Slot::Service { name } => Plan::Service { name: name.clone(), release: proposal.after.clone().map(Box::new) },
    }
}

pub(super) async fn stage(inner: &Inner, plan: Plan) -> Result<Staged, Fault> {
    let staging = inner.runtime.stage(plan, inner.registry.blobs());
    tokio::time::timeout(inner.options.stage_deadline, staging).await.unwrap_or_else(|_elapsed| {
        Err(Fault::new(
            Code::DeadlineExceeded,
            "STAGING_TIMED_OUT",
            format!(
                "preparing the release took longer than {} s: nothing was changed, try again",
                inner.options.stage_deadline.as_secs()
            ),
        ))
    })
}

/// A change must not make another release stop serving. One that did not serve before does not
/// stand in its way.
fn judge(inner: &Inner, slot: &Slot, staged: &Staged) -> Result<(), Fault> {
    if let Some(own) = staged.left_out.iter().find(|left| left.slot == *slot) {
        return Err(own.fault.clone());
    }
    let worse = staged.left_out.iter().find(|left| inner.problem(&left.slot).is_none());
    match worse {
        None => Ok(()),
        Some(left) => Err(Fault::new(
            Code::FailedPrecondition,
            "OTHER_RELEASE_FAILS",
            format!(
                "nothing was changed, because {} would stop serving ({}): release another version of it or remove it first",
                left.slot, left.fault
            ),
        )
        .with("slot", left.slot.to_string())),
    }
}

fn heed(slot: &Slot, intent: &Intent, staged: &Staged) -> Result<(), Fault> {
    match (&staged.objection, intent) {
        (None, _) => Ok(()),
        (Some(objection), Intent::Put(_)) => Err(objection.clone()),
        (Some(objection), Intent::Rollback | Intent::Remove) => {
            tracing::warn!(slot = %slot, %objection, "what comes back does not agree with its config");
            Ok(())
        }
    }
}

/// Which slots one staging covers: all of a tenant, or one service.
pub(super) enum Covered {
    Tenant(Owner),
    Service(Slot),
}

fn scope_of(slot: &Slot) -> Covered {
    match slot {
        Slot::Plugin { .. } => Covered::Tenant(slot.scope()),
        Slot::Service { .. } => Covered::Service(slot.clone()),
    }
}

impl Covered {
    fn holds(&self, slot: &Slot) -> bool {
        match self {
            Self::Tenant(owner) => slot.scope() == *owner,
            Self::Service(service) => slot == service,
        }
    }
}

/// Swaps, and remembers what does not serve.
pub(super) async fn serve(inner: &Inner, covered: &Covered, staged: Staged) -> Result<(), Fault> {
    let left_out = staged.left_out.clone();
    let served = staged.serve().await;
    inner.note_problems(|slot| covered.holds(slot), &left_out);
    if let (Err(fault), Covered::Service(slot)) = (&served, covered) {
        let failed = LeftOut { slot: slot.clone(), fault: fault.clone() };
        inner.note_problems(|other| other == slot, &[failed]);
    }
    served
}
