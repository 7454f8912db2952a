//! A circuit breaker for each host that a service asks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::breaker::{Breaker, Pass, Terms, Verdict};
use crate::target::Target;

/// Hosts that are remembered: a pattern with `*.` covers any number.
const HOSTS: u64 = 1_024;
/// How long a host is that nobody asks.
const IDLE: Duration = Duration::from_mins(10);

/// Those of one service's release.
pub(crate) struct Breakers {
    terms: Terms,
    hosts: Cache<Target, Arc<Mutex<Breaker>>>,
}

impl Breakers {
    pub(crate) fn new(terms: Terms) -> Self {
        Self { terms, hosts: Cache::builder().max_capacity(HOSTS).time_to_idle(IDLE).build() }
    }

    /// Asks for an attempt; none where the host is left alone.
    pub(crate) fn admit(&self, target: &Target) -> Option<Attempt> {
        let breaker = self.hosts.get_with_by_ref(target, || Arc::new(Mutex::new(Breaker::new(self.terms))));
        let pass = breaker.lock().unwrap_or_else(PoisonError::into_inner).admit(Instant::now())?;
        Some(Attempt { breaker, pass, verdict: Verdict::Unknown })
    }
}

/// An attempt under way. Dropped, it tells the breaker how it ended; one that nobody waited for says nothing.
pub(crate) struct Attempt {
    breaker: Arc<Mutex<Breaker>>,
    pass: Pass,
    verdict: Verdict,
}

impl Attempt {
    pub(crate) fn end(mut self, verdict: Verdict) {
        self.verdict = verdict;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        breaker.settle(self.pass, self.verdict, Instant::now());
    }
}
