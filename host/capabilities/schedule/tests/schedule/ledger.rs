//! Claims, by themselves.

use std::time::{Duration, Instant};

use fondaco_engine::{Code, Fault};
use fondaco_schedule::{Claim, Held, JobName, Ledger, State};
use fondaco_sql::Migrations;
use serde_json::json;

use crate::house::{DAY, DUE, House, place};

const LEASE: i64 = 60_000;

fn job() -> JobName {
    "chores.sweep".parse().unwrap()
}

async fn claim(ledger: &Ledger, due_ms: i64, now_ms: i64) -> Option<Held> {
    claim_of(ledger, "acme", &job(), due_ms, now_ms).await
}

async fn claim_of(ledger: &Ledger, tenant: &str, job: &JobName, due_ms: i64, now_ms: i64) -> Option<Held> {
    let claim = Claim { job, timetable: "0 3 * * * UTC", due_ms, now_ms, lease_ms: now_ms + LEASE };
    ledger.claim(&place(tenant), &claim).await.unwrap()
}

/// The unit of work of a run that does nothing else.
async fn done(house: &House, host: usize, held: &Held, now_ms: i64) -> Result<(), Fault> {
    let (tenant, service) = place("acme");
    let host = &house.hosts[host];
    let database = host.databases.of(&tenant, &service).await.unwrap();
    let mut work = database.begin(Instant::now() + Duration::from_secs(20)).await.unwrap();
    host.ledger().done(&mut work, held, now_ms).await?;
    work.commit().await
}

pub(crate) async fn of_all_who_want_a_run_one_has_it(house: &House) {
    for day in 0..5 {
        let due_ms = DUE + day * DAY;
        let wishes = (0..16).map(|at| {
            let ledger = house.hosts[at % 2].ledger().clone();
            tokio::spawn(async move { claim(&ledger, due_ms, due_ms).await })
        });
        let mut held = Vec::new();
        for wish in wishes.collect::<Vec<_>>() {
            held.extend(wish.await.unwrap());
        }
        assert_eq!(held.len(), 1, "{held:?}");
        assert_eq!(held[0].attempt, 1);
        done(house, 0, &held[0], due_ms).await.unwrap();
    }
}

pub(crate) async fn a_due_time_is_run_once(house: &House) {
    let [here, there] = [house.hosts[0].ledger(), house.hosts[1].ledger()];
    assert_eq!(there.last(&place("acme"), &job()).await.unwrap(), None);
    let held = claim(here, DUE, DUE).await.unwrap();
    assert_eq!(claim(there, DUE + DAY, DUE + 1).await, None, "nothing overlaps, whatever is due");
    done(house, 0, &held, DUE + 2).await.unwrap();
    let last = there.last(&place("acme"), &job()).await.unwrap().unwrap();
    assert_eq!((last.state, last.due_ms, last.lease_ms, last.ended_ms), (State::Done, DUE, 0, Some(DUE + 2)));
    for again in [DUE, DUE - DAY] {
        assert_eq!(claim(there, again, DUE + 2).await, None);
    }
    let next = claim(there, DUE + DAY, DUE + DAY).await.unwrap();
    assert!(next.fence > held.fence);
    assert_eq!(done(house, 0, &held, DUE + DAY).await.unwrap_err().reason, "RUN_SUPERSEDED");
    done(house, 1, &next, DUE + DAY).await.unwrap();
}

pub(crate) async fn a_lost_hosts_run_is_begun_again_and_not_for_ever(house: &House) {
    let [here, there] = [house.hosts[0].ledger(), house.hosts[1].ledger()];
    let first = claim(here, DUE, DUE).await.unwrap();
    assert_eq!(claim(there, DUE, DUE + LEASE - 1).await, None);
    let second = claim(there, DUE, DUE + LEASE).await.unwrap();
    assert_eq!((second.attempt, second.fence), (2, first.fence + 1));
    let third = claim(here, DUE, DUE + 2 * LEASE).await.unwrap();
    assert_eq!(third.attempt, 3);
    assert_eq!(claim(there, DUE, DUE + 3 * LEASE).await, None, "it takes every host with it");
    let next = claim(there, DUE + DAY, DUE + DAY).await.unwrap();
    assert_eq!(next.attempt, 1, "the next due time begins anew");
}

