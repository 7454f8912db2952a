//! Whether a job is to run for a tenant. Plain data in and out: no clock, no I/O.

use crate::job::Job;
use crate::ledger::{Record, State};

/// How often one due time is begun at most: more than once only where a host was lost in the middle.
pub(crate) const MOST_ATTEMPTS: u32 = 3;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Run for this due time.
    Run {
        due_ms: i64,
        /// Whether nobody was there when it came.
        missed: bool,
    },
    /// Somebody is at it: look again then.
    Look { at_ms: i64 },
    /// All is done.
    Rest,
}

/// What is known when it is decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) job: &'a Job,
    /// What the tenant's database says of it; none where it never ran.
    pub(crate) record: Option<&'a Record>,
    /// How long after a due time this tenant begins.
    pub(crate) offset_ms: i64,
    /// Since when this host has served the job.
    pub(crate) since_ms: i64,
    pub(crate) now_ms: i64,
}

/// Only the newest due time counts: however many were missed, at most one is made up for.
pub(crate) fn decide(facts: Facts<'_>) -> Decision {
    let Facts { job, record, offset_ms, since_ms, now_ms } = facts;
    let Some(due_ms) = job.timetable.latest(now_ms.saturating_sub(offset_ms)) else { return Decision::Rest };
    let missed = due_ms.saturating_add(offset_ms) < since_ms;
    let Some(record) = record else {
        // It never ran. What was due before anybody served it was not missed.
        return if missed { Decision::Rest } else { Decision::Run { due_ms, missed } };
    };
    let open = record.state == State::Running;
    if record.due_ms >= due_ms && !(open && record.due_ms == due_ms) {
        return Decision::Rest;
    }
    if record.lease_ms > now_ms {
        return Decision::Look { at_ms: record.lease_ms };
    }
    if record.due_ms == due_ms {
        // Whoever began it is gone.
        let again = record.attempts < MOST_ATTEMPTS;
        return if again { Decision::Run { due_ms, missed: false } } else { Decision::Rest };
    }
    // With another timetable than the one that the record is of, what was due before is nobody's promise.
    let promised = job.catch_up && record.timetable == job.timetable.as_str();
    if missed && !promised { Decision::Rest } else { Decision::Run { due_ms, missed } }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::timetable::Timetable;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    /// 2026-06-01, midnight UTC.
    const MIDNIGHT: i64 = 1_780_272_000_000;
    /// Three o'clock, when the job is due.
    const DUE: i64 = MIDNIGHT + 3 * HOUR;

    fn job(catch_up: bool) -> Job {
        Job {
            name: "chores.sweep".parse().unwrap(),
            timetable: Timetable::parse("0 3 * * *", "UTC").unwrap(),
            catch_up,
            spread: Duration::ZERO,
            timeout: Duration::from_secs(10),
        }
    }

    fn record(due_ms: i64, state: State, lease_ms: i64, attempts: u32) -> Record {
        let timetable = "0 3 * * * UTC".to_owned();
        Record { timetable, due_ms, state, lease_ms, attempts, ..Record::default() }
    }

    fn run(missed: bool) -> Decision {
        Decision::Run { due_ms: DUE, missed }
    }

    #[test]
    fn what_is_due_what_was_missed_and_what_is_done() {
        use State::{Done, Failed, Running};
        let yesterday = DUE - DAY;
        let (early, late) = (DUE - HOUR, DUE + HOUR);
        let cases = [
            ("never ran, served in time", None, early, DUE, run(false)),
            ("never ran, served in time, looked at late", None, early, late, run(false)),
            ("never ran, served since after it", None, late, late + 1, Decision::Rest),
            ("ran yesterday, due now", Some(record(yesterday, Done, 0, 1)), early, DUE, run(false)),
            ("ran yesterday, not due yet", Some(record(yesterday, Done, 0, 1)), early, DUE - 1, Decision::Rest),
            ("failed yesterday, due now", Some(record(yesterday, Failed, 0, 1)), early, DUE, run(false)),
            ("ran a week ago, all hosts were away", Some(record(DUE - 7 * DAY, Done, 0, 1)), late, late, run(true)),
            ("done", Some(record(DUE, Done, 0, 1)), early, late, Decision::Rest),
            ("failed: not before the next due time", Some(record(DUE, Failed, 0, 1)), early, late, Decision::Rest),
            (
                "running elsewhere",
                Some(record(DUE, Running, late + 5, 1)),
                early,
                late,
                Decision::Look { at_ms: late + 5 },
            ),
            (
                "yesterday's is running still",
                Some(record(yesterday, Running, late + 5, 1)),
                early,
                late,
                Decision::Look { at_ms: late + 5 },
            ),
            ("its host was lost", Some(record(DUE, Running, late, 1)), early, late, run(false)),
            ("its host was lost, and so was this one", Some(record(DUE, Running, late, 2)), late, late, run(false)),
            ("three hosts were lost", Some(record(DUE, Running, late, 3)), early, late, Decision::Rest),
            ("yesterday's host was lost", Some(record(yesterday, Running, late, 3)), early, late, run(false)),
            ("the clock was put back", Some(record(DUE + DAY, Done, 0, 1)), early, late, Decision::Rest),
        ];
        for (what, record, since_ms, now_ms, expected) in cases {
            let job = job(true);
            let facts = Facts { job: &job, record: record.as_ref(), offset_ms: 0, since_ms, now_ms };
            assert_eq!(decide(facts), expected, "{what}");
        }
    }

    #[test]
    fn what_was_missed_is_made_up_for_where_it_was_promised() {
        let (quiet, done) = (job(false), record(DUE - DAY, State::Done, 0, 1));
        let facts = Facts { job: &quiet, record: Some(&done), offset_ms: 0, since_ms: DUE + 1, now_ms: DUE + HOUR };
        assert_eq!(decide(facts), Decision::Rest);
        assert_eq!(decide(Facts { since_ms: DUE - 1, ..facts }), run(false), "a host was there");
        let other = Record { timetable: "0 4 * * * UTC".to_owned(), ..done.clone() };
        let eager = job(true);
        let facts = Facts { job: &eager, record: Some(&other), ..facts };
        assert_eq!(decide(facts), Decision::Rest, "the timetable is a new one");
        assert_eq!(decide(Facts { since_ms: DUE - 1, ..facts }), run(false));
    }

    #[test]
    fn a_tenant_begins_at_its_own_moment() {
        let job = job(true);
        let at = |now_ms| decide(Facts { job: &job, record: None, offset_ms: 500, since_ms: DUE - HOUR, now_ms });
        assert_eq!(at(DUE + 499), Decision::Rest);
        assert_eq!(at(DUE + 500), run(false));
    }
}
