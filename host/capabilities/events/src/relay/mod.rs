//! The relay: brings events from outboxes to the bus.
//!
//! A commit wakes it. It also looks into every database at its start, after the bus came back as another
//! [generation](crate::bus::Generation), and now and then where other hosts share the databases: so it needs nobody to
//! tell it what was left behind. Events go in the order of their numbers, which is that of commits; an event that is
//! appended twice lies on the bus once.
//!
//! What a round knows of a database (up to which number events are on the bus) it knows of one generation, and it
//! appends to no other: so nothing is in a generation before what the outbox had before it.
//!
//! With a bus that is as durable as the databases, an event leaves its outbox when the bus has it on disk. With one that
//! may forget, it stays until all its subscriptions are done with it.

mod agenda;
mod place;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::bus::Bus;
use crate::store::{Place, Store};
use agenda::Agenda;
use place::{Round, Trouble};

/// Databases that are looked at at a time.
const AT_A_TIME: usize = 8;
/// How often what was relayed is noted, and what was handled is forgotten.
const TIDY_EVERY: Duration = Duration::from_millis(250);
/// The wait after the bus, or a database, failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Tells the relay that a database has new events. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waker(Arc<Woken>);

#[derive(Debug, Default)]
struct Woken {
    places: Mutex<HashSet<Place>>,
    notify: Notify,
}

impl Waker {
    /// There are new events.
    pub(crate) fn wake(&self, place: Place) {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner).insert(place);
        self.0.notify.notify_one();
    }

    fn take(&self) -> HashSet<Place> {
        std::mem::take(&mut self.0.places.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// See the [module](self).
pub(crate) struct Relay {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) store: Store,
    pub(crate) waker: Waker,
    /// How long an event stays in its outbox at most once it was relayed.
    pub(crate) retention: Duration,
    /// How often all databases are looked at; `None` where no other host shares them.
    pub(crate) sweep_every: Option<Duration>,
}

impl Relay {
    /// Runs until it is cancelled; what it has begun it finishes.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let relay = Arc::new(self);
        let mut agenda = Agenda::default();
        let mut rounds: JoinSet<(Place, place::State, Result<(), Trouble>)> = JoinSet::new();
        let mut generation = relay.bus.generation();
        agenda.start_over(generation.borrow_and_update().clone());
        let mut tidy = interval(TIDY_EVERY);
        tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweep_at = Instant::now();
        loop {
            if Instant::now() >= sweep_at {
                sweep_at = relay.sweep(&mut agenda).await;
            }
            while rounds.len() < AT_A_TIME {
                let Some((place, state)) = agenda.next(Instant::now()) else { break };
                let round = Round { relay: Arc::clone(&relay) };
                rounds.spawn(async move {
                    let mut state = state;
                    let result = round.run(&place, &mut state).await;
                    (place, state, result)
                });
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = relay.waker.0.notify.notified() => {
                    for place in relay.waker.take() {
                        agenda.wake(place);
                    }
                }
                Some(ended) = rounds.join_next() => {
                    // A round does not panic; if one does, the next sweep finds what it left.
                    if let Ok((place, state, result)) = ended {
                        agenda.ended(place, state, result, Instant::now() + PAUSE);
                    }
                }
                Ok(()) = generation.changed() => {
                    tracing::info!("event bus has changed, events that are not handled are relayed again");
                    agenda.start_over(generation.borrow_and_update().clone());
                    sweep_at = Instant::now();
                }
                _ = tidy.tick() => agenda.tidy(),
                () = tokio::time::sleep_until(sweep_at) => {}
            }
        }
        while rounds.join_next().await.is_some() {}
    }

    /// Puts all databases on the agenda; when to do it again.
    async fn sweep(&self, agenda: &mut Agenda) -> Instant {
        match self.store.known().await {
            Ok(places) => {
                agenda.sweep(places);
                let next = self.sweep_every.unwrap_or(Duration::from_hours(24 * 365));
                Instant::now() + next
            }
            Err(fault) => {
                tracing::warn!(%fault, "outboxes cannot be looked for");
                Instant::now() + PAUSE
            }
        }
    }
}