pub(crate) async fn who_lost_the_lease_commits_nothing(house: &House) {
    let (tenant, service) = place("acme");
    let [here, there] = &house.hosts;
    let tables = json!({"migrations": [{"version": 1, "name": "t", "sql": "CREATE TABLE t (n BIGINT NOT NULL)"}]});
    let database = here.databases.of(&tenant, &service).await.unwrap();
    database.migrate(&Migrations::from_grant(&tables).unwrap()).await.unwrap();
    let held = claim(here.ledger(), DUE, DUE).await.unwrap();
    // It slept past its lease, and another host took over.
    let taken = claim(there.ledger(), DUE, DUE + LEASE).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut work = database.begin(deadline).await.unwrap();
    work.execute("INSERT INTO t (n) VALUES (1)", &[]).await.unwrap();
    let fault = here.ledger().done(&mut work, &held, DUE + LEASE).await.unwrap_err();
    assert_eq!((fault.reason.as_ref(), fault.code), ("RUN_SUPERSEDED", Code::Aborted));
    drop(work);
    // Nor does it say of the other one's run how it ended.
    here.ledger().failed(&place("acme"), &held, DUE + LEASE, &fault).await.unwrap();
    here.ledger().give_back(&place("acme"), &held, 0).await.unwrap();
    let last = there.ledger().last(&place("acme"), &job()).await.unwrap().unwrap();
    assert_eq!((last.state, last.attempts, last.lease_ms), (State::Running, 2, DUE + 2 * LEASE));
    done(house, 1, &taken, DUE + LEASE).await.unwrap();
    let rows = database.query("SELECT count(*) FROM t", &[], deadline).await.unwrap();
    assert_eq!(rows.rows, [[0_i64.into()]]);
}

pub(crate) async fn failures_are_counted_until_it_is_well(house: &House) {
    let ledger = house.hosts[0].ledger();
    let fault = Fault::new(Code::Unavailable, "BROOM_BROKEN", "the broom\0 is broken");
    for day in 0..3 {
        let due_ms = DUE + day * DAY;
        let held = claim(ledger, due_ms, due_ms).await.unwrap();
        ledger.failed(&place("acme"), &held, due_ms + 5, &fault).await.unwrap();
        assert_eq!(claim(ledger, due_ms, due_ms + 2 * LEASE).await, None, "not before the next due time");
    }
    let last = ledger.last(&place("acme"), &job()).await.unwrap().unwrap();
    assert_eq!((last.state, last.failures, last.lease_ms), (State::Failed, 3, 0));
    let said = (last.reason.as_deref(), last.message.as_deref());
    assert_eq!(said, (Some("BROOM_BROKEN"), Some("the broom is broken")));
    let held = claim(ledger, DUE + 3 * DAY, DUE + 3 * DAY).await.unwrap();
    done(house, 0, &held, DUE + 3 * DAY).await.unwrap();
    let last = ledger.last(&place("acme"), &job()).await.unwrap().unwrap();
    assert_eq!((last.state, last.failures, last.reason), (State::Done, 0, None));
}

pub(crate) async fn a_run_that_was_given_back_is_free(house: &House) {
    let [here, there] = [house.hosts[0].ledger(), house.hosts[1].ledger()];
    for round in 0..5 {
        let now_ms = DUE + round * 1_000;
        let held = claim(here, DUE, now_ms).await.unwrap();
        assert_eq!(held.attempt, 1, "what was not begun does not count");
        here.give_back(&place("acme"), &held, now_ms + 1_000).await.unwrap();
        assert_eq!(claim(there, DUE, now_ms + 999).await, None);
    }
    assert!(claim(there, DUE, DUE + 5_000).await.is_some());
}

pub(crate) async fn tenants_and_jobs_are_apart(house: &House) {
    let ledger = house.hosts[0].ledger();
    let other = "chores.fail".parse().unwrap();
    for (tenant, job) in [("acme", job()), ("acme", other), ("globex", job())] {
        assert!(claim_of(ledger, tenant, &job, DUE, DUE).await.is_some(), "{tenant} {job}");
    }
}
