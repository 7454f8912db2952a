//! For those who watch the host, and for those who want to know what it offers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::Host;
use crate::problem::Problem;

/// The process runs.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Everything that is released was brought up, as far as it can be, and the host is not stopping. A store that is away
/// does not make it unready: what does not need the store goes on, and another host would not have it either.
pub(super) async fn ready(State(host): State<Arc<Host>>) -> (StatusCode, Json<Value>) {
    let ready = *host.admin.ready.borrow();
    let problems = host.admin.deployer.problems().len();
    let (status, word) = if ready { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "not-ready") };
    let away = (host.admin.away)();
    (status, Json(json!({ "status": word, "releasesThatDoNotServe": problems, "away": away })))
}

pub(super) async fn metrics(State(host): State<Arc<Host>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], host.telemetry.render())
}

pub(super) async fn openapi(State(host): State<Arc<Host>>) -> Result<Json<Value>, Problem> {
    Ok(Json(host.openapi.document().await))
}
