//! The capability as the host holds it: opened, wired, started, stopped.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fondaco_engine::{Code, Digest, Extension, Fault, ServiceName, Services, TenantId};
use fondaco_sql::{Databases, Work};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::bus::embedded::EmbeddedBus;
use crate::bus::redis::RedisBus;
use crate::bus::{Bus, BusError, Lag, Route};
use crate::config::{EventsConfig, Kind, Limits};
use crate::dispatch::{
    Attached, Attempt, Dispatcher, Effect, Handler, InFlight, NativeHandler, Outcome, Router, Served, ServiceHandler,
    Wanted,
};
use crate::event::{Draft, Event};
use crate::glue::Glue;
use crate::grant::Grant;
use crate::housekeeping;
use crate::quota::Rates;
use crate::relay::{Relay, Waker};
use crate::store::{DeadLetter, LettersOf, Store, service_of};
use crate::subscription::{Subscription, SubscriptionName};

/// Databases that are looked into at a time.
const AT_A_TIME: usize = 8;
/// How often outboxes are looked for where other hosts share the databases.
const SWEEP_EVERY: Duration = Duration::from_mins(5);
/// How long staging waits for the bus; it goes on without it.
const DECLARE: Duration = Duration::from_secs(2);

/// The events of a host. Cheap to clone.
#[derive(Clone)]
pub struct Events(Arc<Inner>);

