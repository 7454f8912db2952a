//! A circuit breaker: a host that fails again and again is left alone for a while, and then asked once.
//!
//! Plain logic over a clock that is handed in. Not a crate: the kept ones bring their own clock, futures or locks for
//! what are three states.

use std::time::{Duration, Instant};

/// When it opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// Failures in a row.
    pub(crate) failures: u32,
    /// How long nobody is let through.
    pub(crate) rest: Duration,
}

/// Of one service and one host.
#[derive(Debug)]
pub(crate) struct Breaker {
    terms: Terms,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// All are let through; so many failed in a row.
    Closed(u32),
    /// Nobody is, until then.
    Open(Instant),
    /// One is under way whose end decides.
    Trying,
}

/// The right to make one attempt, to be handed back with how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// One of many.
    Ordinary,
    /// The one that decides.
    Probe,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The host answered.
    Well,
    /// It did not, or said that it can't.
    Ill,
    /// Nothing that speaks for or against the host.
    Unknown,
}

impl Breaker {
    pub(crate) fn new(terms: Terms) -> Self {
        Self { terms, state: State::Closed(0) }
    }

    /// Asks for an attempt; none where the host is left alone.
    pub(crate) fn admit(&mut self, now: Instant) -> Option<Pass> {
        match self.state {
            State::Closed(_) => Some(Pass::Ordinary),
            State::Open(until) if now >= until => {
                self.state = State::Trying;
                Some(Pass::Probe)
            }
            State::Open(_) | State::Trying => None,
        }
    }

    /// Takes an attempt back. One that began before the breaker opened says nothing of how the host is now.
    pub(crate) fn settle(&mut self, pass: Pass, verdict: Verdict, now: Instant) {
        self.state = match (self.state, pass, verdict) {
            (State::Closed(_), _, Verdict::Well) | (State::Trying, Pass::Probe, Verdict::Well) => State::Closed(0),
            (State::Closed(failures), _, Verdict::Ill) if failures + 1 < self.terms.failures => {
                State::Closed(failures + 1)
            }
            (State::Closed(_), _, Verdict::Ill) | (State::Trying, Pass::Probe, Verdict::Ill) => {
                State::Open(now + self.terms.rest)
            }
            // The next one tries.
            (State::Trying, Pass::Probe, Verdict::Unknown) => State::Open(now),
            (state, _, _) => state,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms { failures: 3, rest: Duration::from_secs(5) };

    /// What happens at a second, and what is seen.
    enum Step {
        /// An attempt is asked for, and this is the answer.
        Ask(u64, Option<Pass>),
        /// One ends.
        End(u64, Pass, Verdict),
    }
    use Pass::{Ordinary, Probe};
    use Step::{Ask, End};
    use Verdict::{Ill, Unknown, Well};

    fn run(name: &str, steps: &[Step]) {
        let start = Instant::now();
        let at = |second: &u64| start + Duration::from_secs(*second);
        let mut breaker = Breaker::new(TERMS);
        for (number, step) in steps.iter().enumerate() {
            match step {
                Ask(second, expected) => assert_eq!(breaker.admit(at(second)), *expected, "{name}, step {number}"),
                End(second, pass, verdict) => breaker.settle(*pass, *verdict, at(second)),
            }
        }
    }

    #[test]
    fn the_table() {
        let open = || [End(0, Ordinary, Ill), End(0, Ordinary, Ill), End(0, Ordinary, Ill)];
        let after_opening = |steps: Vec<Step>| open().into_iter().chain(steps).collect::<Vec<_>>();
        for (name, steps) in [
            ("two failures do not open it", vec![End(0, Ordinary, Ill), End(0, Ordinary, Ill), Ask(0, Some(Ordinary))]),
            (
                "a success between begins the count anew",
                vec![
                    End(0, Ordinary, Ill),
                    End(0, Ordinary, Ill),
                    End(0, Ordinary, Well),
                    End(0, Ordinary, Ill),
                    End(0, Ordinary, Ill),
                    Ask(0, Some(Ordinary)),
                ],
            ),
            (
                "what says nothing does not count",
                vec![
                    End(0, Ordinary, Ill),
                    End(0, Ordinary, Unknown),
                    End(0, Ordinary, Ill),
                    Ask(0, Some(Ordinary)),
                    End(0, Ordinary, Ill),
                    Ask(0, None),
                ],
            ),
            ("three open it for its rest", after_opening(vec![Ask(0, None), Ask(4, None), Ask(5, Some(Probe))])),
            ("one tries at a time", after_opening(vec![Ask(5, Some(Probe)), Ask(5, None), Ask(60, None)])),
            (
                "a good try closes it, with nothing held against it",
                after_opening(vec![
                    Ask(5, Some(Probe)),
                    End(6, Probe, Well),
                    Ask(6, Some(Ordinary)),
                    End(6, Ordinary, Ill),
                    End(6, Ordinary, Ill),
                    Ask(6, Some(Ordinary)),
                ]),
            ),
            (
                "a bad try opens it again, from then on",
                after_opening(vec![Ask(5, Some(Probe)), End(7, Probe, Ill), Ask(11, None), Ask(12, Some(Probe))]),
            ),
            (
                "a try that was given up lets the next one try",
                after_opening(vec![Ask(5, Some(Probe)), End(6, Probe, Unknown), Ask(6, Some(Probe))]),
            ),
            (
                "what began before does not close it",
                after_opening(vec![
                    End(1, Ordinary, Well),
                    Ask(1, None),
                    Ask(5, Some(Probe)),
                    End(5, Ordinary, Well),
                    End(5, Ordinary, Ill),
                    Ask(5, None),
                    End(6, Probe, Well),
                    Ask(6, Some(Ordinary)),
                ]),
            ),
        ] {
            run(name, &steps);
        }
    }
}
