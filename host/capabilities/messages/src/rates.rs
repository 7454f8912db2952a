//! How many messages a tenant may send.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use fondaco_engine::{Code, Fault, TenantId};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Limits;

/// Tenants that have not sent for a while are forgotten after so many messages.
const TIDY_EVERY: u32 = 1_024;

/// Rates by tenant, on this host.
#[derive(Debug)]
pub(crate) struct Rates {
    limiter: DefaultKeyedRateLimiter<TenantId>,
    per_minute: u32,
    count: AtomicU32,
}

impl Rates {
    pub(crate) fn new(limits: &Limits) -> Self {
        let at_least_one = |value| NonZeroU32::new(value).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(at_least_one(limits.per_minute)).allow_burst(at_least_one(limits.burst));
        Self { limiter: RateLimiter::keyed(quota), per_minute: limits.per_minute, count: AtomicU32::new(0) }
    }

    /// Counts a message to so many people; `MESSAGE_RATE_EXCEEDED` if that is too many.
    pub(crate) fn take(&self, tenant: &TenantId, recipients: usize) -> Result<(), Fault> {
        if self.count.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.limiter.retain_recent();
        }
        let people = u32::try_from(recipients).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let exceeded = |wait_ms: Option<u128>| {
            let message = format!("tenant `{tenant}` may send {} messages a minute; try again", self.per_minute);
            let fault = Fault::new(Code::ResourceExhausted, "MESSAGE_RATE_EXCEEDED", message);
            match wait_ms {
                Some(wait_ms) => fault.with("retry-after-ms", wait_ms.max(1).to_string()),
                None => fault,
            }
        };
        match self.limiter.check_key_n(tenant, people) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => Err(exceeded(Some(until.wait_time_from(DefaultClock::default().now()).as_millis()))),
            // More than could ever go at once.
            Err(_) => Err(exceeded(None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_its_own_rate_and_people_count() {
        let rates = Rates::new(&Limits { per_minute: 1, burst: 10, ..Limits::default() });
        let (acme, other) = ("acme".parse().unwrap(), "other".parse().unwrap());
        assert!(rates.take(&acme, 7).is_ok());
        assert!(rates.take(&acme, 3).is_ok());
        let fault = rates.take(&acme, 1).unwrap_err();
        assert_eq!((fault.reason.as_ref(), fault.code), ("MESSAGE_RATE_EXCEEDED", Code::ResourceExhausted));
        assert!(fault.detail("retry-after-ms").is_some());
        assert!(rates.take(&other, 10).is_ok());
        assert_eq!(rates.take(&other, 11).unwrap_err().detail("retry-after-ms"), None);
    }
}
