//! The way of a request: granted, checked, its turn, attempts, answer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use fondaco_engine::{Fault, ServiceName, TenantId};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::breaker::Terms;
use crate::breakers::Breakers;
use crate::clients::{Clients, Pool, Turn};
use crate::failure;
use crate::grant::Grant;
use crate::meters::Meters;
use crate::pattern::Pattern;
use crate::relay::{self, Bounds};
use crate::repeat;
use crate::request::Prepared;
use crate::target::Target;
use crate::{Http, breaker};

/// Waits between attempts: each about twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// What is left of a call's time when its requests end, so that it can still say what came of them: a tenth, at most.
const REST: Duration = Duration::from_millis(200);

/// What one service may ask of the outside world.
pub struct Outgoing {
    grant: Grant,
    clients: Clients,
    breakers: Breakers,
    meters: Meters,
    service: ServiceName,
}

/// For whom a request is made.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The tenant whose connections are used.
    pub tenant: TenantId,
    /// When its call must have answered.
    pub deadline: Instant,
    /// Cancelled when the call has ended: its requests end with it.
    pub ended: CancellationToken,
}

/// An answer: its head is here, its body is on its way.
pub struct Answer<W> {
    /// The response.
    pub response: Response<WasiBody>,
    /// The work that brings the body, to be run beside whoever reads it.
    pub work: W,
}

/// What one request has come to know on its way.
struct Plan<'a> {
    target: &'a Target,
    pattern: &'a Pattern,
    /// How long the head of an answer may take, from connecting on.
    head: Duration,
    /// Whether the caller made that shorter than the host would.
    hurried: bool,
    deadline: Instant,
    made: AtomicU32,
}

/// Why an attempt was in vain.
enum Vain {
    /// There is an answer, and it says that the host is not well.
    Unwell(Box<Response<Incoming>>),
    Failed(Error),
}

impl Outgoing {
    /// Reads a service's grant.
    pub(crate) fn new(http: &Http, service: &ServiceName, grant: &serde_json::Value) -> Result<Self, Fault> {
        let grant = Grant::read(grant, &http.config)?;
        let clients = Clients::new(http.resolver.clone(), http.tls.clone(), &grant.opened, grant.limits);
        let breaker = &http.config.breaker;
        let terms = Terms { failures: breaker.failures, rest: Duration::from_millis(breaker.rest_ms) };
        let (meters, service) = (Meters::of(service), service.clone());
        Ok(Self { grant, clients, breakers: Breakers::new(terms), meters, service })
    }