/// What all parts share.
pub(crate) struct Inner {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) store: Store,
    pub(crate) limits: Limits,
    pub(crate) rates: Arc<Rates>,
    pub(crate) waker: Waker,
    pub(crate) in_flight: InFlight,
    served: Served,
    wanted: watch::Sender<Wanted>,
    handler: Mutex<Option<Arc<dyn Handler>>>,
    attached: Attached,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Events {
    /// Opens the bus that the configuration says; an embedded one in this folder. Before the first database is opened,
    /// since every one has tables of events.
    pub async fn open(config: &EventsConfig, folder: &Path, databases: Databases) -> Result<Self, BusError> {
        let bus: Arc<dyn Bus> = match config.kind {
            Kind::Embedded => Arc::new(EmbeddedBus::open(folder).await?),
            Kind::Redis => Arc::new(RedisBus::new(&config.redis.to_config())?),
        };
        Ok(Self::with_bus(bus, databases, config.limits.clone()))
    }

    /// The same over a bus that is there.
    pub fn with_bus(bus: Arc<dyn Bus>, databases: Databases, limits: Limits) -> Self {
        let rates = Rates::new(&limits);
        Self(Arc::new(Inner {
            bus,
            store: Store::new(databases),
            limits,
            rates,
            waker: Waker::default(),
            in_flight: InFlight::default(),
            served: Served::default(),
            wanted: watch::Sender::default(),
            handler: Mutex::default(),
            attached: Attached::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }))
    }

    /// What services see of it. To be put before the extension of the unit of work.
    pub fn extension(&self) -> Arc<dyn Extension> {
        Arc::new(Glue(Arc::clone(&self.0)))
    }

    /// Starts to relay, and to give events to services.
    pub fn start(&self, services: &Services) {
        self.start_with(Arc::new(self.service_handler(services)));
    }

    /// The handler that gives events to services: for those who want to see what it is given and what comes of it.
    pub fn service_handler(&self, services: &Services) -> ServiceHandler {
        let inner = &self.0;
        let (in_flight, served) = (inner.in_flight.clone(), inner.served.clone());
        ServiceHandler::new(services.clone(), inner.store.clone(), in_flight, served)
    }

    /// Starts to relay, and to give events to a handler of one's own.
    pub fn start_with(&self, handler: Arc<dyn Handler>) {
        let inner = &self.0;
        let handler: Arc<dyn Handler> = Arc::new(Router { attached: inner.attached.clone(), others: handler });
        *inner.handler.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&handler));
        let relay = Relay {
            bus: Arc::clone(&inner.bus),
            store: inner.store.clone(),
            waker: inner.waker.clone(),
            retention: inner.limits.retention(),
            sweep_every: (!inner.bus.is_durable()).then_some(SWEEP_EVERY),
        };
        inner.tasks.spawn(relay.run(inner.stop.clone()));
        let dispatcher = Dispatcher {
            bus: Arc::clone(&inner.bus),
            store: inner.store.clone(),
            handler,
            wanted: inner.wanted.subscribe(),
        };
        inner.tasks.spawn(dispatcher.run(inner.stop.clone()));
        inner.tasks.spawn(housekeeping::run(Arc::clone(inner), inner.stop.clone()));
    }

    /// A handler of the host's own: events are given to an effect, in a unit of work with their inbox rows.
    pub fn native_handler<E: Effect>(&self, effect: E) -> NativeHandler<E> {
        NativeHandler::new(self.0.store.clone(), effect)
    }

    /// Subscribes without a release: for the host's own handlers, and for tests. While the bus is away it says so, and
    /// the subscription is declared when it is back.
    pub async fn subscribe(&self, subscription: Subscription) -> Result<(), BusError> {
        let route = Route { name: subscription.name.clone(), pattern: subscription.pattern.clone() };
        self.0.serve([subscription]);
        self.0.bus.declare(&[route]).await
    }

    /// Subscribes for a part of the host, with a handler of its own: it gets what the others' handlers get, attempts,
    /// waits and dead letters, and sees to it itself that what it does it does once. A bus that is away does not matter;
    /// the subscription is declared when it is back.
    pub async fn attach(&self, subscription: Subscription, handler: Arc<dyn Handler>) {
        self.0.attached.add(subscription.name.clone(), handler);
        self.0.declare(&subscription.service, &routes_of(std::slice::from_ref(&subscription))).await;
        self.0.serve([subscription]);
    }

    /// Publishes with a unit of work of the host's own, when that is committed; the event's id. It counts against no
    /// quota.
    pub fn publish(
        &self,
        work: &mut Work,
        tenant: &TenantId,
        service: &ServiceName,
        draft: Draft,
    ) -> Result<Uuid, Fault> {
        let source = format!("/services/{service}");
        let event = Event::new(draft, tenant.clone(), source, crate::clock::now_ms(), self.0.limits.data_bytes)?;
        Store::publish(work, &event);
        let (waker, place) = (self.0.waker.clone(), (tenant.clone(), service.clone()));
        work.on_commit(move || waker.wake(place));
        Ok(event.id)
    }

    /// Stops: nothing new is begun, what runs ends well, and the bus is closed. At most this long.
    pub async fn stop(&self, patience: Duration) {
        self.0.stop.cancel();
        self.0.tasks.close();
        let ended = async {
            self.0.tasks.wait().await;
            self.0.bus.close().await;
        };
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!("handlers did not end in time; their events come again");
        }
    }

    /// How far subscriptions are behind.
    pub async fn lag(&self) -> Result<Vec<Lag>, Fault> {
        self.0.bus.lag().await.map_err(|error| bus_fault(&error))
    }

    /// Dead letters, the oldest of each database first, at most so many: each has its whole event.
    pub async fn dead_letters(&self, of: LettersOf<'_>, limit: u16) -> Result<Vec<DeadLetter>, Fault> {
        let store = &self.0.store;
        let mut places = store.known().await?;
        places.retain(|place| of.may_be_in(place));
        places.sort();
        let reading =
            stream::iter(places).map(|place| async move { store.dead_letters(&place, of.subscription, limit).await });
        let mut reading = std::pin::pin!(reading.buffered(AT_A_TIME));
        let mut letters = Vec::new();
        while letters.len() < usize::from(limit)
            && let Some(some) = reading.try_next().await?
        {
            letters.extend(some);
        }
        letters.truncate(limit.into());
        Ok(letters)
    }

    /// One dead letter.
    pub async fn dead_letter(
        &self,
        tenant: &TenantId,
        name: &SubscriptionName,
        event: Uuid,
    ) -> Result<DeadLetter, Fault> {
        let place = (tenant.clone(), service_of(name)?);
        let letter = self.0.store.dead_letter(&place, name, event).await?;
        letter.ok_or_else(|| no_dead_letter(tenant, name, event))
    }

    /// Tries a dead letter once more, now. After a fault it is a dead letter as before.
    pub async fn replay(&self, tenant: &TenantId, name: &SubscriptionName, event: Uuid) -> Result<(), Fault> {
        let letter = self.dead_letter(tenant, name, event).await?;
        let handler = self.0.handler.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let handler = handler.ok_or_else(|| Fault::internal("events were not started"))?;
        let subscription = self.0.wanted.borrow().get(name).cloned().ok_or_else(|| {
            let message = format!("no release subscribes to `{name}` here; release the service first");
            Fault::new(Code::FailedPrecondition, "SUBSCRIPTION_NOT_FOUND", message)
        })?;
        let attempt = Attempt {
            deadline: Instant::now() + subscription.timeout,
            subscription,
            event: Arc::new(Event::from_json(&letter.event)?),
            number: letter.attempts.saturating_add(1),
            replay: true,
        };
        let place = (tenant.clone(), service_of(name)?);
        match handler.handle(&attempt).await {
            Outcome::Handled | Outcome::Repeated => {
                // A service's unit of work has seen to it; a handler of the host's own writes no inbox.
                self.0.store.discard(&place, name, event).await?;
                Ok(())
            }
            Outcome::NotNow(fault) => Err(fault),
            Outcome::Failed(fault) | Outcome::Refused(fault) => {
                self.0.store.note_replay(&place, &attempt.mark(), &fault).await?;
                Err(fault)
            }
        }
    }

    /// Takes a dead letter away unhandled.
    pub async fn discard(&self, tenant: &TenantId, name: &SubscriptionName, event: Uuid) -> Result<(), Fault> {
        let place = (tenant.clone(), service_of(name)?);
        let was_there = self.0.store.discard(&place, name, event).await?;
        if was_there { Ok(()) } else { Err(no_dead_letter(tenant, name, event)) }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("subscriptions", &self.0.wanted.borrow().len()).finish_non_exhaustive()
    }
}

