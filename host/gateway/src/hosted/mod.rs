//! What the host answers itself: plugins, releases, services, audit, events, jobs, blobs, health.
//!
//! Handlers are thin: who may, what was asked, one call of the registry, what came out. What a change does is the
//! registry's and the engine's business.

mod audit;
mod events;
mod extract;
mod health;
mod jobs;
mod logs;
mod meters;
mod plugins;
mod releases;
mod scope;
mod services;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use fondaco_blob::Blobs;
use fondaco_engine::Fault;
use fondaco_events::Events;
use fondaco_points::Points;
use fondaco_registry::{Deployer, Keys};
use fondaco_schedule::Overview;
use tokio::sync::Semaphore;
use tokio::sync::watch;

use crate::config::GatewayConfig;
use crate::openapi::OpenApi;
use crate::problem::Problem;
use crate::table::Routes;
use crate::telemetry::Telemetry;

pub(crate) use meters::Meters;
pub(crate) use scope::Scope;

/// What the host's own endpoints work on.
#[derive(Clone)]
pub struct Admin {
    /// Changes what serves, and knows what there is.
    pub deployer: Deployer,
    /// Keeps what plugins wrote.
    pub points: Points,
    /// Contracts whose docs stand in for those that components do not carry.
    pub contracts: Arc<wit_parser::Resolve>,
    /// How far subscriptions are behind, and dead letters.
    pub events: Events,
    /// What runs by the clock.
    pub jobs: Overview,
    /// Files, of which the public ones are delivered.
    pub blobs: Arc<Blobs>,
    /// Whether the host is ready: everything that is released serves, and it is not stopping.
    pub ready: watch::Receiver<bool>,
    /// Capabilities whose store behind is away. The host goes on without: what needs them fails fast.
    pub away: Arc<dyn Fn() -> Vec<&'static str> + Send + Sync>,
}

/// What handlers see.
pub(crate) struct Host {
    admin: Admin,
    keys: Keys,
    telemetry: Telemetry,
    openapi: OpenApi,
    uploads: Semaphore,
    upload_bytes: usize,
    body_bytes: usize,
    upload_timeout: std::time::Duration,
}

impl Host {
    pub(crate) fn new(admin: Admin, keys: Keys, routes: Routes, telemetry: Telemetry, config: &GatewayConfig) -> Self {
        Self {
            openapi: OpenApi::new(routes, admin.deployer.registry().blobs().clone(), Arc::clone(&admin.contracts)),
            admin,
            keys,
            telemetry,
            uploads: Semaphore::new(config.uploads),
            upload_bytes: config.upload_bytes,
            body_bytes: config.body_bytes,
            upload_timeout: config.upload_timeout(),
        }
    }
}

/// Paths of those who watch the host. They need no key, leave no log line and are never refused.
pub(crate) fn is_quiet(path: &str) -> bool {
    path == "/metrics" || path.starts_with("/healthz/")
}

pub(crate) fn router(host: Host) -> Router {
    let slot = get(releases::show).put(releases::put).delete(releases::remove);
    let service = get(services::show).put(services::put).delete(services::remove);
    let letter = get(events::show).delete(events::discard);
    let blobs = fondaco_blob::router(Arc::clone(&host.admin.blobs), problem);
    Router::new()
        .route("/v1/plugins", get(plugins::list).post(plugins::push))
        .route("/v1/plugins/{name}", get(plugins::show))
        .route("/v1/plugins/{name}/logs", get(logs::read))
        .route("/v1/releases", get(releases::list))
        .route("/v1/releases/{point}/{name}", slot)
        .route("/v1/releases/{point}/{name}/history", get(releases::history))
        .route("/v1/releases/{point}/{name}/rollback", post(releases::rollback))
        .route("/v1/services", get(services::list).post(services::push))
        .route("/v1/services/{name}", service)
        .route("/v1/services/{name}/history", get(services::history))
        .route("/v1/services/{name}/rollback", post(services::rollback))
        .route("/v1/audit", get(audit::list))
        .route("/v1/events/subscriptions", get(events::lag))
        .route("/v1/events/dead-letters", get(events::list))
        .route("/v1/events/dead-letters/{tenant}/{subscription}/{event}", letter)
        .route("/v1/events/dead-letters/{tenant}/{subscription}/{event}/replay", post(events::replay))
        .route("/v1/jobs", get(jobs::list))
        .route("/healthz/live", get(health::live))
        .route("/healthz/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(health::openapi))
        .with_state(Arc::new(host))
        .merge(blobs)
        .route_layer(from_fn(note_template))
        .fallback(nothing_here)
}

fn problem(fault: Fault) -> Response {
    Problem::from(fault).into_response()
}

async fn note_template(matched: MatchedPath, request: Request, next: Next) -> Response {
    if let Some(scope) = request.extensions().get::<Arc<Scope>>() {
        scope.note_template(matched.as_str());
    }
    next.run(request).await
}

async fn nothing_here(request: Request) -> Problem {
    Problem::no_route(request.method(), request.uri().path())
}
