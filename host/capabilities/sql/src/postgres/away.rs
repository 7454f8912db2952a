//! Whether a server was away when it was last asked.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often somebody tries whether a database that was away is back.
const PROBE: Duration = Duration::from_millis(100);

/// Whether a server was away, and when to try again.
pub(super) struct Away {
    base: Instant,
    is: AtomicBool,
    /// When to try again, in milliseconds after `base`.
    next: AtomicU64,
}

impl Away {
    pub(super) fn new() -> Self {
        Self { base: Instant::now(), is: AtomicBool::new(false), next: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn is(&self) -> bool {
        self.is.load(Ordering::Acquire)
    }

    pub(super) fn since_now(&self) {
        let next = self.now().saturating_add(u64::try_from(PROBE.as_millis()).unwrap_or(u64::MAX));
        self.next.store(next, Ordering::Release);
        self.is.store(true, Ordering::Release);
    }

    /// It answered. Whether it was away until now.
    pub(super) fn is_over(&self) -> bool {
        self.is.swap(false, Ordering::AcqRel)
    }

    /// Whether somebody may try: it is not known to be away, or it is time to try again.
    pub(super) fn is_due(&self) -> bool {
        !self.is() || self.now() >= self.next.load(Ordering::Acquire)
    }

    /// The same, and where it was away this caller's turn is taken: others wait for the next.
    pub(super) fn may_try(&self) -> bool {
        if !self.is() {
            return true;
        }
        let (next, now) = (self.next.load(Ordering::Acquire), self.now());
        let after = now.saturating_add(u64::try_from(PROBE.as_millis()).unwrap_or(u64::MAX));
        now >= next && self.next.compare_exchange(next, after, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}
