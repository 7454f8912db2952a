//! How many events a tenant may publish.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fondaco_engine::{Code, Fault, TenantId};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Limits;

/// Tenants that have not published for a while are forgotten after so many events.
const TIDY_EVERY: u32 = 4_096;

/// Rates by tenant, on this host.
#[derive(Debug)]
pub(crate) struct Rates {
    limiter: DefaultKeyedRateLimiter<TenantId>,
    per_second: u32,
    count: AtomicU32,
}

impl Rates {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        let at_least_one = |value| NonZeroU32::new(value).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(limits.events_per_second)).allow_burst(at_least_one(limits.burst));
        Arc::new(Self {
            limiter: RateLimiter::keyed(quota),
            per_second: limits.events_per_second,
            count: AtomicU32::new(0),
        })
    }

    /// Counts one event; `EVENT_RATE_EXCEEDED` if that is too many.
    pub(crate) fn take(&self, tenant: &TenantId) -> Result<(), Fault> {
        if self.count.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(tenant).map_err(|until| {
            let wait_ms = until.wait_time_from(DefaultClock::default().now()).as_millis();
            let message = format!("tenant `{tenant}` may publish {} events a second; try again", self.per_second);
            Fault::new(Code::ResourceExhausted, "EVENT_RATE_EXCEEDED", message)
                .with("retry-after-ms", wait_ms.max(1).to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_its_own_rate() {
        let rates = Rates::new(&Limits { events_per_second: 1, burst: 3, ..Limits::default() });
        let (acme, other) = ("acme".parse().unwrap(), "other".parse().unwrap());
        let taken = (0..10).take_while(|_| rates.take(&acme).is_ok()).count();
        assert!((3..=4).contains(&taken), "{taken}");
        let fault = rates.take(&acme).unwrap_err();
        assert_eq!((fault.reason.as_ref(), fault.code), ("EVENT_RATE_EXCEEDED", Code::ResourceExhausted));
        assert!(rates.take(&other).is_ok());
    }
}
