//! Events a second, durable, and the time from publish to handled.
//!
//! ```console
//! cargo run --release -p fondaco-events --example throughput -- [redis://127.0.0.1:6379] [--json]
//! ```
//!
//! With an address it measures Redis, otherwise the embedded bus. Appends are what relays do: many at a time, each
//! waiting until its events are durable (embedded: synced; Redis: as its own configuration says). Latency is over the
//! whole way: unit of work with outbox, relay, bus, handler with inbox row, one event at a time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fondaco_engine::Fault;
use fondaco_events::bus::embedded::EmbeddedBus;
use fondaco_events::bus::redis::{RedisBus, RedisConfig};
use fondaco_events::bus::{Bus, Route};
use fondaco_events::{Attempt, Backoff, Draft, Effect, Event, Events, Limits, Subscription};
use fondaco_sql::{Databases, DatabasesConfig, Work};
use hdrhistogram::Histogram;
use tokio::sync::mpsc;

const TYPE: &str = "fondaco.bench.done.v1";
const QUEUE: &str = "bench/fondaco.bench.*";
const PUBLISHERS: u32 = 64;
const SECONDS: u64 = 5;
const SAMPLES: u32 = 500;

fn draft(key: u32) -> Draft {
    let data = r#"{"sku":"mug-blue","changed":["price","name"],"at":1700000000000}"#;
    Draft { ty: TYPE.into(), subject: None, partition_key: Some(format!("k{key}")), data: data.into() }
}

fn event(key: u32) -> Arc<Event> {
    let now = jiff::Timestamp::now().as_millisecond();
    Arc::new(Event::new(draft(key), "acme".parse().unwrap(), "/services/bench".into(), now, 65_536).unwrap())
}

fn subscription() -> Subscription {
    Subscription {
        name: QUEUE.parse().unwrap(),
        service: "bench".parse().unwrap(),
        pattern: "fondaco.bench.*".parse().unwrap(),
        ordered: true,
        max_attempts: 3,
        concurrency: 8,
        backoff: Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(1) },
        timeout: Duration::from_secs(10),
    }
}

async fn open(folder: &std::path::Path, redis: Option<&str>) -> Arc<dyn Bus> {
    match redis {
        None => Arc::new(EmbeddedBus::open(folder).await.unwrap()),
        Some(url) => {
            let prefix = format!("bench-{}", std::process::id());
            Arc::new(RedisBus::new(&RedisConfig { prefix, ..RedisConfig::new(url) }).unwrap())
        }
    }
}

/// Events a second that `PUBLISHERS` append, one each at a time, each durable before the next.
async fn append(bus: &Arc<dyn Bus>) -> f64 {
    let subscription = subscription();
    bus.declare(&[Route { name: subscription.name, pattern: subscription.pattern }]).await.unwrap();
    let generation = bus.generation().borrow().clone().unwrap_or_default();
    let until = Instant::now() + Duration::from_secs(SECONDS);
    let mut publishers = tokio::task::JoinSet::new();
    for key in 0..PUBLISHERS {
        let (bus, generation) = (Arc::clone(bus), generation.clone());
        publishers.spawn(async move {
            let mut count = 0_u64;
            while Instant::now() < until {
                bus.append(&generation, &[event(key)]).await.unwrap();
                count += 1;
            }
            count
        });
    }
    let total: u64 = publishers.join_all().await.into_iter().sum();
    bus.retire(&QUEUE.parse().unwrap()).await.unwrap();
    total as f64 / SECONDS as f64
}

struct Tell(mpsc::UnboundedSender<Instant>);

#[async_trait]
impl Effect for Tell {
    async fn apply(&self, _work: &mut Work, _attempt: &Attempt) -> Result<(), Fault> {
        self.0.send(Instant::now()).map_err(|_| Fault::internal("nobody listens"))
    }
}

/// From the beginning of a publisher's unit of work to the handler's effect, in ms: p50 and p99.
async fn latency(bus: Arc<dyn Bus>, folder: &std::path::Path) -> (f64, f64) {
    let databases = Databases::open(DatabasesConfig::embedded(folder.join("sql"))).await.unwrap();
    let events = Events::with_bus(bus, databases.clone(), Limits::default());
    let (tell, mut handled) = mpsc::unbounded_channel();
    events.subscribe(subscription()).await.unwrap();
    events.start_with(Arc::new(events.native_handler(Tell(tell))));
    let shop = databases.of(&"acme".parse().unwrap(), &"shop".parse().unwrap()).await.unwrap();
    let mut times = Histogram::<u64>::new(3).unwrap();
    for number in 0..SAMPLES {
        let begun = Instant::now();
        let mut work = shop.begin(begun + Duration::from_secs(10)).await.unwrap();
        events.publish(&mut work, shop.tenant(), shop.service(), draft(number % 8)).await.unwrap();
        work.commit().await.unwrap();
        let at = handled.recv().await.unwrap();
        if number >= SAMPLES / 10 {
            times.record(u64::try_from((at - begun).as_micros()).unwrap()).unwrap();
        }
    }
    events.stop(Duration::from_secs(10)).await;
    databases.close().await;
    (times.value_at_quantile(0.5) as f64 / 1e3, times.value_at_quantile(0.99) as f64 / 1e3)
}

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let redis = arguments.iter().find(|argument| argument.starts_with("redis")).map(String::as_str);
    let folder = tempfile::tempdir().unwrap();
    let bus = open(&folder.path().join("bus"), redis).await;
    let per_second = append(&bus).await;
    let (p50, p99) = latency(bus, folder.path()).await;
    let kind = if redis.is_some() { "redis" } else { "embedded" };
    if arguments.iter().any(|argument| argument == "--json") {
        let figures = serde_json::json!({
            format!("events_per_s_{kind}"): per_second.round(),
            "publish_to_handled_p50_ms": p50,
            "publish_to_handled_p99_ms": p99,
        });
        println!("{figures}");
    } else {
        println!(
            "{kind}: {per_second:.0} events/s appended by {PUBLISHERS}; publish to handled p50 {p50:.2} ms, p99 {p99:.2} ms"
        );
    }
}
