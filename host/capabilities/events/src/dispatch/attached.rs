//! Handlers of the host's own, each for subscriptions of its own, beside the one for all others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::handler::{Attempt, Handler, Outcome};
use crate::subscription::SubscriptionName;

/// The host's own handlers. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Attached(Arc<Mutex<HashMap<SubscriptionName, Arc<dyn Handler>>>>);

impl Attached {
    /// From now on this one handles what comes for the subscription.
    pub(crate) fn add(&self, name: SubscriptionName, handler: Arc<dyn Handler>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, handler);
    }

    fn get(&self, name: &SubscriptionName) -> Option<Arc<dyn Handler>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

/// Gives an event to the subscription's own handler, or to the one for all others.
pub(crate) struct Router {
    pub(crate) attached: Attached,
    pub(crate) others: Arc<dyn Handler>,
}

#[async_trait]
impl Handler for Router {
    async fn handle(&self, attempt: &Attempt) -> Outcome {
        match self.attached.get(&attempt.subscription.name) {
            Some(own) => own.handle(attempt).await,
            None => self.others.handle(attempt).await,
        }
    }
}
