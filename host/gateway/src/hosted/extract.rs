//! What handlers take: the caller, query parameters, JSON bodies, and the state that a change was made for.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use fondaco_engine::{Code, Fault, ServiceName, TenantId};
use fondaco_registry::Expect;
use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::{Host, Scope};
use crate::auth::Caller;
use crate::problem::Problem;
use crate::request::read_body;

impl FromRequestParts<Arc<Host>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, host: &Arc<Host>) -> Result<Self, Problem> {
        let caller = Caller::of(&host.keys, &parts.headers).await?;
        if let Some(scope) = parts.extensions.get::<Arc<Scope>>() {
            scope.note_caller(caller.clone());
        }
        Ok(caller)
    }
}

/// Query parameters.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Host>> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _host: &Arc<Host>) -> Result<Self, Problem> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        query.map(|Query(params)| Self(params)).map_err(|rejection| {
            let inner =
                std::error::Error::source(&rejection).map_or_else(|| rejection.to_string(), ToString::to_string);
            Fault::new(Code::InvalidArgument, "INVALID_QUERY", format!("the query of the URL: {inner}")).into()
        })
    }
}

/// What entries a page has where nobody says.
const PAGE: u16 = 100;

/// The `limit` of a list that has so many entries at most.
pub(super) fn page(limit: Option<u16>, most: u16) -> Result<u16, Fault> {
    let limit = limit.unwrap_or(PAGE);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(Fault::new(Code::InvalidArgument, "INVALID_QUERY", format!("`limit` is {limit}; 1 to {most}")))
}

/// A tenant of a query or a path.
pub(super) fn tenant_id(text: &str) -> Result<TenantId, Fault> {
    text.parse().map_err(|error| Fault::new(Code::InvalidArgument, "INVALID_TENANT", format!("tenant: {error}")))
}

/// A service of a query or a path.
pub(super) fn service_name(text: &str) -> Result<ServiceName, Fault> {
    text.parse().map_err(|error| Fault::new(Code::InvalidArgument, "INVALID_SERVICE_NAME", format!("service: {error}")))
}

/// Parts of the path.
pub(super) struct Named<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Host>> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, host: &Arc<Host>) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, host).await;
        path.map(|Path(names)| Self(names)).map_err(|rejection| {
            Fault::new(Code::InvalidArgument, "INVALID_PATH", format!("the path of the URL: {}", rejection.body_text()))
                .into()
        })
    }
}

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Host>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, host: &Arc<Host>) -> Result<Self, Problem> {
        let body = body(request, host, host.body_bytes).await?;
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            let malformed = error.classify() != serde_json::error::Category::Data;
            let reason = if malformed { "MALFORMED_JSON" } else { "INVALID_BODY" };
            Fault::new(Code::InvalidArgument, reason, format!("body: {error}")).into()
        })
    }
}

/// An uploaded file.
pub(super) struct Upload(pub(super) Bytes);

impl FromRequest<Arc<Host>> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, host: &Arc<Host>) -> Result<Self, Problem> {
        body(request, host, host.upload_bytes).await.map(Self)
    }
}

async fn body(request: Request, host: &Host, limit: usize) -> Result<Bytes, Problem> {
    let started =
        request.extensions().get::<Arc<Scope>>().map_or_else(std::time::Instant::now, |scope| scope.started());
    let (head, body) = request.into_parts();
    read_body(&head.headers, body, limit, started + host.upload_timeout).await
}

/// Which state a change was made for: `If-Match: "7"` or `If-None-Match: *`.
pub(super) struct Expected(pub(super) Expect);

impl FromRequestParts<Arc<Host>> for Expected {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _host: &Arc<Host>) -> Result<Self, Problem> {
        Ok(Self(expected(&parts.headers)?))
    }
}

fn expected(headers: &HeaderMap) -> Result<Expect, Fault> {
    if let Some(tag) = headers.get(IF_MATCH) {
        let revision = tag.to_str().ok().map(|tag| tag.trim().trim_matches('"')).and_then(|tag| tag.parse().ok());
        return revision.map(Expect::Revision).ok_or_else(|| {
            let message = "If-Match takes the ETag of a release, for instance \"7\"";
            Fault::new(Code::InvalidArgument, "INVALID_IF_MATCH", message)
        });
    }
    match headers.get(IF_NONE_MATCH) {
        None => Ok(Expect::Any),
        Some(any) if any == "*" => Ok(Expect::Absent),
        Some(_) => {
            let message = "If-None-Match takes * only: nothing may serve yet";
            Err(Fault::new(Code::InvalidArgument, "INVALID_IF_NONE_MATCH", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn conditions_are_those_of_http() {
        let with = |name: http::HeaderName, value: &'static str| {
            expected(&HeaderMap::from_iter([(name, HeaderValue::from_static(value))]))
        };
        assert_eq!(expected(&HeaderMap::new()), Ok(Expect::Any));
        assert_eq!(with(IF_MATCH, "\"7\""), Ok(Expect::Revision(7)));
        assert_eq!(with(IF_NONE_MATCH, "*"), Ok(Expect::Absent));
        assert_eq!(with(IF_MATCH, "*").unwrap_err().reason, "INVALID_IF_MATCH");
        assert_eq!(with(IF_NONE_MATCH, "\"7\"").unwrap_err().reason, "INVALID_IF_NONE_MATCH");
    }
}
