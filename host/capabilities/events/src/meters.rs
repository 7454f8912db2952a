//! What is counted. Labels are names of services and subscriptions, which manifests bound; never tenants.

use std::time::Duration;

use fondaco_engine::ServiceName;
use metrics::{counter, gauge, histogram};

use crate::bus::Lag;
use crate::subscription::SubscriptionName;

/// A service published.
pub(crate) fn published(service: &ServiceName) {
    counter!("fondaco_events_published_total", "service" => service.as_str().to_owned()).increment(1);
}

/// A service was refused to publish.
pub(crate) fn refused(service: &ServiceName, reason: &str) {
    counter!("fondaco_events_refused_total", "service" => service.as_str().to_owned(), "reason" => reason.to_owned())
        .increment(1);
}

/// Events went from outboxes to the bus.
pub(crate) fn relayed(events: usize) {
    counter!("fondaco_events_relayed_total").increment(events as u64);
}

/// A subscription's counts, found once.
pub(crate) struct LaneMeters {
    handled: metrics::Counter,
    repeated: metrics::Counter,
    failed: metrics::Counter,
    postponed: metrics::Counter,
    dead: metrics::Counter,
    latency: metrics::Histogram,
}

impl LaneMeters {
    pub(crate) fn of(name: &SubscriptionName) -> Self {
        let counter = |what: &'static str| counter!(what, "subscription" => name.as_str().to_owned());
        Self {
            handled: counter("fondaco_events_handled_total"),
            repeated: counter("fondaco_events_repeated_total"),
            failed: counter("fondaco_events_failed_total"),
            postponed: counter("fondaco_events_postponed_total"),
            dead: counter("fondaco_events_dead_lettered_total"),
            latency: histogram!("fondaco_events_publish_to_handled_seconds", "subscription" => name.as_str().to_owned()),
        }
    }

    pub(crate) fn handled(&self, since_published: Duration) {
        self.handled.increment(1);
        self.latency.record(since_published.as_secs_f64());
    }

    /// It had been handled before.
    pub(crate) fn repeated(&self) {
        self.repeated.increment(1);
    }

    pub(crate) fn failed(&self) {
        self.failed.increment(1);
    }

    /// It could not be tried: no release serves, the database is away.
    pub(crate) fn postponed(&self) {
        self.postponed.increment(1);
    }

    pub(crate) fn dead(&self) {
        self.dead.increment(1);
    }
}

/// How far subscriptions are behind.
pub(crate) fn lag(lag: &Lag, now_ms: i64) {
    let name = lag.name.as_str().to_owned();
    let seconds = lag.oldest_ms.map_or(0.0, |oldest| crate::clock::until(oldest, now_ms).as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "a gauge")]
    gauge!("fondaco_events_lag", "subscription" => name.clone()).set(lag.events as f64);
    gauge!("fondaco_events_lag_seconds", "subscription" => name).set(seconds);
}
