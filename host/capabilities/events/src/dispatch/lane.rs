//! One subscription on this host: from its queue through its schedule to its handler, and back.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fondaco_engine::Fault;
use futures::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::handler::{Attempt, Handler, Outcome};
use super::schedule::{Schedule, Start, Token};
use crate::backoff::Backoff;
use crate::bus::{Bus, Received};
use crate::clock::{ms, now_ms, until};
use crate::event::Event;
use crate::meters::LaneMeters;
use crate::store::Store;
use crate::subscription::Subscription;

/// The wait before an event is tried again that could not be tried.
const NOT_NOW: Backoff = Backoff { first: Duration::from_millis(300), longest: Duration::from_millis(600) };
/// A host that has nothing due looks at its clock again after this long at the latest.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

pub(super) struct Lane {
    terms: watch::Receiver<Arc<Subscription>>,
    post: Arc<Post>,
}

/// What an attempt needs.
struct Post {
    bus: Arc<dyn Bus>,
    store: Store,
    handler: Arc<dyn Handler>,
    meters: LaneMeters,
}

/// What is to become of an entry.
#[derive(Debug)]
enum Verdict {
    /// It is settled.
    Done,
    /// It is to be tried again.
    Later { attempts: u32, due_ms: i64 },
}

impl Lane {
    pub(super) fn new(
        bus: &Arc<dyn Bus>,
        store: &Store,
        handler: &Arc<dyn Handler>,
        terms: watch::Receiver<Arc<Subscription>>,
    ) -> Self {
        let meters = LaneMeters::of(&terms.borrow().name);
        let post = Post { bus: Arc::clone(bus), store: store.clone(), handler: Arc::clone(handler), meters };
        Self { terms, post: Arc::new(post) }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut subscription = Arc::clone(&self.terms.borrow_and_update());
        let mut queue = self.post.bus.queue(&subscription.name);
        let mut schedule = Schedule::new(subscription.ordered, subscription.concurrency);
        let mut running: JoinSet<(Token, Verdict)> = JoinSet::new();
        let mut is_open = true;
        loop {
            while let Some(start) = schedule.start(now_ms()) {
                let (post, subscription) = (Arc::clone(&self.post), Arc::clone(&subscription));
                running.spawn(async move { (start.token, post.attempt(&subscription, start).await) });
            }
            let sleep = schedule.next_due_ms().map_or(LONGEST_SLEEP, |due_ms| until(now_ms(), due_ms));
            let asleep = tokio::time::sleep(sleep.min(LONGEST_SLEEP));
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = running.join_next() => finish(&mut schedule, ended),
                received = queue.receive(), if is_open && schedule.has_room() => match received {
                    Some(received) => take_in(&mut schedule, received),
                    None => is_open = false,
                },
                Ok(()) = self.terms.changed() => {
                    subscription = Arc::clone(&self.terms.borrow_and_update());
                    schedule.set_concurrency(subscription.concurrency);
                }
                () = asleep, if schedule.running() < subscription.concurrency => {}
            }
        }
        // What has begun ends well, and is settled; the rest comes again after the next start.
        while let Some(ended) = running.join_next().await {
            finish(&mut schedule, ended);
        }
    }
}

fn take_in(schedule: &mut Schedule, received: Received) {
    let now_ms = now_ms();
    match received {
        Received::Entries(entries) => {
            for entry in entries {
                schedule.add(entry, now_ms);
            }
        }
        Received::Revoked(partition) => schedule.revoke(partition, now_ms),
    }
}

fn finish(schedule: &mut Schedule, ended: Result<(Token, Verdict), tokio::task::JoinError>) {
    match ended {
        Ok((token, Verdict::Done)) => schedule.finish(token, now_ms()),
        Ok((token, Verdict::Later { attempts, due_ms })) => schedule.retry(token, attempts, due_ms, now_ms()),
        // Attempts catch panics, and nobody aborts them.
        Err(error) => tracing::error!(%error, "an attempt was lost"),
    }
}

impl Post {
    async fn attempt(&self, subscription: &Arc<Subscription>, start: Start) -> Verdict {
        let event = match start.event.clone() {
            Some(event) => event,
            None => match self.bus.fetch(&subscription.name, start.receipt).await {
                Ok(Some(event)) => event,
                Ok(None) => return Verdict::Done,
                Err(_away) => return not_now(start.attempts),
            },
        };
        let number = start.attempts.saturating_add(1);
        let attempt = Attempt {
            subscription: Arc::clone(subscription),
            event: Arc::clone(&event),
            number,
            deadline: Instant::now() + subscription.timeout,
            replay: false,
        };
        let outcome = AssertUnwindSafe(self.handler.handle(&attempt)).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|_| Outcome::Failed(Fault::internal("the handler broke down")));
        match outcome {
            Outcome::Handled => self.meters.handled(until(event.time_ms, now_ms())),
            Outcome::Repeated => self.meters.repeated(),
            Outcome::NotNow(fault) => {
                self.meters.postponed();
                tracing::debug!(subscription = %subscription.name, event = %event.id, %fault, "event must wait");
                return not_now(start.attempts);
            }
            Outcome::Failed(fault) if number < subscription.max_attempts => {
                self.meters.failed();
                return self.again(subscription, &start, &event, number, &fault).await;
            }
            Outcome::Failed(fault) | Outcome::Refused(fault) => {
                self.meters.failed();
                if let Some(verdict) = self.bury(subscription, &start, &event, number, &fault).await {
                    return verdict;
                }
            }
        }
        self.bus.settle(&subscription.name, start.receipt, event.id).await;
        Verdict::Done
    }

    /// It is tried again, after a wait.
    async fn again(
        &self,
        subscription: &Subscription,
        start: &Start,
        event: &Event,
        attempts: u32,
        fault: &Fault,
    ) -> Verdict {
        let name = &subscription.name;
        tracing::info!(subscription = %name, event = %event.id, attempts, %fault, "event was not handled");
        let due_ms = now_ms() + ms(subscription.backoff.after(attempts));
        self.bus.postpone(name, start.receipt, attempts, due_ms).await;
        Verdict::Later { attempts, due_ms }
    }

    /// It becomes a dead letter; a verdict where that can't be written.
    async fn bury(
        &self,
        subscription: &Subscription,
        start: &Start,
        event: &Event,
        attempts: u32,
        fault: &Fault,
    ) -> Option<Verdict> {
        let name = &subscription.name;
        let place = (event.tenant.clone(), subscription.service.clone());
        if let Err(problem) = self.store.bury(&place, name, event, attempts, fault).await {
            tracing::warn!(subscription = %name, event = %event.id, %problem, "dead letter cannot be written");
            return Some(not_now(start.attempts));
        }
        self.meters.dead();
        tracing::warn!(subscription = %name, event = %event.id, attempts, %fault, "event is a dead letter");
        None
    }
}

fn not_now(attempts: u32) -> Verdict {
    Verdict::Later { attempts, due_ms: now_ms() + ms(NOT_NOW.after(1)) }
}
