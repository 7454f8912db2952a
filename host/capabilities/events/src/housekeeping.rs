//! What has to be done now and then: declare again, measure, retire, forget.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::bus::BusError;
use crate::clock::{ms, now_ms};
use crate::events::Inner;
use crate::meters;

/// How often lag is measured, and what could not be declared is declared.
const TICK: Duration = Duration::from_secs(5);
/// How often subscriptions are said to be wanted, and those that nobody wants are looked for.
const HOUR: Duration = Duration::from_hours(1);

/// Runs until it is cancelled.
pub(crate) async fn run(inner: Arc<Inner>, stop: CancellationToken) {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut declared = Vec::new();
    let mut hour_at = Instant::now() + HOUR;
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let hourly = Instant::now() >= hour_at;
        if hourly {
            hour_at = Instant::now() + HOUR;
        }
        if let Err(error) = keep(&inner, &mut declared, hourly).await {
            tracing::debug!(%error, "event bus is not reachable");
        }
        if hourly {
            forget(&inner).await;
        }
    }
}

async fn keep(inner: &Inner, declared: &mut Vec<crate::bus::Route>, hourly: bool) -> Result<(), BusError> {
    let routes = inner.routes();
    if hourly || routes != *declared {
        inner.bus.declare(&routes).await?;
        *declared = routes;
    }
    let now_ms = now_ms();
    for lag in inner.bus.lag().await? {
        meters::lag(&lag, now_ms);
    }
    if hourly {
        for name in inner.bus.undeclared_since(now_ms - ms(inner.limits.orphans())).await? {
            tracing::warn!(subscription = %name, "no release wants this subscription any more; it is taken away");
            inner.bus.retire(&name).await?;
        }
    }
    Ok(())
}

/// Inboxes need not remember what can come no more: twice as long as outboxes keep it.
async fn forget(inner: &Inner) {
    let before_ms = now_ms() - 2 * ms(inner.limits.retention());
    let subscribers: std::collections::BTreeSet<_> =
        inner.routes().iter().filter_map(|route| crate::store::service_of(&route.name).ok()).collect();
    let places = inner.store.known().await.unwrap_or_default();
    for place in places.into_iter().filter(|(_, service)| subscribers.contains(service)) {
        if let Err(fault) = inner.store.prune(&place, before_ms).await {
            tracing::warn!(%fault, "an inbox cannot be tidied");
        }
    }
}
