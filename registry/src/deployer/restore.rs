//! The start of a host: everything that is released serves again.
//!
//! Tenants first, then services: as long as no service answers, nothing can be sold by the rules of a tenant whose
//! plugins are not up yet.

use fondaco_engine::Fault;
use futures::stream::{self, StreamExt};

use crate::deployer::Inner;
use crate::deployer::change::{Covered, serve, stage};
use crate::deployer::runtime::{LeftOut, Plan};
use crate::owner::{Owner, Slot};
use crate::release::Release;

/// Tenants that are staged at the same time.
const TENANTS_AT_ONCE: usize = 4;

/// How far a restore is.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// Services and tenants done, this one included.
    pub done: usize,
    /// Services and tenants in all.
    pub total: usize,
    /// Which one: a tenant's id, or `service/<name>`.
    pub what: &'a str,
    /// What of it does not serve.
    pub left_out: &'a [LeftOut],
}

/// What came of a restore.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// Releases that serve.
    pub served: usize,
    /// Releases that do not, and why. See [`Deployer::problems`](super::Deployer::problems).
    pub left_out: Vec<LeftOut>,
}

pub(super) async fn restore(inner: &Inner, progress: &(dyn Fn(Progress<'_>) + Send + Sync)) -> Result<Restored, Fault> {
    let registry = &inner.registry;
    let services = registry.releases(&Owner::Platform).await?;
    let mut tenants = registry.scopes().await?;
    tenants.retain(|owner| *owner != Owner::Platform);
    let mut report = Report { total: services.len() + tenants.len(), done: 0, restored: Restored::default(), progress };
    let mut staged = stream::iter(tenants)
        .map(|owner| async move {
            let outcome = restore_tenant(inner, &owner).await;
            (owner, outcome)
        })
        .buffer_unordered(TENANTS_AT_ONCE);
    while let Some((owner, outcome)) = staged.next().await {
        let (released, left_out) = outcome?;
        report.add(&owner.to_string(), released, left_out);
    }
    restore_services(inner, services, &mut report).await;
    Ok(report.restored)
}

struct Report<'a> {
    total: usize,
    done: usize,
    restored: Restored,
    progress: &'a (dyn Fn(Progress<'_>) + Send + Sync),
}

impl Report<'_> {
    fn add(&mut self, what: &str, released: usize, left_out: Vec<LeftOut>) {
        for left in &left_out {
            tracing::error!(scope = %left.slot.scope(), slot = %left.slot, fault = %left.fault, "release does not serve");
        }
        self.done += 1;
        (self.progress)(Progress { done: self.done, total: self.total, what, left_out: &left_out });
        self.restored.served += released.saturating_sub(left_out.len());
        self.restored.left_out.extend(left_out);
    }
}

/// A service may need another to be there before it is accepted, and nothing here knows which: so
/// those that fail are tried again for as long as a round brought at least one of them up.
async fn restore_services(inner: &Inner, services: Vec<Release>, report: &mut Report<'_>) {
    let mut waiting = services;
    loop {
        let before = waiting.len();
        let mut failed = Vec::new();
        for release in waiting {
            match restore_service(inner, &release).await {
                Ok(()) => report.add(&release.slot.to_string(), 1, Vec::new()),
                Err(fault) => failed.push((release, fault)),
            }
        }
        if failed.is_empty() {
            return;
        }
        if failed.len() == before {
            for (release, fault) in failed {
                let what = release.slot.to_string();
                let left = LeftOut { slot: release.slot, fault };
                inner.note_problems(|slot| *slot == left.slot, std::slice::from_ref(&left));
                report.add(&what, 1, vec![left]);
            }
            return;
        }
        waiting = failed.into_iter().map(|(release, _fault)| release).collect();
    }
}

async fn restore_service(inner: &Inner, release: &Release) -> Result<(), Fault> {
    let Slot::Service { name } = &release.slot else {
        return Ok(());
    };
    let _turn = inner.changing.of(&Owner::Platform).await;
    let plan = Plan::Service { name: name.clone(), release: Some(Box::new(release.clone())) };
    let staged = stage(inner, plan).await?;
    if let Some(left) = staged.left_out.first() {
        return Err(left.fault.clone());
    }
    if let Some(objection) = &staged.objection {
        tracing::warn!(slot = %release.slot, %objection, "what serves again does not agree with its config");
    }
    serve(inner, &Covered::Service(release.slot.clone()), staged).await
}

/// How many releases it has, and which of them do not serve.
async fn restore_tenant(inner: &Inner, owner: &Owner) -> Result<(usize, Vec<LeftOut>), Fault> {
    let Owner::Tenant(tenant) = owner else {
        return Ok((0, Vec::new()));
    };
    let _turn = inner.changing.of(owner).await;
    let releases = inner.registry.releases(owner).await?;
    let released = releases.len();
    let plan = Plan::Plugins { tenant: tenant.clone(), releases: releases.clone() };
    let all = |fault: &Fault| -> Vec<LeftOut> {
        releases.iter().map(|release| LeftOut { slot: release.slot.clone(), fault: fault.clone() }).collect()
    };
    let staged = stage(inner, plan)
        .await
        .unwrap_or_else(|fault| inner.runtime.stage_missing(tenant, &releases, &fault).without(all(&fault)));
    let mut left_out = staged.left_out.clone();
    if let Err(fault) = serve(inner, &Covered::Tenant(owner.clone()), staged).await {
        left_out = all(&fault);
        inner.note_problems(|slot| slot.scope() == *owner, &left_out);
    }
    Ok((released, left_out))
}
