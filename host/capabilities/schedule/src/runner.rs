//! Runs what is due: from the services that serve, through the agenda, to calls.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use fondaco_engine::{Digest, Fault, Grants, ServiceName, Services, TenantId};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::agenda::{Agenda, JobKey, Served, Visit};
use crate::glue::GRANT;
use crate::grant::Grant;
use crate::job::Job;
use crate::visit::{PAUSE_MS, Visitor};

/// How often it is looked which services serve, and what time it is: clocks are put right.
const LOOK: Duration = Duration::from_secs(1);

/// Runs what is due on this host. [`Schedule::start`](crate::Schedule::start) has one; who has a clock of his own, a
/// test for instance, says by [`pass`](Self::pass) when to look at it.
#[derive(Debug)]
pub struct Runner {
    services: Services,
    visitor: Arc<Visitor>,
    concurrency: usize,
    agenda: Agenda,
    /// What was made of the grants of releases that serve.
    known: HashMap<ServiceName, Known>,
    running: JoinSet<(Visit, Option<i64>)>,
}

#[derive(Debug)]
struct Known {
    grants: Arc<Grants>,
    jobs: Vec<Arc<Job>>,
}

impl Runner {
    pub(crate) fn new(services: &Services, visitor: Visitor, concurrency: usize) -> Self {
        Self {
            services: services.clone(),
            visitor: Arc::new(visitor),
            concurrency: concurrency.max(1),
            agenda: Agenda::default(),
            known: HashMap::new(),
            running: JoinSet::new(),
        }
    }

    /// Runs all that is due just now, and waits until it has ended.
    pub async fn pass(&mut self) {
        self.look().await;
        loop {
            self.begin();
            match self.running.join_next().await {
                Some(ended) => self.end(ended),
                None => break,
            }
        }
    }

    /// Runs what is due until it is told to stop; what it has begun then ends well.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            self.look().await;
            self.begin();
            let asleep = tokio::time::sleep(self.sleep());
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = self.running.join_next() => self.end(ended),
                () = asleep => {}
            }
        }
        while let Some(ended) = self.running.join_next().await {
            self.end(ended);
        }
    }

    /// Which jobs serve, and whose round begins.
    async fn look(&mut self) {
        let now_ms = self.visitor.clock.now_ms();
        let jobs = self.serving();
        self.agenda.serve(jobs, now_ms);
        let rounds = self.agenda.rounds(now_ms);
        if rounds.is_empty() {
            return;
        }
        match self.visitor.ledger.databases().known().await {
            Ok(places) => {
                for key in rounds {
                    let own = places.iter().filter(|(_, service)| *service == key.0);
                    let tenants: Vec<TenantId> = own.map(|(tenant, _)| tenant.clone()).collect();
                    self.agenda.begin(&key, tenants, now_ms);
                }
            }
            Err(fault) => self.put_off(&rounds, now_ms, &fault),
        }
    }

    fn put_off(&mut self, rounds: &[JobKey], now_ms: i64, fault: &Fault) {
        tracing::warn!(%fault, "tenants cannot be found, jobs that are due must wait");
        for key in rounds {
            self.agenda.put_off(key, now_ms + PAUSE_MS);
        }
    }

    /// The jobs of all services that serve just now.
    fn serving(&mut self) -> Vec<(ServiceName, Digest, Arc<Job>)> {
        let mut jobs = Vec::new();
        let mut known = HashMap::new();
        for view in self.services.snapshot() {
            let grants = view.release.grants;
            if !grants.contains_key(GRANT) {
                continue;
            }
            let before = self.known.remove(&view.name).filter(|before| Arc::ptr_eq(&before.grants, &grants));
            let own = match before {
                Some(before) => before.jobs,
                None => Grant::jobs_of(&grants),
            };
            jobs.extend(own.iter().map(|job| (view.name.clone(), view.digest, Arc::clone(job))));
            known.insert(view.name, Known { grants, jobs: own });
        }
        self.known = known;
        jobs
    }

    /// Begins visits whose time has come, as many at a time as are allowed.
    fn begin(&mut self) {
        while self.running.len() < self.concurrency {
            let Some((visit, served)) = self.agenda.next(self.visitor.clock.now_ms()) else { return };
            let visitor = Arc::clone(&self.visitor);
            self.running.spawn(visit_one(visitor, visit, served));
        }
    }

    fn end(&mut self, ended: Result<(Visit, Option<i64>), tokio::task::JoinError>) {
        match ended {
            Ok((visit, look_at_ms)) => self.agenda.ended(visit, look_at_ms),
            // Visits catch panics, and nobody aborts them.
            Err(error) => tracing::error!(%error, "a visit was lost"),
        }
    }

    fn sleep(&self) -> Duration {
        // With all hands full, the end of a run is what to wait for.
        if self.running.len() >= self.concurrency {
            return LOOK;
        }
        let now_ms = self.visitor.clock.now_ms();
        let until_ms = self.agenda.wake_ms().map_or(i64::MAX, |wake_ms| wake_ms.saturating_sub(now_ms));
        LOOK.min(Duration::from_millis(u64::try_from(until_ms).unwrap_or(0)))
    }
}

async fn visit_one(visitor: Arc<Visitor>, visit: Visit, served: Served) -> (Visit, Option<i64>) {
    let look_at_ms = visitor.visit(&served, visit.tenant()).await;
    (visit, look_at_ms)
}
