//! Changes of a slot in two halves: a proposal is read and decided first, and committed when the
//! host has prepared what it would serve.

use fondaco_engine::{Code, Fault};
use sqlx::sqlite::SqliteConnection;

use crate::audit::{self, Note};
use crate::clock::now_ms;
use crate::database::Database;
use crate::error::Error;
use crate::limits::Bounds;
use crate::owner::{Actor, Slot};
use crate::plan::{self, Content, Next, Refusal, Step};
use crate::release::{Action, Expect, Intent, Previous, Release};
use crate::resolve::resolve;
use crate::slots::{self, Row};

/// A change that was decided and is not committed yet.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) slot: Slot,
    /// What serves after it.
    pub(crate) after: Option<Release>,
    /// All that serves in its scope after it, in order.
    pub(crate) serving: Vec<Release>,
    /// The revision that it was made for.
    base: u64,
    /// What served before it.
    before: Option<Release>,
    /// Nothing to write when all is as asked already.
    write: Option<(Action, Next)>,
}

/// Reads the state and decides, without writing.
pub(crate) async fn propose(
    database: &Database,
    bounds: &Bounds,
    slot: &Slot,
    intent: &Intent,
    expect: Expect,
    actor: &Actor,
) -> Result<Proposal, Error> {
    let mut view = database.snapshot().await?;
    let head_row = slots::head(&mut view, slot).await?;
    let head = head_row.as_ref().map(Row::head);
    let behind_row = match head.and_then(|head| head.back_to) {
        Some(revision) => slots::revision(&mut view, slot, revision).await?,
        None => None,
    };
    let behind = behind_row.as_ref().map(Row::head);
    let before = head_row.map(Row::release).transpose()?.flatten();
    check_expected(slot, before.as_ref(), expect)?;
    let mut serving = slots::serving(&mut view, &slot.scope()).await?;

    let (step, action, wanted) = match intent {
        Intent::Put(spec) => {
            let wanted = resolve(&mut view, slot, spec, before.as_ref(), &serving).await?;
            let same = before.as_ref().is_some_and(|before| before.same_as(&wanted));
            (Step::Put { same }, Action::Put, Some(wanted))
        }
        Intent::Rollback => (Step::Rollback, Action::Rollback, None),
        Intent::Remove => (Step::Remove, Action::Remove, None),
    };
    let next = plan::next(head, behind, step).map_err(|refusal| refused(refusal, slot))?;
    let after = match next {
        None => before.clone(),
        Some(next) => {
            let content = match next.content {
                Content::New => wanted,
                Content::OfRevision(_behind) => behind_row.map(Row::release).transpose()?.flatten(),
                Content::Nothing => None,
            };
            content_at(&mut view, content, next, actor).await?
        }
    };
    if before.is_none() && after.is_some() {
        check_active(slot, &serving, bounds)?;
    }
    serving.retain(|release| release.slot != *slot);
    serving.extend(after.clone());
    serving.sort_by(|one, other| one.order().cmp(&other.order()));
    Ok(Proposal {
        slot: slot.clone(),
        after,
        serving,
        base: head.map_or(0, |head| head.revision),
        before,
        write: next.map(|next| (action, next)),
    })
}

/// Writes the proposal with its audit entry, if the slot is still as it was.
pub(crate) async fn commit(database: &Database, proposal: &Proposal, actor: &Actor) -> Result<(), Error> {
    let Some((action, next)) = &proposal.write else {
        return Ok(());
    };
    let slot = &proposal.slot;
    let mut change = database.write().await?;
    let now_at = slots::head(&mut change, slot).await?.map_or(0, |row| row.head().revision);
    if now_at != proposal.base {
        return Err(changed_meanwhile(slot, proposal.base, now_at).into());
    }
    insert(&mut change, proposal, *action, next, actor).await?;
    sqlx::query(
        "INSERT INTO slots (scope, point, name, revision) VALUES ($1, $2, $3, $4)
         ON CONFLICT (scope, point, name) DO UPDATE SET revision = excluded.revision",
    )
    .bind(slot.scope().key())
    .bind(slot.point_key())
    .bind(slot.name())
    .bind(signed(next.revision))
    .execute(&mut *change)
    .await?;
    audit::append(&mut change, note(proposal, *action, next, actor)).await?;
    change.commit().await?;
    Ok(())
}

