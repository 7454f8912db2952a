//! How jobs stand: what runs by the clock for whom, how it went last, and when it is due next.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fondaco_engine::{Fault, ServiceName, Services, TenantId};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::clock::Clock;
use crate::grant::Grant;
use crate::job::{Job, JobName};
use crate::ledger::{Ledger, Place, Record};

/// Databases that are read at a time.
const AT_A_TIME: usize = 8;

/// The jobs of services that serve here, for all tenants. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Overview {
    services: Services,
    ledger: Ledger,
    clock: Clock,
}

/// How a job stands for a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// For whom.
    pub tenant: TenantId,
    /// Whose function it is.
    pub service: ServiceName,
    /// Which function.
    pub job: JobName,
    /// When it is due, by the release that serves: `0 3 * * * UTC`.
    pub timetable: String,
    /// How its last run went; none where it never ran.
    pub last: Option<Record>,
    /// When this tenant's next run is to begin, in ms since 1970.
    pub next_ms: Option<i64>,
}

impl Overview {
    pub(crate) fn new(services: Services, ledger: Ledger, clock: Clock) -> Self {
        Self { services, ledger, clock }
    }

    /// Jobs of a tenant, or of all; of a service, or of all. By tenant, service and function, at most so many.
    pub async fn standings(
        &self,
        tenant: Option<&TenantId>,
        service: Option<&ServiceName>,
        limit: u16,
    ) -> Result<Vec<Standing>, Fault> {
        let jobs = self.jobs(service);
        let mut places = self.ledger.databases().known().await?;
        places.retain(|(owner, name)| tenant.is_none_or(|wanted| wanted == owner) && jobs.contains_key(name));
        places.sort();
        let jobs = &jobs;
        let reading = stream::iter(places).map(|place| async move { self.of(&place, jobs).await });
        let mut reading = std::pin::pin!(reading.buffered(AT_A_TIME));
        let mut standings = Vec::new();
        while standings.len() < usize::from(limit)
            && let Some(some) = reading.try_next().await?
        {
            standings.extend(some);
        }
        standings.truncate(limit.into());
        Ok(standings)
    }

    /// The jobs of services that serve, by function; of one service, or of all.
    fn jobs(&self, service: Option<&ServiceName>) -> BTreeMap<ServiceName, Vec<Arc<Job>>> {
        let views = self.services.snapshot().into_iter();
        let views = views.filter(|view| service.is_none_or(|wanted| *wanted == view.name));
        let jobs = views.map(|view| {
            let mut jobs = Grant::jobs_of(&view.release.grants);
            jobs.sort_by(|one, other| one.name.cmp(&other.name));
            (view.name, jobs)
        });
        jobs.filter(|(_, jobs)| !jobs.is_empty()).collect()
    }

    async fn of(&self, place: &Place, jobs: &BTreeMap<ServiceName, Vec<Arc<Job>>>) -> Result<Vec<Standing>, Fault> {
        let mut records: HashMap<JobName, Record> = self.ledger.all(place).await?.into_iter().collect();
        let now_ms = self.clock.now_ms();
        let jobs = jobs.get(&place.1).into_iter().flatten();
        let standings = jobs.map(|job| Standing {
            tenant: place.0.clone(),
            service: place.1.clone(),
            job: job.name.clone(),
            timetable: job.timetable.as_str().to_owned(),
            last: records.remove(&job.name),
            next_ms: next_ms(job, &place.0, now_ms),
        });
        Ok(standings.collect())
    }
}

/// When a tenant's next run is to begin: each has a moment of its own after a due time.
fn next_ms(job: &Job, tenant: &TenantId, now_ms: i64) -> Option<i64> {
    let offset_ms = job.offset_ms(tenant);
    let due_ms = job.timetable.next_after(now_ms.saturating_sub(offset_ms))?;
    Some(due_ms.saturating_add(offset_ms))
}
