//! Who handles events: the services' components, or functions of the host.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fondaco_engine::{Code, Fault};
use fondaco_sql::Work;

use crate::clock::{now_ms, until};
use crate::event::Event;
use crate::fail_point::fail_point;
use crate::store::{ALREADY_HANDLED, Mark, Store};
use crate::subscription::Subscription;

/// An event that is younger is not looked up in the inbox before its first attempt. Only a host or a relay that failed
/// brings an event twice, and that takes longer; if it comes sooner all the same, the inbox's key stops the commit.
const NEW: Duration = Duration::from_secs(5);

/// One attempt at an event.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Who handles it.
    pub subscription: Arc<Subscription>,
    /// The event.
    pub event: Arc<Event>,
    /// Which attempt it is, 1 the first.
    pub number: u32,
    /// When nobody waits any more.
    pub deadline: Instant,
    /// Whether it is a dead letter that is tried again.
    pub replay: bool,
}

impl Attempt {
    /// Whether the event may have been handled before, so that it pays to look.
    pub(crate) fn may_be_repeated(&self) -> bool {
        !self.replay && (self.number > 1 || until(self.event.time_ms, now_ms()) >= NEW)
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            subscription: self.subscription.name.clone(),
            event: self.event.id,
            attempt: self.number,
            replay: self.replay,
        }
    }
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The unit of work was committed, inbox row and all.
    Handled,
    /// There was an inbox row: nothing was to be done.
    Repeated,
    /// The handler failed; this counts.
    Failed(Fault),
    /// The handler failed, and always will: a dead letter at once.
    Refused(Fault),
    /// The event's handler could not be reached: no release serves, the database is away. This does not count.
    NotNow(Fault),
}

/// Handles events.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Handles one event, in a unit of work that includes its inbox row. Ends by the attempt's deadline.
    async fn handle(&self, attempt: &Attempt) -> Outcome;
}

/// What a [`NativeHandler`] does with an event.
#[async_trait]
pub trait Effect: Send + Sync + 'static {
    /// Does it with a unit of work. On a fault nothing of it is left.
    async fn apply(&self, work: &mut Work, attempt: &Attempt) -> Result<(), Fault>;
}

/// Handlers that are functions of the host.
#[derive(Debug)]
pub struct NativeHandler<E> {
    store: Store,
    effect: E,
}

impl<E: Effect> NativeHandler<E> {
    pub(crate) fn new(store: Store, effect: E) -> Self {
        Self { store, effect }
    }

    async fn run(&self, attempt: &Attempt) -> Result<(), Outcome> {
        let place = (attempt.event.tenant.clone(), attempt.subscription.service.clone());
        let mark = attempt.mark();
        let unreachable = |fault| Outcome::NotNow(fault);
        if attempt.may_be_repeated()
            && self.store.is_done(&place, &mark.subscription, mark.event).await.map_err(unreachable)?
        {
            return Err(Outcome::Repeated);
        }
        let database = self.store.databases().of(&place.0, &place.1).await.map_err(unreachable)?;
        let mut work = database.begin(attempt.deadline).await.map_err(unreachable)?;
        self.effect.apply(&mut work, attempt).await.map_err(Outcome::Failed)?;
        let not_committed = |fault: Fault| match &*fault.reason {
            ALREADY_HANDLED => Outcome::Repeated,
            _ => Outcome::NotNow(fault),
        };
        self.store.mark_handled(&mut work, &mark).await.map_err(not_committed)?;
        fail_point!("handler-before-commit");
        work.commit().await.map_err(not_committed)?;
        fail_point!("handler-after-commit");
        Ok(())
    }
}

#[async_trait]
impl<E: Effect> Handler for NativeHandler<E> {
    async fn handle(&self, attempt: &Attempt) -> Outcome {
        match tokio::time::timeout_at(attempt.deadline.into(), self.run(attempt)).await {
            Ok(Ok(())) => Outcome::Handled,
            Ok(Err(outcome)) => outcome,
            Err(_elapsed) => {
                let message = format!("`{}` did not answer in time", attempt.subscription.name);
                Outcome::Failed(Fault::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message))
            }
        }
    }
}
