//! Faults as HTTP answers: RFC 9457 problem details.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use fondaco_engine::{Code, Fault};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::ser::{SerializeMap, Serializer};

use crate::codec::DecodeError;

/// A fault on its way out, with what only HTTP has words for.
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    fault: Fault,
    status: StatusCode,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    fn new(fault: Fault, status: StatusCode, header: Option<(HeaderName, HeaderValue)>) -> Self {
        Self(Box::new(Inner { fault, status, header }))
    }

    /// The fault that it tells of.
    pub fn fault(&self) -> &Fault {
        &self.0.fault
    }

    /// 405, with what is allowed.
    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        let message = format!("this method is not allowed here; allowed: {allow}");
        let header = HeaderValue::from_str(allow).ok().map(|allow| (header::ALLOW, allow));
        let fault = Fault::new(Code::Unimplemented, "METHOD_NOT_ALLOWED", message);
        Self::new(fault, StatusCode::METHOD_NOT_ALLOWED, header)
    }

    /// 404 for a path that names nothing.
    pub(crate) fn no_route(method: &http::Method, path: &str) -> Self {
        let path: String = path.chars().take(200).collect();
        let message = format!("nothing answers {method} {path}; GET /openapi.json lists what does");
        Fault::new(Code::NotFound, "NO_SUCH_ROUTE", message).into()
    }

    /// 413, with the limit.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        let message = format!("the body is larger than the {limit} bytes that this route takes");
        let fault = Fault::new(Code::OutOfRange, "BODY_TOO_LARGE", message).with("limit", limit.to_string());
        Self::new(fault, StatusCode::PAYLOAD_TOO_LARGE, None)
    }

    /// 415: bodies come as they are.
    pub(crate) fn encoded_body() -> Self {
        let message = "the body has a content-encoding; send it as it is";
        let fault = Fault::new(Code::InvalidArgument, "UNSUPPORTED_ENCODING", message);
        Self::new(fault, StatusCode::UNSUPPORTED_MEDIA_TYPE, None)
    }

    /// 503: the house is full.
    pub(crate) fn overloaded() -> Self {
        let message = "the host has as many requests under way as it takes; try again in a second";
        Fault::new(Code::Unavailable, "OVERLOADED", message).into()
    }

    /// The answer. The request's id stands in the body too, for those who see nothing else.
    pub fn response(self, request_id: &str) -> Response {
        let mut body = Vec::with_capacity(512);
        let rendered = write(&self.0, request_id, &mut body);
        let Inner { fault, status, header } = *self.0;
        if rendered.is_err() {
            body = b"{\"title\":\"Internal\",\"code\":\"INTERNAL\"}".to_vec();
        }
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some((name, value)) = header {
            headers.insert(name, value);
        }
        response.extensions_mut().insert(Reason(fault.reason));
        response
    }
}

/// A problem that leaves a handler: [`finish`] writes it once the request's id is at hand.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.status;
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem that a handler answered with, or that its router meant.
pub(crate) fn finish(mut response: Response, request_id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return problem.response(request_id);
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allow = response.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok()).unwrap_or_default();
        return Problem::method_not_allowed(allow).response(request_id);
    }
    response
}

/// The reason of the fault that an answer tells of, for the log line.
#[derive(Clone)]
pub(crate) struct Reason(pub(crate) std::borrow::Cow<'static, str>);

impl From<Fault> for Problem {
    fn from(mut fault: Fault) -> Self {
        let status = StatusCode::from_u16(fault.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retryable = matches!(fault.code, Code::Unavailable | Code::ResourceExhausted);
        let header = retryable.then(|| (header::RETRY_AFTER, HeaderValue::from_static("1")));
        if fault.reason == "INTERNAL" {
            // What broke inside is the log's business. Other reasons have words that were chosen for the caller.
            tracing::error!(reason = %fault.reason, message = %fault.message, metadata = ?fault.metadata, "internal fault");
            "something inside the host broke; its log has the details under this request id"
                .clone_into(&mut fault.message);
            fault.metadata.clear();
        }
        Self::new(fault, status, header)
    }
}

impl From<DecodeError> for Problem {
    fn from(error: DecodeError) -> Self {
        let reason = if error.malformed { "MALFORMED_JSON" } else { "INVALID_BODY" };
        Fault::new(Code::InvalidArgument, reason, error.to_string()).with("path", error.path).into()
    }
}

fn write(problem: &Inner, request_id: &str, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let fault = &problem.fault;
    let mut writer = serde_json::Serializer::new(out);
    let mut map = writer.serialize_map(None)?;
    map.serialize_entry("type", &format_args!("urn:fondaco:fault:{}", fault.reason))?;
    map.serialize_entry("title", title(fault.code))?;
    map.serialize_entry("status", &problem.status.as_u16())?;
    map.serialize_entry("detail", &fault.message)?;
    map.serialize_entry("code", fault.code.as_str())?;
    map.serialize_entry("reason", &fault.reason)?;
    map.serialize_entry("metadata", &Metadata(&fault.metadata))?;
    if !request_id.is_empty() {
        map.serialize_entry("requestId", request_id)?;
    }
    SerializeMap::end(map)
}

struct Metadata<'a>(&'a [(String, String)]);

impl serde::Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unique: std::collections::BTreeMap<_, _> = self.0.iter().map(|(key, value)| (key, value)).collect();
        serializer.collect_map(unique)
    }
}

fn title(code: Code) -> &'static str {
    match code {
        Code::Cancelled => "Cancelled",
        Code::Unknown => "Unknown",
        Code::InvalidArgument => "Invalid argument",
        Code::DeadlineExceeded => "Deadline exceeded",
        Code::NotFound => "Not found",
        Code::AlreadyExists => "Already exists",
        Code::PermissionDenied => "Permission denied",
        Code::ResourceExhausted => "Resource exhausted",
        Code::FailedPrecondition => "Failed precondition",
        Code::Aborted => "Aborted",
        Code::OutOfRange => "Out of range",
        Code::Unimplemented => "Unimplemented",
        Code::Internal => "Internal",
        Code::Unavailable => "Unavailable",
        Code::DataLoss => "Data loss",
        Code::Unauthenticated => "Unauthenticated",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(problem: &Problem) -> serde_json::Value {
        let mut bytes = Vec::new();
        write(&problem.0, "r-1", &mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_fault_is_problem_json_with_a_stable_reason() {
        let fault = Fault::new(Code::NotFound, "NO_SUCH_PLUGIN", "there is no plugin `x`").with("plugin", "x");
        insta::assert_json_snapshot!(body(&fault.into()), @r#"
        {
          "code": "NOT_FOUND",
          "detail": "there is no plugin `x`",
          "metadata": {
            "plugin": "x"
          },
          "reason": "NO_SUCH_PLUGIN",
          "requestId": "r-1",
          "status": 404,
          "title": "Not found",
          "type": "urn:fondaco:fault:NO_SUCH_PLUGIN"
        }
        "#);
    }

    #[test]
    fn nothing_internal_leaks() {
        let problem = body(&Fault::internal("/secret/path is gone").with("path", "/secret").into());
        assert!(!problem.to_string().contains("secret"), "{problem}");
        assert_eq!(problem["status"], 500);
    }

    #[test]
    fn overload_says_when_to_come_back() {
        let response = Problem::overloaded().response("r");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}
