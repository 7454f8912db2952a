//! Redis goes away, comes back empty, gives what is one host's to another; PostgreSQL goes away too: nothing that was
//! committed is lost, and nothing happens twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fondaco_engine::Fault;
use fondaco_events::{Attempt, Effect};
use fondaco_sql::Work;
use fondaco_test_servers::{Postgres, Redis};
use support::house::{Book, House, QUEUE, Site};
use support::until;

/// Publishes without end while something is done to Redis, and checks what came of it.
async fn through(trouble: impl AsyncFnOnce(&Redis, &House)) {
    let Some(redis) = Redis::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let site = Site::embedded(folder.path()).with_redis(&redis);
    let published = publishing(&site, async |house| trouble(&redis, house).await).await;
    // Redis or not: publishing is a matter of the database alone.
    assert_eq!((published.refused, published.acknowledged), (0, published.kept));
}

/// What came of publishing, in events; calls that were refused count as one.
struct Published {
    acknowledged: usize,
    kept: usize,
    refused: usize,
}

/// Publishes without end during some trouble. Afterwards all that was kept has had its effect, or is a dead letter.
async fn publishing(site: &Site, trouble: impl AsyncFnOnce(&House)) -> Published {
    let house = Arc::new(House::start(site, Book { poison: 29 }).await);
    let (shop, _book) = (house.shop("acme").await, house.book("acme").await);
    let done = Arc::new(AtomicBool::new(false));
    let publisher = tokio::spawn({
        let (house, done) = (Arc::clone(&house), Arc::clone(&done));
        async move {
            let (mut acknowledged, mut refused) = (0, 0);
            while !done.load(Ordering::SeqCst) {
                for key in ["a", "b", "c", "d"] {
                    match tokio::time::timeout(SOON, house.publish(&shop, key, 2)).await.expect("an answer, soon") {
                        Ok(numbers) => acknowledged += numbers.len(),
                        Err(fault) => {
                            assert_eq!(fault.reason, "DATABASE_UNAVAILABLE");
                            refused += 1;
                        }
                    }
                }
                // Faster than it is handled, and not so fast that handlers get nothing of a loaded machine.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            (acknowledged, refused)
        }
    });
    trouble(&house).await;
    done.store(true, Ordering::SeqCst);
    let (acknowledged, refused) = publisher.await.unwrap();
    house.settle(&["acme"]).await;
    let checked = house.check("acme").await;
    assert!(checked.handled > 20, "nothing was shown: {checked:?}");
    Arc::into_inner(house).unwrap().stop().await;
    Published { acknowledged, kept: checked.handled + checked.dead, refused }
}

async fn some_are_handled(house: &House) {
    let book = house.book("acme").await;
    let before = support::house::count(&book, "SELECT count(*) FROM effects").await.unwrap();
    until("events are handled", async || {
        (support::house::count(&book, "SELECT count(*) FROM effects").await? > before + 20).then_some(())
    })
    .await;
}

async fn some_are_published(house: &House) {
    let shop = house.shop("acme").await;
    let before = support::house::count(&shop, "SELECT count(*) FROM published").await.unwrap();
    until("events are published", async || {
        (support::house::count(&shop, "SELECT count(*) FROM published").await? > before + 20).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restarted_empty() {
    through(async |redis, house| {
        for _ in 0..3 {
            some_are_handled(house).await;
            redis.stop();
            some_are_published(house).await;
            redis.resume();
            some_are_handled(house).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn emptied_while_it_runs() {
    through(async |redis, house| {
        for _ in 0..3 {
            some_are_handled(house).await;
            redis.command(&["FLUSHALL"]);
            some_are_handled(house).await;
        }
    })
    .await;
}

/// Leases go from host to host, and neither knows before it renews its own: for that long both handle the same events.
#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_have_the_same_events() {
    let Some(redis) = Redis::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let site = Site::embedded(folder.path()).with_redis(&redis);
    let published = publishing(&site, async |house| {
        let other = House::start(&site, Slow(Book { poison: 29 })).await;
        let replicas = format!("{{fondaco:events}}:replicas:{QUEUE}");
        until("both are there", async || (redis.command(&["ZCARD", &replicas]) == ":2").then_some(())).await;
        for _ in 0..60 {
            some_are_handled(house).await;
            let leases = format!("{{fondaco:events}}:lease:{QUEUE}:");
            assert_eq!(redis.command(&["EVAL", SWAP_LEASES, "2", &replicas, &leases]), ":8");
        }
        other.stop().await;
    })
    .await;
    assert_eq!((published.refused, published.acknowledged), (0, published.kept));
}

/// Leaves to whoever has the same events all the time to overtake it.
struct Slow(Book);

#[async_trait]
impl Effect for Slow {
    async fn apply(&self, work: &mut Work, attempt: &Attempt) -> Result<(), Fault> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.0.apply(work, attempt).await
    }
}

/// Gives each lease to the other one of two replicas.
const SWAP_LEASES: &str = "local swapped = 0
    for p = 0, 7 do
        local owner = redis.call('GET', KEYS[2] .. p)
        for _, replica in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
            if replica ~= owner then
                redis.call('SET', KEYS[2] .. p, replica, 'PX', 600)
                swapped = swapped + 1
                break
            end
        end
    end
    return swapped";

#[tokio::test(flavor = "multi_thread")]
async fn connections_and_leases_are_gone() {
    through(async |redis, house| {
        for partition in 0..8 {
            some_are_handled(house).await;
            // Not all of it, so that nothing but what is missing says that something is missing.
            redis.command(&["DEL", &format!("{{fondaco:events}}:lease:{QUEUE}:{partition}")]);
            redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        }
        some_are_handled(house).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn away_at_the_start() {
    let Some(redis) = Redis::start() else { return };
    redis.stop();
    let folder = tempfile::tempdir().unwrap();
    let site = Site::embedded(folder.path()).with_redis(&redis);
    let house = House::start(&site, Book::default()).await;
    let (shop, _book) = (house.shop("acme").await, house.book("acme").await);
    house.publish(&shop, "a", 5).await.unwrap();
    let fault = house.events.lag().await.unwrap_err();
    assert_eq!(fault.reason, "EVENT_BUS_UNAVAILABLE");
    redis.resume();
    tokio::time::timeout(Duration::from_mins(1), house.settle(&["acme"])).await.unwrap();
    assert_eq!(house.check("acme").await.handled, 5);
    house.stop().await;
}

/// A third of an outage of half a minute, by the clock.
const THIRD: Duration = Duration::from_secs(10);
/// A call that cannot succeed says so long before its deadline of half a minute.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn away_for_half_a_minute_each() {
    let (Some(redis), Some(postgres)) = (Redis::start(), Postgres::start()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let site = Site::embedded(folder.path()).with_redis(&redis).with_postgres(&postgres);
    let published = publishing(&site, async |house| {
        some_are_handled(house).await;
        redis.stop();
        tokio::time::sleep(THIRD).await;
        postgres.stop();
        tokio::time::sleep(2 * THIRD).await;
        redis.resume();
        tokio::time::sleep(THIRD).await;
        postgres.resume();
        until("the database is back", async || {
            let book = house.databases.of(&"acme".parse().unwrap(), &"book".parse().unwrap()).await.ok()?;
            support::house::count(&book, "SELECT count(*) FROM effects").await
        })
        .await;
        some_are_handled(house).await;
    })
    .await;
    // One that was not acknowledged, because the answer to its commit was lost, may be there all the same.
    assert!(published.kept >= published.acknowledged, "{} of {}", published.kept, published.acknowledged);
    assert!(published.refused > 20, "refused {} times only: PostgreSQL was not away", published.refused);
}
