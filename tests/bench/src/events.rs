//! Events a second, and how long one takes to be handled, all the way that events of services go: unit of work with
//! outbox, relay, bus, dispatcher, the handler's unit of work with its inbox row. Publisher (`tests/guests/stock`) and
//! handler (`tests/guests/tally`) are components.
//!
//! Nothing counts before it is acknowledged on disk: publishing when its unit of work was committed, handling when the
//! handler's was, each with SQLite's `synchronous=FULL`.

mod disk;
mod floor;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fondaco_engine::{Engine, TenantId};
use fondaco_events::{EventsConfig, Kind, Limits, RedisSection};
use fondaco_sql::{DatabasesConfig, Value};
use fondaco_test_servers::Redis;
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::house::{House, failed};
use watch::{Handled, Watch};

/// Stores that publish at a time: each has an outbox and a tally of its own.
const TENANTS: u32 = 32;
/// Publishers of each.
const PUBLISHERS: u32 = 2;
/// Between two events when latency is measured.
const PACE: Duration = Duration::from_millis(10);
/// When nothing was handled for so long, something is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was measured.
#[derive(Serialize)]
pub(crate) struct Events {
    pub(crate) rows: Vec<Row>,
    /// Events a second of the same units of work by sqlx alone.
    pub(crate) by_sqlx_per_s: f64,
    /// What this disk makes of it: a write of a page and its sync, alone and from 32 threads at a time.
    pub(crate) disk_sync_us: f64,
    pub(crate) disk_sync_32_us: f64,
}

/// A bus.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) bus: &'static str,
    /// Events from the first publishing call to the last handler's commit, a second.
    pub(crate) per_s: f64,
    /// Events a second whose publishing was acknowledged, while handlers ran beside.
    pub(crate) published_per_s: f64,
    /// From the beginning of the publishing call to the handler's commit, at a moderate rate.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// The same, from the publisher's commit on.
    pub(crate) from_commit_p50_ms: f64,
    pub(crate) from_commit_p99_ms: f64,
}

/// Which buses.
struct Way<'a> {
    bus: &'static str,
    redis: Option<&'a [&'a str]>,
}

/// Redis needs no disk of its own, since outboxes keep events until they are handled. And the same where it has one.
const WAYS: [Way<'static>; 3] = [
    Way { bus: "embedded", redis: None },
    Way { bus: "redis", redis: Some(&["--save", "", "--appendonly", "no"]) },
    Way { bus: "redis, fsync always", redis: Some(&["--save", "", "--appendonly", "yes", "--appendfsync", "always"]) },
];

/// All of them; those without a server are left out.
pub(crate) async fn measure(engine: &Engine, components: &Path, quick: bool) -> Result<Events> {
    let mut rows = Vec::new();
    for way in WAYS {
        let server = way.redis.map(Redis::start_with);
        let config = match &server {
            None => EventsConfig::default(),
            Some(None) => continue,
            Some(Some(server)) => redis(server.url()),
        };
        rows.push(of(way.bus, engine, components, config, quick).await?);
    }
    let folder = tempfile::tempdir()?;
    let by_sqlx_per_s = tokio::spawn(async move { floor::per_s(folder.path(), seconds(quick)).await }).await??;
    let disk_sync_us = disk::sync_us(1).await?;
    Ok(Events { rows, by_sqlx_per_s, disk_sync_us, disk_sync_32_us: disk::sync_us(32).await? })
}

fn redis(url: String) -> EventsConfig {
    EventsConfig {
        kind: Kind::Redis,
        redis: RedisSection { url, ..RedisSection::default() },
        ..EventsConfig::default()
    }
}

async fn of(bus: &'static str, engine: &Engine, components: &Path, config: EventsConfig, quick: bool) -> Result<Row> {
    let folder = tempfile::tempdir()?;
    // A tenant's quota is not what is measured.
    let limits = Limits { events_per_second: 1_000_000, burst: 1_000_000, ..Limits::default() };
    let config = EventsConfig { limits, ..config };
    let databases = DatabasesConfig::embedded(folder.path().join("sql"));
    let house = House::open(engine, components, databases, &config, folder.path()).await?;
    let (watch, mut handled) = Watch::new(house.events.service_handler(&house.services));
    house.release("stock").await?;
    house.release("tally").await?;
    house.events.start_with(Arc::new(watch));
    let tenants: Vec<TenantId> =
        (0..TENANTS).map(|number| format!("tenant-{number}").parse()).collect::<Result<_, _>>()?;
    for tenant in &tenants {
        house.fill(tenant).await?;
    }
    let latency = latency(&house, &tenants, &mut handled, seconds(quick)).await?;
    let (published, throughput) = throughput(&house, &tenants, &mut handled, seconds(quick)).await?;
    check(&house, &tenants, published + latency.events).await?;
    house.close().await;
    let ms = |times: &Histogram<u64>, quantile| times.value_at_quantile(quantile) as f64 / 1e3;
    Ok(Row {
        bus,
        per_s: throughput.per_s,
        published_per_s: throughput.published_per_s,
        p50_ms: ms(&latency.from_call, 0.5),
        p99_ms: ms(&latency.from_call, 0.99),
        from_commit_p50_ms: ms(&latency.from_commit, 0.5),
        from_commit_p99_ms: ms(&latency.from_commit, 0.99),
    })
}

