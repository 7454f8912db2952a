//! How long to wait before trying again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// Waits that double from attempt to attempt, with jitter on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first attempt.
    pub first: Duration,
    /// No wait is longer, jitter aside.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after so many failed attempts, 1 or more. Jitter adds up to the same again, so that what failed together
    /// is not tried together again.
    pub fn after(self, attempts: u32) -> Duration {
        let attempts = usize::try_from(attempts).unwrap_or(usize::MAX).clamp(1, MOST_DOUBLINGS);
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(self.first)
            .with_max_delay(self.longest)
            .with_factor(2.0)
            .with_max_times(MOST_DOUBLINGS)
            .with_jitter()
            .build();
        waits.nth(attempts - 1).unwrap_or(self.longest)
    }
}

/// From 1 ms on, this many doublings are longer than any wait.
const MOST_DOUBLINGS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(1) };
        for (attempts, expected) in [(0, 100), (1, 100), (2, 200), (3, 400), (4, 800), (5, 1_000), (99, 1_000)] {
            let wait = backoff.after(attempts);
            let least = Duration::from_millis(expected);
            assert!((least..=2 * least).contains(&wait), "{attempts}: {wait:?}");
        }
        assert!(backoff.after(u32::MAX) <= Duration::from_secs(2));
    }
}