    /// Sends a request and answers the head of what came back.
    pub async fn send(
        &self,
        caller: &Caller,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Answer<impl Future<Output = ()> + Send + use<>>, Error> {
        let (target, pattern) = self.admit(&request)?;
        let options = options.unwrap_or_default();
        let plan = self.plan(caller, &target, pattern, &options);
        let method = request.method().clone();
        let begun = Instant::now();
        let asked = tokio::time::timeout_at(plan.deadline.into(), self.ask(caller, &plan, request));
        let outcome = match caller.ended.run_until_cancelled(asked).await {
            Some(outcome) => outcome.unwrap_or(Err(Error::HttpResponseTimeout)),
            None => Err(Error::ConnectionTerminated),
        };
        let bounds = self.bounds(caller, &plan, &options);
        // One that says itself that its body is too long is no answer.
        let outcome = outcome.and_then(|(response, turn)| bounds.admit(response.body()).map(|()| (response, turn)));
        self.note(&plan, &method, begun.elapsed(), &outcome);
        let (response, turn) = outcome?;
        let (head, body) = response.into_parts();
        let (body, carried) = relay::relay(body, bounds, turn);
        let (meters, host) = (self.meters.clone(), pattern.text().clone());
        let work = async move {
            if let Some(label) = carried.await {
                meters.broken(&host, label);
            }
        };
        Ok(Answer { response: Response::from_parts(head, body), work })
    }

    /// Whether the grant covers where it wants to go.
    fn admit(&self, request: &Request<WasiBody>) -> Result<(Target, &Pattern), Error> {
        let refuse = |error: Error| {
            self.meters.refused("none", failure::label(&error));
            tracing::debug!(service = %self.service, reason = failure::label(&error), "request refused");
            error
        };
        let target = Target::parse(request.uri()).ok_or_else(|| refuse(Error::HttpRequestUriInvalid))?;
        let pattern = self.grant.find(&target).ok_or_else(|| refuse(Error::HttpRequestDenied))?;
        Ok((target, pattern))
    }

    fn plan<'a>(
        &self,
        caller: &Caller,
        target: &'a Target,
        pattern: &'a Pattern,
        options: &RequestOptions,
    ) -> Plan<'a> {
        let (limits, now) = (&self.grant.limits, Instant::now());
        let least = |asked: Option<Duration>, limit: Duration| asked.map_or(limit, |asked| asked.min(limit));
        let head =
            least(options.connect_timeout, limits.connect()) + least(options.first_byte_timeout, limits.first_byte());
        let left = caller.deadline.saturating_duration_since(now);
        let left = left.saturating_sub(REST.min(left / 10)).min(limits.total());
        let hurried = head < limits.connect() + limits.first_byte() || left < head;
        Plan { target, pattern, head, hurried, deadline: now + left, made: AtomicU32::new(0) }
    }

    async fn ask(
        &self,
        caller: &Caller,
        plan: &Plan<'_>,
        request: Request<WasiBody>,
    ) -> Result<(Response<Incoming>, Turn), Error> {
        let limits = &self.grant.limits;
        let request = Prepared::of(request, plan.target, limits.request_bytes).await?;
        let (pool, turn) = self.clients.of(&caller.tenant).turn().await?;
        let repeats =
            if repeat::repeatable(request.method(), request.headers()) { limits.attempts.saturating_sub(1) } else { 0 };
        let waits = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(usize::try_from(repeats).unwrap_or(usize::MAX));
        let attempt = || self.attempt(plan, &pool, &request);
        let outcome = attempt
            .retry(waits)
            .sleep(tokio::time::sleep)
            .when(Vain::passes)
            // An attempt that could only begin behind the deadline would hide what is known already.
            .adjust(|_, wait| wait.filter(|wait| Instant::now() + *wait < plan.deadline))
            .await;
        match outcome {
            Ok(response) => Ok((response, turn)),
            Err(Vain::Unwell(response)) => Ok((*response, turn)),
            Err(Vain::Failed(error)) => Err(error),
        }
    }

    /// One attempt, if the breaker lets it through.
    async fn attempt(&self, plan: &Plan<'_>, pool: &Pool, request: &Prepared) -> Result<Response<Incoming>, Vain> {
        let attempt = self.breakers.admit(plan.target).ok_or(Vain::Failed(Error::DestinationUnavailable))?;
        plan.made.fetch_add(1, Ordering::Relaxed);
        let response = tokio::time::timeout(plan.head, pool.request(request.again())).await;
        let response = match response {
            Ok(response) => response.map_err(|error| failure::of_request(&error)),
            Err(_) => Err(Error::ConnectionReadTimeout),
        };
        match response {
            Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                attempt.end(breaker::Verdict::Well);
                Err(Vain::Failed(Error::HttpUpgradeFailed))
            }
            Ok(response) if repeat::is_unwell(response.status()) => {
                attempt.end(breaker::Verdict::Ill);
                Err(Vain::Unwell(Box::new(response)))
            }
            Ok(response) => {
                attempt.end(breaker::Verdict::Well);
                Ok(response)
            }
            Err(error) => {
                attempt.end(repeat::verdict(&error, plan.hurried));
                Err(Vain::Failed(error))
            }
        }
    }

    fn bounds(&self, caller: &Caller, plan: &Plan<'_>, options: &RequestOptions) -> Bounds {
        let pause = self.grant.limits.between_bytes();
        Bounds {
            bytes: self.grant.limits.response_bytes,
            pause: options.between_bytes_timeout.map_or(pause, |asked| asked.min(pause)),
            deadline: plan.deadline,
            ended: caller.ended.clone(),
        }
    }

    /// Counts, and logs without path, headers or body.
    fn note<T>(&self, plan: &Plan<'_>, method: &Method, took: Duration, outcome: &Result<(Response<T>, Turn), Error>) {
        let attempts = plan.made.load(Ordering::Relaxed);
        let (class, status) = match outcome {
            Ok((response, _)) => (class(response.status()), response.status().as_u16()),
            Err(error) => (failure::label(error), 0),
        };
        self.meters.asked(plan.pattern.text(), class, took, attempts);
        let (service, host) = (&self.service, plan.target.authority());
        tracing::debug!(%service, host, %method, outcome = class, status, attempts, ?took, "request went out");
    }
}

impl Vain {
    fn passes(&self) -> bool {
        match self {
            Self::Unwell(response) => repeat::answer_passes(response.status(), response.headers()),
            Self::Failed(error) => repeat::error_passes(error),
        }
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "1xx",
    }
}
