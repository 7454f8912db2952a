//! The front door: every request passes here, and leaves with an id, a count and a log line.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use fondaco_engine::{Fault, Outcomes};
use fondaco_registry::Keys;
use futures::FutureExt;
use http::{HeaderValue, Request};
use tokio::sync::{Semaphore, SemaphorePermit};
use tower::util::ServiceExt;
use tracing::Instrument;

use crate::call::{self, Learnt};
use crate::config::GatewayConfig;
use crate::hosted::{self, Admin, Scope};
use crate::lent::lend;
use crate::params::PathParams;
use crate::problem::{Problem, Reason, finish};
use crate::request::{REQUEST_ID, request_id, too_late};
use crate::table::{CallRoute, Found, Routes};
use crate::telemetry::{Line, RouteMeter, Telemetry};

/// What the gateway serves. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) inner: Arc<Inner>,
}

/// What a gateway is made of.
pub struct Parts {
    /// Functions of services.
    pub routes: Routes,
    /// Who may call.
    pub keys: Keys,
    /// The host's own endpoints.
    pub admin: Admin,
    /// Where requests are counted.
    pub telemetry: Telemetry,
    /// Limits.
    pub config: GatewayConfig,
}

pub(crate) struct Inner {
    pub(crate) routes: Routes,
    pub(crate) keys: Keys,
    pub(crate) config: GatewayConfig,
    pub(crate) telemetry: Telemetry,
    hosted: axum::Router,
    hosted_meters: hosted::Meters,
    unrouted: RouteMeter,
    calls: Semaphore,
    requests: Semaphore,
}

impl Inner {
    /// A turn among the calls under way.
    pub(crate) async fn admit_call(&self, until: Instant) -> Result<SemaphorePermit<'_>, Problem> {
        if let Ok(turn) = self.calls.try_acquire() {
            return Ok(turn);
        }
        let patience = Instant::now() + std::time::Duration::from_millis(self.config.queue_ms);
        match tokio::time::timeout_at(patience.min(until).into(), self.calls.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Problem::overloaded()),
        }
    }
}

impl Gateway {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { routes, keys, admin, telemetry, config } = parts;
        let hosted = hosted::router(hosted::Host::new(admin, keys.clone(), routes.clone(), telemetry.clone(), &config));
        let inner = Inner {
            hosted,
            hosted_meters: hosted::Meters::new(telemetry.clone()),
            unrouted: telemetry.route("ANY", "unmatched"),
            calls: Semaphore::new(config.calls),
            requests: Semaphore::new(config.requests),
            routes,
            keys,
            config,
            telemetry,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Answers one request. Never fails: what goes wrong is an answer too.
    pub async fn handle<B>(&self, request: Request<B>) -> Response
    where
        B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let host = &*self.inner;
        let started = Instant::now();
        let _under_way = host.telemetry.enter();
        let id = request_id(request.headers());
        let (request, unread) = lend(request);
        let mut response = match host.routes.find(request.method(), request.uri().path()) {
            Found::Call(route, path) => host.serve_call(&route, &path, request, &id, started).await,
            Found::OtherMethods(allowed) => host.refuse(Problem::method_not_allowed(&allowed), request, &id, started),
            Found::Nothing => host.serve_hosted(request.map(Body::new), &id, started).await,
        };
        unread.discard().await;
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }
}

impl Inner {
    async fn serve_call<B>(
        &self,
        route: &CallRoute,
        path: &PathParams,
        request: Request<B>,
        id: &Arc<str>,
        started: Instant,
    ) -> Response
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
    {
        let span = tracing::info_span!("request", request_id = &**id, route = &*route.template);
        let mut learnt = Learnt { caller: None, outcomes: Outcomes::collecting() };
        let work = call::answer(self, route, path, request, id, started, &mut learnt).instrument(span);
        let outcome = AssertUnwindSafe(work).catch_unwind().await;
        let response = outcome.unwrap_or_else(|_panic| Err(panicked())).unwrap_or_else(|problem| problem.response(id));
        route.meter.count(response.status(), started.elapsed());
        let outcomes = learnt.outcomes.take();
        self.telemetry.count_outcomes(&outcomes);
        let line = Line {
            request_id: id,
            method: route.method.as_str(),
            route: &route.template,
            tenant: learnt.caller.as_ref().map(|caller| caller.tenant().as_str()),
            subject: learnt.caller.as_ref().map(|caller| &**caller.subject()),
            status: response.status(),
            reason: reason_of(&response),
            started,
            outcomes: &outcomes,
        };
        line.write();
        response
    }

    async fn serve_hosted(&self, mut request: Request<Body>, id: &Arc<str>, started: Instant) -> Response {
        let method = request.method().clone();
        let scope = Arc::new(Scope::new(started));
        request.extensions_mut().insert(Arc::clone(&scope));
        let span = tracing::info_span!("request", request_id = &**id);
        let work = self.run_hosted(request).instrument(span);
        let answer = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_panic| Err(panicked()));
        let response = finish(answer.unwrap_or_else(IntoResponse::into_response), id);
        let template = scope.template();
        self.hosted_meters.of(&method, template).count(response.status(), started.elapsed());
        if !hosted::is_quiet(template) {
            let caller = scope.caller();
            let line = Line {
                request_id: id,
                method: method.as_str(),
                route: template,
                tenant: caller.map(|caller| caller.tenant().as_str()),
                subject: caller.map(|caller| &**caller.subject()),
                status: response.status(),
                reason: reason_of(&response),
                started,
                outcomes: &[],
            };
            line.write();
        }
        response
    }

    async fn run_hosted(&self, request: Request<Body>) -> Result<Response, Problem> {
        // Whoever watches the host must see it most of all when it is full.
        let _turn = if hosted::is_quiet(request.uri().path()) {
            None
        } else {
            Some(self.requests.try_acquire().map_err(|_full| Problem::overloaded())?)
        };
        let answer = async {
            let Ok(response) = self.hosted.clone().oneshot(request).await;
            Ok(response)
        };
        match tokio::time::timeout(self.config.upload_timeout(), answer).await {
            Ok(answer) => answer,
            Err(_late) => Err(too_late().into()),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "its body goes back when it is dropped")]
    fn refuse<B>(&self, problem: Problem, request: Request<B>, id: &Arc<str>, started: Instant) -> Response {
        let response = problem.response(id);
        self.unrouted.count(response.status(), started.elapsed());
        let line = Line {
            request_id: id,
            method: request.method().as_str(),
            route: "unmatched",
            tenant: None,
            subject: None,
            status: response.status(),
            reason: reason_of(&response),
            started,
            outcomes: &[],
        };
        line.write();
        response
    }
}

fn reason_of(response: &Response) -> Option<&str> {
    response.extensions().get::<Reason>().map(|reason| &*reason.0)
}

fn panicked() -> Problem {
    Fault::internal("a handler of the host panicked").into()
}
