//! When to look at which tenant for which job. Plain data: no clock, no I/O.
//!
//! A job's due time begins a round: every tenant is to be looked at, each at its own moment. What then is to be done is
//! for [`decide`](crate::due::decide) to say. A job that is new here begins a round at once, for what was missed.

use std::cmp::Reverse;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use fondaco_engine::{Digest, ServiceName, TenantId};

use crate::job::{Job, JobName};

/// Which job of which service.
pub(crate) type JobKey = (ServiceName, JobName);

/// A job that serves here.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) service: ServiceName,
    /// The component that has it.
    pub(crate) digest: Digest,
    pub(crate) job: Arc<Job>,
    /// Since when.
    pub(crate) since_ms: i64,
}

/// A tenant to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Visit {
    at_ms: i64,
    /// Another one on each host, so that hosts that begin together do not go the same way.
    order: u64,
    who: Who,
}

type Who = (JobKey, TenantId);

#[derive(Debug)]
struct Entry {
    served: Served,
    round_at_ms: i64,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    jobs: BTreeMap<JobKey, Entry>,
    visits: BinaryHeap<Reverse<Visit>>,
    /// Whose visit waits or is under way: never two at a time.
    taken: HashSet<Who>,
    /// Who is to be visited once more after that, and not before then.
    again: HashMap<Who, i64>,
    order: RandomState,
}

impl Agenda {
    /// These are all jobs that serve now. One whose timetable is another one counts as new.
    pub(crate) fn serve(&mut self, jobs: impl IntoIterator<Item = (ServiceName, Digest, Arc<Job>)>, now_ms: i64) {
        let mut before = std::mem::take(&mut self.jobs);
        for (service, digest, job) in jobs {
            let key = (service.clone(), job.name.clone());
            let known = before.remove(&key).filter(|known| known.served.job.timetable == job.timetable);
            let (since_ms, round_at_ms) =
                known.map_or((now_ms, now_ms), |known| (known.served.since_ms, known.round_at_ms));
            self.jobs.insert(key, Entry { served: Served { service, digest, job, since_ms }, round_at_ms });
        }
    }

    /// The jobs whose round is to begin.
    pub(crate) fn rounds(&self, now_ms: i64) -> Vec<JobKey> {
        let due = self.jobs.iter().filter(|(_, entry)| entry.round_at_ms <= now_ms);
        due.map(|(key, _)| key.clone()).collect()
    }

    /// A round begins, over these tenants.
    pub(crate) fn begin(&mut self, key: &JobKey, tenants: impl IntoIterator<Item = TenantId>, now_ms: i64) {
        let Some(entry) = self.jobs.get_mut(key) else { return };
        let job = Arc::clone(&entry.served.job);
        entry.round_at_ms = job.timetable.next_after(now_ms).unwrap_or(i64::MAX);
        let due_ms = job.timetable.latest(now_ms).unwrap_or(now_ms);
        for tenant in tenants {
            let at_ms = due_ms.saturating_add(job.offset_ms(&tenant)).max(now_ms);
            let who = (key.clone(), tenant);
            if self.taken.contains(&who) {
                self.again.insert(who, at_ms);
            } else {
                self.push(who, at_ms);
            }
        }
    }

    /// The tenants of a round can't be found: it begins later.
    pub(crate) fn put_off(&mut self, key: &JobKey, until_ms: i64) {
        if let Some(entry) = self.jobs.get_mut(key) {
            entry.round_at_ms = until_ms;
        }
    }

    /// The next visit whose time has come, and the job that it is for.
    pub(crate) fn next(&mut self, now_ms: i64) -> Option<(Visit, Served)> {
        while self.visits.peek().is_some_and(|Reverse(visit)| visit.at_ms <= now_ms) {
            let Reverse(visit) = self.visits.pop()?;
            match self.jobs.get(&visit.who.0) {
                Some(entry) => return Some((visit, entry.served.clone())),
                // It does not serve any more.
                None => self.forget(&visit.who),
            }
        }
        None
    }

    /// A visit is over; whether, and when, to look again.
    pub(crate) fn ended(&mut self, visit: Visit, look_at_ms: Option<i64>) {
        let who = visit.who;
        self.taken.remove(&who);
        match (look_at_ms, self.again.get(&who).copied()) {
            // What is wanted for a later due time stays wanted.
            (Some(look), Some(again)) if look < again => self.push(who, look),
            (_, Some(again)) => {
                self.again.remove(&who);
                self.push(who, again);
            }
            (Some(look), None) => self.push(who, look),
            (None, None) => {}
        }
    }

    /// When there is something to do.
    pub(crate) fn wake_ms(&self) -> Option<i64> {
        let rounds = self.jobs.values().map(|entry| entry.round_at_ms);
        rounds.chain(self.visits.peek().map(|Reverse(visit)| visit.at_ms)).min()
    }

    fn push(&mut self, who: Who, at_ms: i64) {
        let order = self.order.hash_one(&who);
        self.taken.insert(who.clone());
        self.visits.push(Reverse(Visit { at_ms, order, who }));
    }

