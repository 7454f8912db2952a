//! The clock that running code is interrupted by.
//!
//! One thread a process advances the epoch of all engines; code compiled with epochs compares it with its deadline at
//! every loop and function entry. A thread and not a timer of the async runtime: it must go on when every worker of
//! the runtime is busy in a guest, which is just when it is needed.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::EngineWeak;

use crate::EngineError;

/// Something small to do once a second: housekeeping of warm instances.
pub(crate) type Chore = Box<dyn FnMut() -> bool + Send>;

/// The thread. Stops when this is dropped.
pub(crate) struct Ticker {
    orders: Option<Sender<Chore>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Advances the epoch of `engines` every `tick`.
    pub(super) fn start(tick: Duration, engines: Vec<EngineWeak>) -> Result<Self, EngineError> {
        let tick = tick.max(Duration::from_millis(1));
        let (orders, inbox) = channel::<Chore>();
        let run = move || {
            let mut chores: Vec<Chore> = Vec::new();
            let each_second = Duration::from_secs(1).as_nanos().div_ceil(tick.as_nanos());
            let mut count = 0_u128;
            loop {
                match inbox.recv_timeout(tick) {
                    Ok(chore) => chores.push(chore),
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {}
                }
                for engine in engines.iter().filter_map(EngineWeak::upgrade) {
                    engine.increment_epoch();
                }
                count += 1;
                if count.is_multiple_of(each_second) {
                    chores.retain_mut(|chore| chore());
                }
            }
        };
        let thread = std::thread::Builder::new().name("fondaco-epoch".to_owned()).spawn(run);
        Ok(Self { orders: Some(orders), thread: Some(thread.map_err(EngineError::Ticker)?) })
    }

    /// Does `chore` about once a second from now on, until it answers false.
    pub(crate) fn each_second(&self, chore: Chore) {
        // The thread ends only when this is dropped, so there is somebody at the other end.
        let _ = self.orders.as_ref().map(|orders| orders.send(chore));
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the epoch ticker had panicked");
        }
    }
}

/// How many ticks it takes until `wall` has surely passed: one more, because the next may come at once.
pub(super) fn ticks(wall: Duration, tick: Duration) -> u64 {
    // On every call's path, therefore in 64 bits: 500 000 years of microseconds.
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX / 2);
    micros(wall).div_ceil(micros(tick).max(1)).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_never_comes_early() {
        let tick = Duration::from_millis(10);
        assert_eq!(ticks(Duration::ZERO, tick), 1);
        assert_eq!(ticks(Duration::from_millis(10), tick), 2);
        assert_eq!(ticks(Duration::from_millis(11), tick), 3);
    }
}
