//! Jobs of a component on the real engine: `tests/guests/schedule`.

use std::time::{Duration, Instant};

use fondaco_engine::Fault;
use fondaco_schedule::{Claim, Record, Runner, State};
use fondaco_sql::Value;
use fondaco_test_probe::{Guest, Probe};
use serde_json::{Value as Json, json};

use crate::house::{DAY, DUE, HOUR, Host, House, MIDNIGHT, place, service};

/// A host with its services, and what runs its jobs.
struct Running<'a> {
    host: &'a Host,
    probe: Probe,
    runner: Runner,
}

impl<'a> Running<'a> {
    /// None where the component is not built.
    async fn of(host: &'a Host, jobs: Json) -> Option<Self> {
        let mut extensions = vec![host.schedule.extension()];
        extensions.extend(fondaco_sql::extensions(&host.databases));
        let probe = Probe::new(extensions).named(service().as_str(), "chores");
        let runner = host.schedule.runner(probe.services());
        let running = Self { host, probe, runner };
        running.release(jobs).await?.unwrap();
        Some(running)
    }

    async fn release(&self, jobs: Json) -> Option<Result<(), Fault>> {
        let table = "CREATE TABLE runs (job TEXT NOT NULL, due_ms BIGINT NOT NULL)";
        let sql = json!({"migrations": [{"version": 1, "name": "runs", "sql": table}]});
        let grants = json!({ "sql": sql, "schedule": { "jobs": jobs } });
        let guest = Guest::built("schedule")?.read_only(&["chores.look"]).granted(grants);
        Some(self.probe.release(guest).await)
    }

    /// The tenant has a database from now on.
    async fn welcome(&self, tenant: &str) {
        let (tenant, service) = place(tenant);
        let database = self.host.databases.of(&tenant, &service).await.unwrap();
        database.begin(Instant::now() + Duration::from_secs(20)).await.unwrap().commit().await.unwrap();
    }

    /// The runs that a tenant's table shows: which job, due when.
    async fn runs(&self, tenant: &str) -> Vec<(String, i64)> {
        let (tenant, service) = place(tenant);
        let database = self.host.databases.of(&tenant, &service).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let rows = database.query("SELECT job, due_ms FROM runs ORDER BY job, due_ms", &[], deadline).await;
        let row = |row: Vec<Value>| match &row[..] {
            [Value::Text(job), Value::Integer(due_ms)] => (job.clone(), *due_ms),
            other => panic!("{other:?}"),
        };
        match rows {
            Ok(rows) => rows.rows.into_iter().map(row).collect(),
            // Nothing has run there yet, so nothing made the tables.
            Err(fault) => panic!("{fault}"),
        }
    }

    async fn last(&self, tenant: &str, job: &str) -> Option<Record> {
        self.host.schedule.ledger().last(&place(tenant), &job.parse().unwrap()).await.unwrap()
    }
}

fn daily(function: &str) -> Json {
    json!([{ "function": function, "cron": "0 3 * * *" }])
}

fn note_due(due_ms: i64) -> (String, i64) {
    ("note-due".to_owned(), due_ms)
}

pub(crate) async fn a_job_runs_once_for_each_tenant(house: &House) {
    let [one, two] = &house.hosts;
    let Some(mut here) = Running::of(one, daily("chores.note-due")).await else { return };
    let Some(mut there) = Running::of(two, daily("chores.note-due")).await else { return };
    let tenants = ["acme", "globex", "initech", "hooli", "umbrella"];
    for tenant in tenants {
        here.welcome(tenant).await;
    }
    tokio::join!(here.runner.pass(), there.runner.pass());
    assert_eq!(here.last("acme", "chores.note-due").await, None, "it is not three o'clock yet");
    for day in 0..2 {
        house.set(DUE + day * DAY + 1);
        tokio::join!(here.runner.pass(), there.runner.pass());
        // Nothing more is due, however often it is looked.
        here.runner.pass().await;
        let expected: Vec<_> = (0..=day).map(|day| note_due(DUE + day * DAY)).collect();
        for tenant in tenants {
            assert_eq!(here.runs(tenant).await, expected, "{tenant}");
            let last = there.last(tenant, "chores.note-due").await.unwrap();
            assert_eq!((last.state, last.attempts, last.due_ms), (State::Done, 1, DUE + day * DAY));
        }
    }
    // A tenant who comes has its first run at the next due time.
    here.welcome("late").await;
    here.runner.pass().await;
    house.set(DUE + 2 * DAY);
    tokio::join!(here.runner.pass(), there.runner.pass());
    assert_eq!(here.runs("late").await, [note_due(DUE + 2 * DAY)]);
}