    fn forget(&mut self, who: &Who) {
        self.taken.remove(who);
        self.again.remove(who);
    }
}

impl Visit {
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.who.1
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::timetable::Timetable;

    const MINUTE: i64 = 60_000;
    /// 2026-06-01, noon UTC.
    const NOON: i64 = 1_780_315_200_000;

    fn job(cron: &str, spread_seconds: u64) -> (ServiceName, Digest, Arc<Job>) {
        let job = Job {
            name: "chores.sweep".parse().unwrap(),
            timetable: Timetable::parse(cron, "UTC").unwrap(),
            catch_up: true,
            spread: Duration::from_secs(spread_seconds),
            timeout: Duration::from_secs(10),
        };
        ("shop".parse().unwrap(), Digest::of(b"shop"), Arc::new(job))
    }

    fn tenants(names: &[&str]) -> Vec<TenantId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    /// An agenda that has made its first round, with nobody there.
    fn served(cron: &str, spread_seconds: u64) -> (Agenda, JobKey) {
        let mut agenda = Agenda::default();
        agenda.serve([job(cron, spread_seconds)], NOON);
        let [key] = &agenda.rounds(NOON)[..] else { panic!("a new job begins a round") };
        let key = key.clone();
        agenda.begin(&key, [], NOON);
        (agenda, key)
    }

    fn all(agenda: &mut Agenda, now_ms: i64) -> Vec<Visit> {
        std::iter::from_fn(|| agenda.next(now_ms)).map(|(visit, _)| visit).collect()
    }

    #[test]
    fn a_due_time_begins_a_round_over_all_tenants() {
        let (mut agenda, key) = served("*/5 * * * *", 0);
        assert!(agenda.rounds(NOON + 5 * MINUTE - 1).is_empty());
        assert_eq!(agenda.wake_ms(), Some(NOON + 5 * MINUTE));
        let now = NOON + 5 * MINUTE;
        assert_eq!(agenda.rounds(now), std::slice::from_ref(&key));
        agenda.begin(&key, tenants(&["a", "b"]), now);
        assert!(agenda.rounds(now).is_empty());
        let visits = all(&mut agenda, now);
        assert_eq!(visits.len(), 2);
        for visit in visits {
            agenda.ended(visit, None);
        }
        assert_eq!(agenda.wake_ms(), Some(NOON + 10 * MINUTE));
    }

    #[test]
    fn tenants_come_at_their_own_moments() {
        let (mut agenda, key) = served("0 * * * *", 60);
        let due = NOON + 60 * MINUTE;
        let names: Vec<TenantId> = (0..50).map(|at| format!("t{at}").parse().unwrap()).collect();
        agenda.begin(&key, names, due);
        let first = all(&mut agenda, due + 30_000).len();
        assert!((10..=40).contains(&first), "{first}");
        assert_eq!(first + all(&mut agenda, due + 60_000).len(), 50);
    }

    #[test]
    fn a_tenant_is_never_visited_twice_at_a_time_and_no_due_time_is_forgotten() {
        let (mut agenda, key) = served("*/5 * * * *", 0);
        let (first, second) = (NOON + 5 * MINUTE, NOON + 10 * MINUTE);
        agenda.begin(&key, tenants(&["a"]), first);
        let [visit] = &all(&mut agenda, first)[..] else { panic!() };
        agenda.begin(&key, tenants(&["a"]), second);
        assert!(all(&mut agenda, second).is_empty(), "it is under way");
        // It asks to be looked at before: that does not take the place of the second due time.
        agenda.ended(visit.clone(), Some(second - 1));
        let [visit] = &all(&mut agenda, second)[..] else { panic!() };
        agenda.ended(visit.clone(), None);
        let [visit] = &all(&mut agenda, second)[..] else { panic!("the second due time") };
        agenda.ended(visit.clone(), None);
        assert!(all(&mut agenda, second).is_empty());
    }

    #[test]
    fn a_job_that_goes_is_not_visited_and_one_that_changes_begins_anew() {
        let (mut agenda, key) = served("*/5 * * * *", 0);
        let due = NOON + 5 * MINUTE;
        agenda.begin(&key, tenants(&["a"]), due);
        agenda.serve([], due);
        assert!(all(&mut agenda, due).is_empty());
        assert_eq!(agenda.wake_ms(), None);
        agenda.serve([job("*/5 * * * *", 0)], due);
        assert_eq!(agenda.rounds(due), std::slice::from_ref(&key));
        agenda.begin(&key, [], due);
        // The same again is no news; another timetable is.
        agenda.serve([job("*/5 * * * *", 9)], due + 1);
        assert!(agenda.rounds(due + 1).is_empty());
        agenda.serve([job("*/7 * * * *", 0)], due + 2);
        assert_eq!(agenda.rounds(due + 2), [key]);
    }

    #[test]
    fn a_round_that_cannot_begin_begins_later() {
        let (mut agenda, key) = served("*/5 * * * *", 0);
        let due = NOON + 5 * MINUTE;
        agenda.put_off(&key, due + 100);
        assert!(agenda.rounds(due).is_empty());
        assert_eq!(agenda.rounds(due + 100), [key]);
    }
}