const fn seconds(quick: bool) -> Duration {
    Duration::from_secs(if quick { 4 } else { 15 })
}

struct Latency {
    events: u64,
    from_call: Histogram<u64>,
    from_commit: Histogram<u64>,
}

/// One event every [`PACE`], whether those before it are handled or not.
async fn latency(house: &House, tenants: &[TenantId], handled: &mut Handled, duration: Duration) -> Result<Latency> {
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(PACE);
    let mut calls = tokio::task::JoinSet::new();
    let mut events = 0;
    while begun.elapsed() < duration {
        ticks.tick().await;
        let tenant = tenants.get(events as usize % tenants.len()).context("there are tenants")?;
        let publish = house.shelf("publish", tenant)?;
        let number = events;
        calls.spawn(async move {
            let called = Instant::now();
            publish.run(number, 1).await?;
            anyhow::Ok((number, called, Instant::now()))
        });
        events += 1;
    }
    let mut latency = Latency { events: events.into(), from_call: Histogram::new(3)?, from_commit: Histogram::new(3)? };
    let ends = handled.take(events.into(), PATIENCE).await?;
    // The first ones make databases and instances.
    let counted = events / 10;
    for call in calls.join_all().await {
        let (number, called, committed) = call?;
        let end = ends.get(&number).with_context(|| format!("event {number} was not handled"))?;
        if number >= counted {
            latency.from_call.record(micros(end.duration_since(called))?)?;
            latency.from_commit.record(micros(end.saturating_duration_since(committed))?)?;
        }
    }
    Ok(latency)
}

fn micros(duration: Duration) -> Result<u64> {
    Ok(u64::try_from(duration.as_micros())?)
}

struct Throughput {
    per_s: f64,
    published_per_s: f64,
}

/// Each publisher publishes its next event when the one before was acknowledged; then all that is left is handled.
async fn throughput(
    house: &House,
    tenants: &[TenantId],
    handled: &mut Handled,
    duration: Duration,
) -> Result<(u64, Throughput)> {
    let begun = Instant::now();
    let mut publishers = tokio::task::JoinSet::new();
    for (at, tenant) in (0..PUBLISHERS).flat_map(|_| tenants).enumerate() {
        let publish = house.shelf("publish", tenant)?;
        let step = TENANTS * PUBLISHERS;
        let mut number = u32::try_from(at)?;
        publishers.spawn(async move {
            let mut count = 0_u64;
            while begun.elapsed() < duration {
                publish.run(number, 1).await?;
                number = number.wrapping_add(step);
                count += 1;
            }
            anyhow::Ok(count)
        });
    }
    // Handled events are counted while they come: what is published is known only at the end.
    let mut published = 0;
    for count in publishers.join_all().await {
        published += count?;
    }
    let published_per_s = published as f64 / begun.elapsed().as_secs_f64();
    let last = handled.last_of(published, PATIENCE).await?;
    let per_s = published as f64 / last.duration_since(begun).as_secs_f64();
    Ok((published, Throughput { per_s, published_per_s }))
}

/// Every event had its effect, once.
async fn check(house: &House, tenants: &[TenantId], published: u64) -> Result<()> {
    let mut sum = 0;
    for tenant in tenants {
        let tally = house.database(tenant, "tally").await?;
        let deadline = Instant::now() + PATIENCE;
        let rows = tally.query("SELECT coalesce(sum(events), 0) FROM tally", &[], deadline).await.map_err(failed)?;
        let Some(Value::Integer(events)) = rows.rows.first().and_then(|row| row.first()) else { continue };
        sum += events.unsigned_abs();
    }
    ensure!(sum == published, "{published} events were published and {sum} had their effect");
    Ok(())
}
