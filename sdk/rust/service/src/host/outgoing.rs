//! `wasi:http` in the words of [`crate::http`]: one request, its whole answer.

use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, HeaderError, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme, http_error_code,
};
use crate::bindings::wasi::io::streams::StreamError;
use crate::http::{Request, Response};
use crate::{Code, Fault};

/// Bytes that are written or read at a time. `blocking-write-and-flush` takes no more than 4,096.
const WRITE: usize = 4_096;
const READ: u64 = 64 << 10;

pub(super) fn send(request: &Request) -> Result<Response, Fault> {
    let place = Place::of(&request.url)?;
    ask(request, &place).map_err(|error| fault(&error, place.authority))
}

/// A URL in the parts that `wasi:http` wants.
struct Place<'a> {
    scheme: Scheme,
    authority: &'a str,
    path: String,
}

impl<'a> Place<'a> {
    fn of(url: &'a str) -> Result<Self, Fault> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| invalid("its URL has no scheme"))?;
        // A fragment is the asker's own.
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let scheme = match scheme {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return Err(invalid("its URL is neither https nor http")),
        };
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { scheme, authority, path })
    }
}

/// What can go wrong on the way: the host's word, or that it does not take a part of the request.
enum Failed {
    Code(ErrorCode),
    Invalid(&'static str),
    Header(String, HeaderError),
}

impl From<ErrorCode> for Failed {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

fn ask(request: &Request, place: &Place<'_>) -> Result<Response, Failed> {
    let outgoing = prepare(request, place)?;
    let options = request.timeout_ms.map(timeout);
    let body = outgoing.body().map_err(|()| Failed::Invalid("its body is not taken"))?;
    let pending = outgoing_handler::handle(outgoing, options)?;
    // Where the host stops reading, its answer says why.
    write(body, &request.body);
    pending.subscribe().block();
    match pending.get() {
        Some(Ok(response)) => read(response?),
        _ => Err(Failed::Code(ErrorCode::ConnectionTerminated)),
    }
}

fn prepare(request: &Request, place: &Place<'_>) -> Result<OutgoingRequest, Failed> {
    let headers = Fields::new();
    for (name, value) in &request.headers {
        headers.append(name, value.as_bytes()).map_err(|error| Failed::Header(name.clone(), error))?;
    }
    let outgoing = OutgoingRequest::new(headers);
    let refused = |what| move |()| Failed::Invalid(what);
    outgoing.set_method(&method(&request.method)).map_err(refused("its method is none"))?;
    outgoing.set_scheme(Some(&place.scheme)).map_err(refused("its scheme is none"))?;
    outgoing.set_authority(Some(place.authority)).map_err(refused("its URL has no host, or an unusual one"))?;
    outgoing.set_path_with_query(Some(&place.path)).map_err(refused("its URL's path or query is not encoded"))?;
    Ok(outgoing)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// Connecting and waiting together, so each has half.
fn timeout(ms: u64) -> RequestOptions {
    let options = RequestOptions::new();
    let half = Some(ms.saturating_mul(500_000));
    // A host that does not take them has its own.
    let _ = options.set_connect_timeout(half);
    let _ = options.set_first_byte_timeout(half);
    options
}

fn write(body: OutgoingBody, bytes: &[u8]) {
    if let Ok(stream) = body.write() {
        for part in bytes.chunks(WRITE) {
            if stream.blocking_write_and_flush(part).is_err() {
                break;
            }
        }
    }
    let _ = OutgoingBody::finish(body, None);
}

fn read(response: IncomingResponse) -> Result<Response, Failed> {
    let (status, headers) = (response.status(), response.headers().entries());
    let body = response.consume().map_err(|()| ErrorCode::HttpProtocolError)?;
    Ok(Response { status, headers, body: read_body(&body)? })
}

fn read_body(body: &IncomingBody) -> Result<Vec<u8>, ErrorCode> {
    let stream = body.stream().map_err(|()| ErrorCode::HttpProtocolError)?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(READ) {
            Ok(part) => bytes.extend(part),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(http_error_code(&error).unwrap_or(ErrorCode::HttpResponseIncomplete));
            }
        }
    }
}

fn invalid(why: &str) -> Fault {
    Fault::new(Code::InvalidArgument, "HTTP_INVALID_REQUEST", format!("The request cannot be sent: {why}."))
}

fn fault(failed: &Failed, host: &str) -> Fault {
    match failed {
        Failed::Invalid(why) => invalid(why),
        Failed::Header(name, HeaderError::Forbidden) => invalid(&format!("the header `{name}` is the host's business")),
        Failed::Header(name, _) => invalid(&format!("the header `{name}` is no header")),
        Failed::Code(code) => fault_of(code, host),
    }
}

fn fault_of(error: &ErrorCode, host: &str) -> Fault {
    // Without user-info, should someone have put it there.
    let host: String = host.rsplit('@').next().unwrap_or_default().chars().take(100).collect();
    let (code, reason, message) = match error {
        ErrorCode::InternalError(Some(text)) => return told(text),
        ErrorCode::HttpRequestDenied => {
            (Code::PermissionDenied, "HTTP_NOT_GRANTED", "is not granted: add it to `grants.http.hosts`")
        }
        ErrorCode::DestinationIpProhibited => {
            (Code::PermissionDenied, "HTTP_ADDRESS_PROHIBITED", "has no address that may be asked")
        }
        ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestHeaderSectionSize(_) => {
            (Code::InvalidArgument, "HTTP_INVALID_REQUEST", "was not asked: URL, method or headers are not allowed")
        }
        ErrorCode::HttpRequestBodySize(_) => {
            (Code::ResourceExhausted, "HTTP_REQUEST_TOO_LARGE", "was not asked: the body is too large")
        }
        ErrorCode::HttpResponseBodySize(_) | ErrorCode::HttpResponseHeaderSectionSize(_) => {
            (Code::ResourceExhausted, "HTTP_RESPONSE_TOO_LARGE", "answers too much")
        }
        ErrorCode::ConnectionLimitReached => {
            (Code::ResourceExhausted, "HTTP_TOO_MANY_CONNECTIONS", "was not asked: all connections are in use")
        }
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => (Code::DeadlineExceeded, "HTTP_TIMEOUT", "did not answer in time"),
        ErrorCode::DestinationUnavailable => {
            (Code::Unavailable, "HTTP_HOST_UNWELL", "kept failing and is left alone for a while")
        }
        ErrorCode::TlsCertificateError | ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            (Code::Unavailable, "HTTP_TLS_FAILED", "does not show who it is: certificate or TLS")
        }
        _ => (Code::Unavailable, "HTTP_FAILED", "could not be asked, or its answer broke off"),
    };
    Fault::new(code, reason, format!("`{host}` {message}.")).with("host", host).with("error", name(error))
}

/// The word of `wasi:http` for it, as Rust spells it: `DestinationIpProhibited`.
fn name(error: &ErrorCode) -> String {
    let text = format!("{error:?}");
    let word = text.split(['(', ' ', '{']).next().unwrap_or_default();
    word.rsplit(':').next().unwrap_or_default().to_owned()
}

/// What `wasi:http` has no word for comes as `REASON: message`.
fn told(text: &str) -> Fault {
    match text.split_once(": ") {
        Some((reason @ "UNCOMMITTED_WRITES", message)) => Fault::new(Code::FailedPrecondition, reason, message),
        _ => Fault::new(Code::Unavailable, "HTTP_FAILED", "The host could not send the request."),
    }
}
