//! The dispatcher: gives each event to its handler, until it is handled or a dead letter.
//!
//! A lane a subscription reads its queue, lets its [`schedule`] decide what runs, runs it, and says what became of it:
//! settled only after the handler's unit of work was committed or the dead letter was written.

mod attached;
mod handler;
mod lane;
mod schedule;
mod service;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::bus::Bus;
use crate::store::Store;
use crate::subscription::{Subscription, SubscriptionName};

pub(crate) use attached::{Attached, Router};
pub use handler::{Attempt, Effect, Handler, NativeHandler, Outcome};
pub use service::ServiceHandler;
pub(crate) use service::{InFlight, Served};

/// The subscriptions to be served, by name.
pub(crate) type Wanted = Arc<BTreeMap<SubscriptionName, Arc<Subscription>>>;

/// See the [module](self).
pub(crate) struct Dispatcher {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) store: Store,
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) wanted: watch::Receiver<Wanted>,
}

impl Dispatcher {
    /// Serves subscriptions, also those that come later, until it is cancelled; what has begun then ends well.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut lanes = JoinSet::new();
        let mut terms: HashMap<SubscriptionName, watch::Sender<Arc<Subscription>>> = HashMap::new();
        loop {
            let wanted = Arc::clone(&self.wanted.borrow_and_update());
            for (name, subscription) in wanted.iter() {
                if let Some(known) = terms.get(name) {
                    known.send_if_modified(|now| {
                        let changed = *now != *subscription;
                        *now = Arc::clone(subscription);
                        changed
                    });
                    continue;
                }
                let (sender, receiver) = watch::channel(Arc::clone(subscription));
                terms.insert(name.clone(), sender);
                let lane = lane::Lane::new(&self.bus, &self.store, &self.handler, receiver);
                lanes.spawn(lane.run(stop.clone()));
            }
            tokio::select! {
                () = stop.cancelled() => break,
                changed = self.wanted.changed() => if changed.is_err() { break },
                Some(_ended) = lanes.join_next() => {}
            }
        }
        stop.cancelled().await;
        while lanes.join_next().await.is_some() {}
    }
}
