//! One look at one tenant for one job: decide, claim, call, say how it ended.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fondaco_engine::{CallContext, Code, Fault, Outcomes, Roles, Services, TenantId};
use futures::FutureExt;
use wasmtime::component::Val;

use crate::agenda::Served;
use crate::clock::Clock;
use crate::due::{Decision, Facts, decide};
use crate::exports::{Takes, takes};
use crate::in_flight::{InFlight, SUBJECT};
use crate::ledger::{Claim, Held, Ledger, Place, SUPERSEDED};
use crate::meters::{self, Ended};

/// The wait after a database could not be reached, or a run not begun.
pub(crate) const PAUSE_MS: i64 = 30_000;
/// How much longer than its run a lease is: for writing down how it ended, and for clocks of hosts that differ.
const MARGIN_MS: i64 = 15_000;
/// Faults of the host that say that the function was not reached.
const NOT_REACHED: &[&str] =
    &["SERVICE_NOT_FOUND", "FUNCTION_NOT_FOUND", "SERVICE_BUSY", "DATABASE_UNAVAILABLE", "DATABASE_BUSY"];

#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) services: Services,
    pub(crate) ledger: Ledger,
    pub(crate) in_flight: InFlight,
    pub(crate) clock: Clock,
    pub(crate) calls: AtomicU64,
}

/// A run that is to be.
struct Run<'a> {
    served: &'a Served,
    place: &'a Place,
    due_ms: i64,
    lease_ms: i64,
}

impl Visitor {
    /// Looks, and runs what is due; when to look again, where that is not the next due time.
    pub(crate) async fn visit(&self, served: &Served, tenant: &TenantId) -> Option<i64> {
        let place = (tenant.clone(), served.service.clone());
        let visit = AssertUnwindSafe(self.look(served, &place)).catch_unwind().await;
        let visit = visit.unwrap_or_else(|_| Err(Fault::internal("a visit broke down")));
        visit.unwrap_or_else(|fault| {
            tracing::warn!(service = %served.service, job = %served.job.name, %tenant, %fault, "job must wait");
            Some(self.clock.now_ms() + PAUSE_MS)
        })
    }

    async fn look(&self, served: &Served, place: &Place) -> Result<Option<i64>, Fault> {
        let job = &served.job;
        let record = self.ledger.last(place, &job.name).await?;
        let (offset_ms, now_ms) = (job.offset_ms(&place.0), self.clock.now_ms());
        let facts = Facts { job, record: record.as_ref(), offset_ms, since_ms: served.since_ms, now_ms };
        let (due_ms, missed) = match decide(facts) {
            Decision::Rest => return Ok(None),
            Decision::Look { at_ms } => return Ok(Some(at_ms)),
            Decision::Run { due_ms, missed } => (due_ms, missed),
        };
        let timeout_ms = i64::try_from(job.timeout.as_millis()).unwrap_or(i64::MAX);
        let lease_ms = now_ms.saturating_add(timeout_ms).saturating_add(MARGIN_MS);
        let claim = Claim { job: &job.name, timetable: job.timetable.as_str(), due_ms, now_ms, lease_ms };
        // Another host was faster; should it be lost, its lease is over then.
        let Some(held) = self.ledger.claim(place, &claim).await? else { return Ok(Some(lease_ms)) };
        let late_ms = now_ms.saturating_sub(due_ms.saturating_add(offset_ms));
        meters::begun(&served.service, &job.name, Duration::from_millis(late_ms.max(0).cast_unsigned()), missed);
        self.run(Run { served, place, due_ms, lease_ms }, held).await
    }

    async fn run(&self, run: Run<'_>, held: Held) -> Result<Option<i64>, Fault> {
        let Run { served, place, .. } = run;
        let (service, job) = (&served.service, &served.job.name);
        let begun = Instant::now();
        let answer = self.call(&run, &held).await;
        let now_ms = self.clock.now_ms();
        let (ended, look_at_ms) = match answer {
            Ok(()) => (Ended::Done, None),
            Err(fault) if NOT_REACHED.contains(&fault.reason.as_ref()) => {
                tracing::info!(%service, %job, tenant = %place.0, %fault, "job cannot be begun");
                self.ledger.give_back(place, &held, now_ms + PAUSE_MS).await?;
                (Ended::Postponed, Some(now_ms + PAUSE_MS))
            }
            Err(fault) => {
                tracing::warn!(%service, %job, tenant = %place.0, due_ms = run.due_ms, %fault, "job failed");
                // Where this can't be written, the lease ends by itself, and the run is begun again.
                let noted = self.ledger.failed(place, &held, now_ms, &fault).await;
                let ended = if fault.reason == SUPERSEDED { Ended::Superseded } else { Ended::Failed };
                (ended, noted.err().map(|_| run.lease_ms))
            }
        };
        meters::ended(service, job, ended, begun.elapsed());
        Ok(look_at_ms)
    }

    /// The call: its own unit of work says that it is done, or leaves nothing behind.
    async fn call(&self, run: &Run<'_>, held: &Held) -> Result<(), Fault> {
        let Run { served, place, .. } = run;
        let (interface, name) = held.job.parts();
        let function = self.services.function(served.service.as_str(), interface, name)?;
        let Some(takes) = takes(function.ty()).filter(|_| function.digest() == served.digest) else {
            let message = format!("another release of `{}` serves since a moment ago", served.service);
            return Err(Fault::new(Code::Unavailable, "FUNCTION_NOT_FOUND", message));
        };
        let arguments = match takes {
            Takes::Nothing => Vec::new(),
            Takes::DueTime => vec![Val::U64(run.due_ms.max(0).cast_unsigned())],
        };
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let request_id: Arc<str> = format!("schedule-{}-{}-{number}", held.job, run.due_ms).into();
        let _in_flight = self.in_flight.begin(&request_id, &served.service, held.clone());
        let context = CallContext {
            tenant: place.0.clone(),
            subject: SUBJECT.into(),
            roles: Roles::CALLER,
            request_id,
            deadline: Instant::now() + served.job.timeout,
            depth: 0,
            outcomes: Outcomes::none(),
        };
        self.services.call(&context, &function, arguments).await.map(drop)
    }
}
