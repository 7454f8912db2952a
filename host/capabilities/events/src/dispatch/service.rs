//! Handlers that are services: components that export `fondaco:host/event-handler`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use fondaco_engine::wasmtime::component::Val;
use fondaco_engine::{CallContext, Code, Digest, Fault, Outcomes, Roles, ServiceName, Services};

use super::handler::{Attempt, Handler, Outcome};
use crate::event::Event;
use crate::store::{ALREADY_HANDLED, Mark, Store};
use crate::subscription::SubscriptionName;

const INTERFACE: &str = "fondaco:host/event-handler@1.0.0";
const FUNCTION: &str = "handle";
/// Who calls a handler.
const SUBJECT: &str = "events";
/// Faults of the host that say that a handler was not reached. They do not count as attempts.
const NOT_REACHED: &[&str] =
    &["SERVICE_NOT_FOUND", "FUNCTION_NOT_FOUND", "SERVICE_BUSY", "DATABASE_UNAVAILABLE", "DATABASE_BUSY"];
/// Releases of a service whose subscriptions are remembered: enough for what serves, what comes and what goes.
const RELEASES: usize = 16;

/// The attempts that run in services just now, by the request id of their calls: what the unit of work of such a call
/// has to write into its inbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<Calls>>);

type Calls = HashMap<Arc<str>, (ServiceName, Mark)>;

impl InFlight {
    fn begin(&self, request: &Arc<str>, service: &ServiceName, mark: Mark) -> InFlightGuard {
        self.lock().insert(Arc::clone(request), (service.clone(), mark));
        InFlightGuard { all: self.clone(), request: Arc::clone(request) }
    }

    /// The mark of a call, if it is a handler's.
    pub(crate) fn mark_of(&self, call: &CallContext, service: &ServiceName) -> Option<Mark> {
        if call.depth != 0 || &*call.subject != SUBJECT {
            return None;
        }
        self.lock().get(&call.request_id).filter(|(handler, _)| handler == service).map(|(_, mark)| mark.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct InFlightGuard {
    all: InFlight,
    request: Arc<str>,
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.all.lock().remove(&self.request);
    }
}

/// Which subscriptions which release has: an event must not reach a release that knows nothing of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served(Arc<Mutex<HashMap<ServiceName, Vec<Staged>>>>);

/// A release, and what it subscribes to.
type Staged = (Digest, Vec<SubscriptionName>);

impl Served {
    /// A release was staged.
    pub(crate) fn add(&self, service: &ServiceName, digest: Digest, names: Vec<SubscriptionName>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let releases = all.entry(service.clone()).or_default();
        releases.retain(|(other, _)| *other != digest);
        releases.push((digest, names));
        let too_many = releases.len().saturating_sub(RELEASES);
        releases.drain(..too_many);
    }

    fn has(&self, service: &ServiceName, digest: Digest, name: &SubscriptionName) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let releases = all.get(service).map(Vec::as_slice).unwrap_or_default();
        releases.iter().any(|(other, names)| *other == digest && names.contains(name))
    }
}

/// Handles events by calling services.
#[derive(Debug)]
pub struct ServiceHandler {
    services: Services,
    store: Store,
    in_flight: InFlight,
    served: Served,
    calls: AtomicU64,
}

impl ServiceHandler {
    pub(crate) fn new(services: Services, store: Store, in_flight: InFlight, served: Served) -> Self {
        Self { services, store, in_flight, served, calls: AtomicU64::new(0) }
    }

    async fn call(&self, attempt: &Attempt) -> Result<(), Fault> {
        let service = &attempt.subscription.service;
        let function = self.services.function(service.as_str(), INTERFACE, FUNCTION)?;
        if !self.served.has(service, function.digest(), &attempt.subscription.name) {
            let message = format!("the release that serves does not subscribe to `{}`", attempt.subscription.pattern);
            return Err(Fault::new(Code::Unavailable, "FUNCTION_NOT_FOUND", message));
        }
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let request_id: Arc<str> = format!("{}-{}-{call}", attempt.event.id, attempt.number).into();
        let _in_flight = self.in_flight.begin(&request_id, service, attempt.mark());
        let context = CallContext {
            tenant: attempt.event.tenant.clone(),
            subject: SUBJECT.into(),
            roles: Roles::CALLER,
            request_id,
            deadline: attempt.deadline,
            depth: 0,
            outcomes: Outcomes::none(),
        };
        self.services.call(&context, &function, vec![event_val(&attempt.event, attempt.number)]).await.map(drop)
    }
}

#[async_trait]
impl Handler for ServiceHandler {
    async fn handle(&self, attempt: &Attempt) -> Outcome {
        let place = (attempt.event.tenant.clone(), attempt.subscription.service.clone());
        let name = &attempt.subscription.name;
        if attempt.may_be_repeated() {
            match self.store.is_done(&place, name, attempt.event.id).await {
                Ok(false) => {}
                Ok(true) => return Outcome::Repeated,
                Err(fault) => return Outcome::NotNow(fault),
            }
        }
        match self.call(attempt).await {
            Ok(()) => Outcome::Handled,
            // A handler could say so too, and be wrong.
            Err(fault) if fault.reason == ALREADY_HANDLED => {
                match self.store.is_done(&place, name, attempt.event.id).await {
                    Ok(true) => Outcome::Repeated,
                    Ok(false) => Outcome::Failed(fault),
                    Err(fault) => Outcome::NotNow(fault),
                }
            }
            Err(fault) if NOT_REACHED.contains(&fault.reason.as_ref()) => Outcome::NotNow(fault),
            Err(fault) => Outcome::Failed(fault),
        }
    }
}

/// `event-handler.event`.
fn event_val(event: &Event, attempt: u32) -> Val {
    let option = |text: Option<&String>| Val::Option(text.map(|text| Box::new(Val::String(text.clone()))));
    let field = |name: &str, value: Val| (name.to_owned(), value);
    Val::Record(vec![
        field("id", Val::String(event.id.to_string())),
        field("source", Val::String(event.source.clone())),
        field("type", Val::String(event.ty.to_string())),
        field("subject", option(event.subject.as_ref())),
        field("time-ms", Val::U64(event.time_ms.unsigned_abs())),
        field("partition-key", option(event.partition_key.as_ref())),
        field("data", Val::String(event.data.get().to_owned())),
        field("attempt", Val::U32(attempt)),
    ])
}