pub(crate) async fn a_job_that_fails_leaves_nothing_and_waits_for_its_next_due_time(house: &House) {
    let jobs = json!([
        { "function": "chores.fail", "cron": "0 3 * * *" },
        { "function": "chores.trap", "cron": "0 3 * * *" },
        { "function": "chores.spin", "cron": "0 3 * * *", "timeout-ms": 200 },
        { "function": "chores.sweep", "cron": "0 3 * * *" },
    ]);
    let Some(mut here) = Running::of(&house.hosts[0], jobs).await else { return };
    here.welcome("acme").await;
    here.runner.pass().await;
    for failures in 1..=2 {
        house.set(DUE + i64::from(failures) * DAY);
        here.runner.pass().await;
        house.set(house.now_ms() + HOUR);
        here.runner.pass().await;
        for (job, reason) in
            [("chores.fail", "BROOM_BROKEN"), ("chores.trap", "SERVICE_FAILED"), ("chores.spin", "DEADLINE_EXCEEDED")]
        {
            let last = here.last("acme", job).await.unwrap();
            assert_eq!((last.state, last.failures, last.attempts), (State::Failed, failures, 1), "{job}");
            assert_eq!(last.reason.as_deref(), Some(reason), "{job}");
        }
    }
    // What they wrote is gone; the one beside them went its way.
    assert_eq!(here.runs("acme").await, [("sweep".to_owned(), 0), ("sweep".to_owned(), 0)]);
}

pub(crate) async fn what_was_missed_is_made_up_for_once(house: &House) {
    let jobs = json!([
        { "function": "chores.note-due", "cron": "0 3 * * *" },
        { "function": "chores.sweep", "cron": "0 3 * * *", "catch-up": false },
    ]);
    let Some(mut here) = Running::of(&house.hosts[0], jobs.clone()).await else { return };
    here.welcome("acme").await;
    here.runner.pass().await;
    house.set(DUE);
    here.runner.pass().await;
    drop(here);
    // All hosts are away for a week, and come back at noon.
    house.set(DUE + 7 * DAY + 9 * HOUR);
    let back = house.another().await;
    let Some(mut back) = Running::of(&back, jobs).await else { return };
    back.welcome("fresh").await;
    back.runner.pass().await;
    back.runner.pass().await;
    let sweep = ("sweep".to_owned(), 0);
    assert_eq!(back.runs("acme").await, [note_due(DUE), note_due(DUE + 7 * DAY), sweep]);
    assert_eq!(back.last("fresh", "chores.note-due").await, None, "who never ran has missed nothing");
}

pub(crate) async fn a_lost_hosts_job_is_taken_over(house: &House) {
    let Some(mut here) = Running::of(&house.hosts[0], daily("chores.note-due")).await else { return };
    here.welcome("acme").await;
    here.runner.pass().await;
    house.set(DUE);
    // The other host began, and was never heard of again.
    let (job, lease_ms) = ("chores.note-due".parse().unwrap(), DUE + 25_000);
    let claim = Claim { job: &job, timetable: "0 3 * * * UTC", due_ms: DUE, now_ms: DUE, lease_ms };
    house.hosts[1].ledger().claim(&place("acme"), &claim).await.unwrap().unwrap();
    here.runner.pass().await;
    assert_eq!(here.last("acme", "chores.note-due").await.unwrap().attempts, 1);
    house.set(lease_ms);
    here.runner.pass().await;
    let last = here.last("acme", "chores.note-due").await.unwrap();
    assert_eq!((last.state, last.attempts), (State::Done, 2));
    assert_eq!(here.runs("acme").await, [note_due(DUE)]);
}