async fn insert(
    inside: &mut SqliteConnection,
    proposal: &Proposal,
    action: Action,
    next: &Next,
    actor: &Actor,
) -> Result<(), Error> {
    // A removal keeps the settings of what it removed, for the reader of the history.
    let settings = proposal.after.as_ref().or(proposal.before.as_ref());
    let Some(settings) = settings else {
        return Err(Error::damaged_row("a removal of nothing"));
    };
    sqlx::query(
        "INSERT INTO releases (scope, point, name, revision, action, version_id, position, config, on_failure, limits,
                               back_to, actor, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(proposal.slot.scope().key())
    .bind(proposal.slot.point_key())
    .bind(proposal.slot.name())
    .bind(signed(next.revision))
    .bind(action.as_str())
    .bind(proposal.after.as_ref().map(|release| release.version_id))
    .bind(settings.position)
    .bind(settings.config.text().as_ref())
    .bind(settings.on_failure.name())
    .bind(settings.limits.as_ref().map(|limits| limits.text().as_ref()))
    .bind(next.back_to.map(signed))
    .bind(actor.as_str())
    .bind(proposal.after.as_ref().map_or_else(now_ms, |release| release.at_ms))
    .execute(inside)
    .await?;
    Ok(())
}

fn note<'a>(proposal: &Proposal, action: Action, next: &Next, actor: &'a Actor) -> Note<'a> {
    let version = |release: &Option<Release>| release.as_ref().map(|found| found.version.to_string());
    let digest = |release: &Option<Release>| release.as_ref().map(|found| found.digest);
    Note {
        actor,
        scope: proposal.slot.scope().key(),
        action: action.audited(),
        subject: proposal.slot.to_string(),
        before: digest(&proposal.before),
        after: digest(&proposal.after),
        detail: serde_json::json!({
            "revision": next.revision,
            "versionBefore": version(&proposal.before),
            "versionAfter": version(&proposal.after),
        }),
    }
}

fn signed(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

/// The content under its new revision, with what it could fall back to.
async fn content_at(
    view: &mut SqliteConnection,
    content: Option<Release>,
    next: Next,
    actor: &Actor,
) -> Result<Option<Release>, Error> {
    let Some(mut release) = content else {
        return Ok(None);
    };
    release.previous = match next.back_to {
        None => None,
        Some(revision) => {
            let row = slots::revision(view, &release.slot, revision).await?;
            row.map(Row::release).transpose()?.flatten().map(|behind| Previous {
                revision: behind.revision,
                source: behind.source,
                version: behind.version,
                digest: behind.digest,
                config: behind.config,
            })
        }
    };
    release.revision = next.revision;
    actor.as_str().clone_into(&mut release.actor);
    release.at_ms = now_ms();
    Ok(Some(release))
}

fn check_expected(slot: &Slot, before: Option<&Release>, expect: Expect) -> Result<(), Fault> {
    let found = before.map(|release| release.revision);
    let (fits, expected) = match expect {
        Expect::Any => return Ok(()),
        Expect::Absent => (found.is_none(), None),
        Expect::Revision(wanted) => (found == Some(wanted), Some(wanted)),
    };
    if fits {
        return Ok(());
    }
    let name = |revision: Option<u64>| revision.map_or("nothing".to_owned(), |number| format!("revision {number}"));
    Err(Fault::new(
        Code::FailedPrecondition,
        "REVISION_MISMATCH",
        format!(
            "the change of {slot} was made for {}, but {} serves: look at it again, then repeat the change",
            name(expected),
            name(found)
        ),
    )
    .with("serving", found.map_or(String::new(), |number| number.to_string())))
}

fn check_active(slot: &Slot, serving: &[Release], bounds: &Bounds) -> Result<(), Fault> {
    let Slot::Plugin { point, .. } = slot else {
        return Ok(());
    };
    let active = serving.iter().filter(|release| release.slot.point_key() == point.as_str()).count();
    if active < bounds.active_per_point as usize {
        return Ok(());
    }
    Err(Fault::new(
        Code::ResourceExhausted,
        "TOO_MANY_ACTIVE_PLUGINS",
        format!("{active} plugins serve at {point} and no more may: remove one of their releases first"),
    ))
}

fn refused(refusal: Refusal, slot: &Slot) -> Fault {
    match refusal {
        Refusal::NothingServes => not_released(slot),
        Refusal::NothingToRollBackTo => Fault::new(
            Code::FailedPrecondition,
            "NOTHING_TO_ROLL_BACK_TO",
            format!("{slot} has no release before the one that serves: release another version, or remove it"),
        ),
    }
}

pub(crate) fn not_released(slot: &Slot) -> Fault {
    Fault::new(
        Code::NotFound,
        "RELEASE_NOT_FOUND",
        format!("nothing is released as {slot}: release a version first, or check the names"),
    )
}

fn changed_meanwhile(slot: &Slot, base: u64, now_at: u64) -> Fault {
    Fault::new(
        Code::Aborted,
        "CHANGED_MEANWHILE",
        format!("{slot} went from revision {base} to {now_at} while this change was prepared: try again"),
    )
}
