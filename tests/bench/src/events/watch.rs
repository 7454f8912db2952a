//! Stands in front of the handler that services have, and notes when it is done.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use async_trait::async_trait;
use fondaco_events::{Attempt, Handler, Outcome};
use tokio::sync::mpsc;

/// The handler.
pub(super) struct Watch<H> {
    inner: H,
    done: mpsc::UnboundedSender<(u32, Instant)>,
}

/// What was handled: the number of an event, and when its handler's unit of work was committed.
pub(super) struct Handled(mpsc::UnboundedReceiver<(u32, Instant)>);

impl<H> Watch<H> {
    pub(super) fn new(inner: H) -> (Self, Handled) {
        let (done, handled) = mpsc::unbounded_channel();
        (Self { inner, done }, Handled(handled))
    }
}

#[async_trait]
impl<H: Handler> Handler for Watch<H> {
    async fn handle(&self, attempt: &Attempt) -> Outcome {
        let outcome = self.inner.handle(attempt).await;
        if outcome == Outcome::Handled {
            let number = attempt.event.subject.as_deref().and_then(|subject| subject.parse().ok());
            // Nobody listens any more: the benchmark is over.
            let _over = self.done.send((number.unwrap_or(u32::MAX), Instant::now()));
        }
        outcome
    }
}

impl Handled {
    /// The next so many, by their numbers.
    pub(super) async fn take(&mut self, count: u64, patience: Duration) -> Result<HashMap<u32, Instant>> {
        let mut all = HashMap::new();
        for taken in 0..count {
            let (number, at) = self.next(taken, patience).await?;
            all.insert(number, at);
        }
        Ok(all)
    }

    /// When the last of the next so many was handled.
    pub(super) async fn last_of(&mut self, count: u64, patience: Duration) -> Result<Instant> {
        let mut last = Instant::now();
        for taken in 0..count {
            (_, last) = self.next(taken, patience).await?;
        }
        Ok(last)
    }

    async fn next(&mut self, taken: u64, patience: Duration) -> Result<(u32, Instant)> {
        let next = tokio::time::timeout(patience, self.0.recv()).await;
        next.ok().flatten().with_context(|| format!("after {taken} events no more was handled within {patience:?}"))
    }
}
