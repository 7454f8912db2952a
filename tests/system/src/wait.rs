//! Waiting for a condition with a deadline: never a fixed sleep in place of a condition.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Between two looks. Short enough not to matter, long enough not to take the host's processor.
const BETWEEN: Duration = Duration::from_millis(20);

/// Looks again and again until `look` answers `Ok`; panics with its last `Err` at the deadline.
pub async fn until<T, E: Debug>(what: &str, deadline: Duration, mut look: impl AsyncFnMut() -> Result<T, E>) -> T {
    let started = Instant::now();
    loop {
        match look().await {
            Ok(found) => return found,
            Err(last) => assert!(started.elapsed() < deadline, "waited {deadline:?} for {what}; last seen: {last:?}"),
        }
        tokio::time::sleep(BETWEEN).await;
    }
}
