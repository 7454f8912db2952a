//! Where the time goes, for those who ask.

use crate::bindings::exports::fondaco::pricing::quotes::Timing;
use crate::ports::Clock;

/// Measures stages that follow each other. Without being asked to, it never looks at the clock.
pub(crate) struct Stopwatch<'a, C> {
    clock: &'a C,
    running: Option<Running>,
}

struct Running {
    since: u64,
    timings: Vec<Timing>,
}

impl<'a, C: Clock> Stopwatch<'a, C> {
    pub(crate) fn start(clock: &'a C, asked: bool) -> Self {
        let running = asked.then(|| Running { since: clock.nanos(), timings: Vec::with_capacity(12) });
        Self { clock, running }
    }

    /// The stage that began with the last lap (or the start) is over.
    pub(crate) fn lap(&mut self, stage: &str) {
        if let Some(running) = &mut self.running {
            let now = self.clock.nanos();
            let nanos = now.saturating_sub(running.since);
            running.timings.push(Timing { stage: stage.to_owned(), nanos });
            running.since = now;
        }
    }

    pub(crate) fn stop(self) -> Option<Vec<Timing>> {
        self.running.map(|running| running.timings)
    }
}