pub(crate) async fn a_swap_changes_what_runs(house: &House) {
    let Some(mut here) = Running::of(&house.hosts[0], daily("chores.note-due")).await else { return };
    here.welcome("acme").await;
    here.runner.pass().await;
    here.release(daily("chores.sweep")).await.unwrap().unwrap();
    here.runner.pass().await;
    house.set(DUE);
    here.runner.pass().await;
    assert_eq!(here.runs("acme").await, [("sweep".to_owned(), 0)]);
    assert_eq!(here.last("acme", "chores.note-due").await, None);
    // Nothing serves: nothing runs.
    here.probe.services().deactivate(service());
    house.set(DUE + DAY);
    here.runner.pass().await;
    assert_eq!(here.runs("acme").await.len(), 1);
}

pub(crate) async fn an_operator_sees_how_jobs_stand(house: &House) {
    let jobs = json!([
        { "function": "chores.sweep", "cron": "0 3 * * *" },
        { "function": "chores.fail", "cron": "0 4 1 * *", "zone": "Europe/Berlin", "spread-seconds": 600 },
    ]);
    let Some(mut here) = Running::of(&house.hosts[0], jobs).await else { return };
    for tenant in ["globex", "acme"] {
        here.welcome(tenant).await;
    }
    here.runner.pass().await;
    let overview = house.hosts[1].schedule.overview(here.probe.services());
    let seen = overview.standings(None, None, 100).await.unwrap();
    let named: Vec<_> = seen.iter().map(|one| (one.tenant.as_str(), one.service.as_str(), one.job.as_str())).collect();
    let expected = ["acme", "globex"].map(|tenant| ["chores.fail", "chores.sweep"].map(|job| (tenant, "shop", job)));
    assert_eq!(named, expected.concat());
    assert!(seen.iter().all(|one| one.last.is_none()), "nothing is due yet");
    let [fail, sweep] = &seen[..2] else { panic!("{seen:?}") };
    assert_eq!((sweep.timetable.as_str(), sweep.next_ms), ("0 3 * * * UTC", Some(DUE)));
    assert_eq!(fail.timetable, "0 4 1 * * Europe/Berlin");
    // Two in the morning of Greenwich, and its own moment within ten minutes.
    let first = fail.next_ms.unwrap();
    assert!((MIDNIGHT + 2 * HOUR..MIDNIGHT + 2 * HOUR + 600_000).contains(&first), "{first}");

    house.set(DUE);
    here.runner.pass().await;
    let (acme, _) = place("acme");
    let seen = overview.standings(Some(&acme), Some(service()), 100).await.unwrap();
    let last = |at: usize| seen[at].last.as_ref().unwrap();
    assert_eq!((seen.len(), last(0).state, last(1).state), (2, State::Failed, State::Done));
    assert_eq!((last(0).reason.as_deref(), last(0).failures, last(1).due_ms), (Some("BROOM_BROKEN"), 1, DUE));
    assert_eq!(seen[1].next_ms, Some(DUE + DAY));

    assert_eq!(overview.standings(None, None, 3).await.unwrap().len(), 3);
    assert!(overview.standings(None, Some(&"closet".parse().unwrap()), 100).await.unwrap().is_empty());
    // Nothing serves: nothing runs by the clock.
    here.probe.services().deactivate(service());
    assert!(overview.standings(None, None, 100).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_refused_when_it_is_staged() {
    let house = House::sqlite().await;
    let Some(here) = Running::of(&house.hosts[0], json!([])).await else { return };
    let job = |function: &str, cron: &str| json!([{ "function": function, "cron": cron }]);
    for (jobs, path, says) in [
        (job("chores.dust", "@daily"), "grants.schedule.jobs[0].function", "exports no function"),
        (job("closet.sweep", "@daily"), "grants.schedule.jobs[0].function", "exports no function"),
        (job("chores.count", "@daily"), "grants.schedule.jobs[0].function", "it is func(job: string)"),
        (job("chores.answer", "@daily"), "grants.schedule.jobs[0].function", "result<_, fault>"),
        (job("chores.look", "@daily"), "grants.schedule.jobs[0].function", "read-only"),
        (job("chores.sweep", "0 3 * * * *"), "grants.schedule.jobs[0].cron", "five fields"),
    ] {
        let fault = here.release(jobs.clone()).await.unwrap().unwrap_err();
        assert_eq!((fault.reason.as_ref(), fault.detail("path")), ("INVALID_GRANT", Some(path)), "{jobs}");
        assert!(fault.message.contains(says), "{}", fault.message);
    }
    here.release(job("chores.sweep", "0 3 * * *")).await.unwrap().unwrap();
}
