//! Who handles events: the services' components, or functions of the host.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use fondaco_engine::{Code, Fault};
use fondaco_sql::Work;

use crate::event::Event;
use crate::fail_point::fail_point;
use crate::store::{ALREADY_HANDLED, Mark, Store};
use crate::subscription::Subscription;

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
        if !attempt.replay && self.store.is_done(&place, &mark.subscription, mark.event).await.map_err(unreachable)? {
            return Err(Outcome::Repeated);
        }
        let database = self.store.databases().of(&place.0, &place.1).await.map_err(unreachable)?;
        let mut work = database.begin(attempt.deadline).await.map_err(unreachable)?;
        self.effect.apply(&mut work, attempt).await.map_err(Outcome::Failed)?;
        match self.store.mark_handled(&mut work, &mark).await {
            Err(fault) if fault.reason == ALREADY_HANDLED => return Err(Outcome::Repeated),
            result => result.map_err(unreachable)?,
        }
        fail_point!("handler-before-commit");
        work.commit().await.map_err(unreachable)?;
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
