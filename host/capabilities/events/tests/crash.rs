//! `kill -9` at every point: what was committed is handled once or is a dead letter, in order.
//!
//! The test starts itself again as a host that publishes and handles without end, lets it kill itself at a point (or
//! kills it at any moment), and starts it again on what it left; after some runs it lets all come to rest and compares.
//! `FONDACO_CRASH_RUNS` says how many runs; the full mode has 1 000. (A killed process leaves the page cache behind, so
//! this cannot show that data was synced; it shows the order of the steps.)

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fondaco_events::FAIL_POINTS;
use fondaco_test_servers::Redis;
use rand::RngExt;
use support::house::{Book, House, Site};

const FOLDER: &str = "FONDACO_CRASH_FOLDER";
const REDIS: &str = "FONDACO_CRASH_REDIS";
const POINT: &str = "FONDACO_CRASH_POINT";
const PASSES: &str = "FONDACO_CRASH_PASSES";
const RUNS_A_FOLDER: u32 = 15;
const TENANTS: [&str; 2] = ["acme", "other"];
const KEYS: [&str; 4] = ["a", "b", "c", "d"];
const POISON: u32 = 13;

fn runs() -> u32 {
    std::env::var("FONDACO_CRASH_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(60)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_loses_and_doubles_nothing_embedded() {
    kill_again_and_again(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_loses_and_doubles_nothing_on_redis() {
    let Some(redis) = Redis::start() else { return };
    kill_again_and_again(Some(&redis)).await;
}

async fn kill_again_and_again(redis: Option<&Redis>) {
    let mut died = BTreeMap::<String, u32>::new();
    let (mut handled, mut dead) = (0, 0);
    let runs = runs();
    let mut run = 0;
    while run < runs {
        let folder = tempfile::tempdir().unwrap();
        let mut site = Site::embedded(folder.path());
        if let Some(redis) = redis {
            redis.command(&["FLUSHALL"]);
            site = site.with_redis(redis);
        }
        for _ in 0..RUNS_A_FOLDER.min(runs - run) {
            let at = usize::try_from(run).unwrap() % (FAIL_POINTS.len() + 1);
            // After the last point: at any moment.
            let point = FAIL_POINTS.get(at).copied();
            let said = run_and_kill(&site, point);
            *died.entry(said).or_default() += 1;
            run += 1;
        }
        let house = House::start(&site, Book { poison: POISON }).await;
        house.settle(&TENANTS).await;
        for tenant in TENANTS {
            let checked = house.check(tenant).await;
            handled += checked.handled;
            dead += checked.dead;
        }
        house.stop().await;
    }
    println!("{runs} runs, {handled} handled, {dead} dead letters, died at {died:?}");
    assert!(handled > usize::try_from(runs).unwrap(), "{handled} events: nothing was shown");
    if runs >= 60 {
        for point in FAIL_POINTS {
            assert!(died.contains_key(*point), "no run died at {point}: {died:?}");
        }
        assert!(dead > 0, "no dead letter, so nothing was shown of them");
    }
}

/// Starts the victim and waits for its end; where it ended.
fn run_and_kill(site: &Site, point: Option<&str>) -> String {
    let passes = rand::rng().random_range(0..6);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "victim", "--ignored", "--nocapture"]);
    command.env(FOLDER, &site.folder).env(PASSES, passes.to_string());
    if let Some(redis) = &site.redis {
        command.env(REDIS, redis);
    }
    if let Some(point) = point {
        command.env(POINT, point);
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    if point.is_none() {
        std::thread::sleep(Duration::from_millis(rand::rng().random_range(100..600)));
        child.kill().unwrap();
    }
    // A point that is not reached, for instance since there is no dead letter, is given up after a while.
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    let died = loop {
        if child.try_wait().unwrap().is_some() {
            break true;
        }
        if std::time::Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            break false;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    match point {
        Some(point) if died => point.to_owned(),
        Some(point) => format!("{point} (not reached)"),
        None => "any moment".to_owned(),
    }
}

/// Not a test: the process that is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the process that the tests above start and kill"]
async fn victim() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let site = Site { redis: std::env::var(REDIS).ok(), ..Site::embedded(folder.as_ref()) };
    if let Ok(point) = std::env::var(POINT) {
        let passes: u32 = std::env::var(PASSES).unwrap().parse().unwrap();
        let passed = AtomicU32::new(0);
        fail::cfg_callback(point, move || {
            if passed.fetch_add(1, Ordering::SeqCst) >= passes {
                let me = rustix::process::getpid();
                rustix::process::kill_process(me, rustix::process::Signal::KILL).unwrap();
                // The signal comes at once, but the thread may not be the one that it comes to first.
                std::thread::sleep(Duration::from_mins(1));
            }
        })
        .unwrap();
    }
    let house = Arc::new(House::start(&site, Book { poison: POISON }).await);
    let mut publishers = tokio::task::JoinSet::new();
    for tenant in TENANTS {
        let (shop, _book) = (house.shop(tenant).await, house.book(tenant).await);
        for key in KEYS {
            let (house, shop) = (Arc::clone(&house), shop.clone());
            publishers.spawn(async move {
                loop {
                    let count = rand::rng().random_range(1..4);
                    // Units of work are in each other's way; the next one comes through.
                    let _again = house.publish(&shop, key, count).await;
                    let pause = Duration::from_millis(rand::rng().random_range(0..20));
                    tokio::time::sleep(pause).await;
                }
            });
        }
    }
    while publishers.join_next().await.is_some() {}
}