impl Inner {
    /// A release is staged: from now on its events are collected, and given to it as soon as it serves.
    pub(crate) async fn want(&self, service: &ServiceName, digest: Digest, grant: &Grant) {
        let names = grant.subscriptions.iter().map(|subscription| subscription.name.clone()).collect();
        self.served.add(service, digest, names);
        if grant.subscriptions.is_empty() {
            return;
        }
        // Declared first, so that its lane finds it there.
        self.declare(service, &routes_of(&grant.subscriptions)).await;
        self.serve(grant.subscriptions.iter().cloned());
    }

    /// A bus that is away does not keep a service from being released: housekeeping declares it when it is back.
    async fn declare(&self, service: &ServiceName, routes: &[Route]) {
        match tokio::time::timeout(DECLARE, self.bus.declare(routes)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%service, %error, "subscriptions are not on the bus yet"),
            Err(_elapsed) => tracing::warn!(%service, "subscriptions are not on the bus yet: it does not answer"),
        }
    }

    fn serve(&self, subscriptions: impl IntoIterator<Item = Subscription>) {
        self.wanted.send_modify(|wanted| {
            let mut all: BTreeMap<_, _> = (**wanted).clone();
            all.extend(subscriptions.into_iter().map(|one| (one.name.clone(), Arc::new(one))));
            *wanted = Arc::new(all);
        });
    }

    /// All subscriptions that were declared here, as routes.
    pub(crate) fn routes(&self) -> Vec<Route> {
        let wanted = self.wanted.borrow();
        wanted.values().map(|one| Route { name: one.name.clone(), pattern: one.pattern.clone() }).collect()
    }
}

fn routes_of(subscriptions: &[Subscription]) -> Vec<Route> {
    subscriptions.iter().map(|one| Route { name: one.name.clone(), pattern: one.pattern.clone() }).collect()
}

fn no_dead_letter(tenant: &TenantId, name: &SubscriptionName, event: Uuid) -> Fault {
    let message = format!("tenant `{tenant}` has no dead letter `{event}` of `{name}`");
    Fault::new(Code::NotFound, "DEAD_LETTER_NOT_FOUND", message)
}

pub(crate) fn bus_fault(error: &BusError) -> Fault {
    match error {
        BusError::Unavailable(_) | BusError::AnotherGeneration | BusError::Closed => {
            Fault::new(Code::Unavailable, "EVENT_BUS_UNAVAILABLE", error.to_string())
        }
        BusError::Failed(_) => {
            tracing::error!(%error, "event bus failed");
            Fault::internal("the event bus failed; the log says why")
        }
    }
}
