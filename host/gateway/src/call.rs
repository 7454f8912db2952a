//! The hot path: a service's function called over HTTP.
//!
//! Body → arguments → the component's memory → body. Nothing here is boxed, layered or looked up by label.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use fondaco_engine::{CallContext, Outcomes, Roles};
use http::{HeaderValue, StatusCode, header};

use crate::auth::Caller;
use crate::entry::Inner;
use crate::params::{Given, PathParams};
use crate::problem::Problem;
use crate::request::{deadline, read_body};
use crate::table::CallRoute;

/// What a call learnt on its way, for the log line.
#[derive(Default)]
pub(crate) struct Learnt {
    pub(crate) caller: Option<Caller>,
    pub(crate) outcomes: Outcomes,
}

/// Answers one call.
pub(crate) async fn answer<B>(
    host: &Inner,
    route: &CallRoute,
    path: &PathParams,
    request: http::Request<B>,
    request_id: &Arc<str>,
    started: Instant,
    learnt: &mut Learnt,
) -> Result<Response, Problem>
where
    B: hyper::body::Body<Data = Bytes>,
{
    let (head, body) = request.into_parts();
    let caller = Caller::of(&host.keys, &head.headers).await?;
    let caller = learnt.caller.insert(caller);
    caller.must_be(Roles::CALLER)?;
    let until = deadline(&head.headers, started, host.config.call_timeout())?;
    let body = read_body(&head.headers, body, host.config.call_bytes, until).await?;
    let _turn = host.admit_call(until).await?;

    let context = CallContext {
        tenant: caller.tenant().clone(),
        subject: Arc::clone(caller.subject()),
        roles: caller.roles(),
        request_id: Arc::clone(request_id),
        deadline: until,
        depth: 0,
        outcomes: learnt.outcomes.clone(),
    };
    if let Some(native) = &route.native {
        return Ok(json(native.call(context, body).await?));
    }
    let services = host.routes.services();
    let function = services.function(&route.service, &route.interface, &route.function)?;
    let plan = route.plan(&function)?;
    // Before anything is entered: a body that is wrong is the caller's affair alone.
    let given = Given::of(&route.method, path, head.uri.query(), body, function.ty())?;
    let arguments = plan.arguments(&given.body).map_err(|error| given.blame(error))?;
    // Bounded by the deadline in its context: no timer of its own.
    let answer = services.pass(&context, &function, arguments, plan).await?;
    Ok(answer.map_or_else(nothing, json))
}

/// The function has nothing to say.
fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn json(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
