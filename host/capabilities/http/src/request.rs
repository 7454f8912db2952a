//! A request as a component made it, checked, and made again as it is sent.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::target::Target;

/// Bytes of path and query.
const PATH_BYTES: usize = 8 << 10;
/// Bytes of all headers, as they are written.
const HEADER_BYTES: u32 = 16 << 10;
/// What a host sees that a component did not say who it is.
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("fondaco/", env!("CARGO_PKG_VERSION")));

/// Headers that belong to the connection or to the framing of the body: the host's business. A component that sets one
/// is told so; it never sees one of a response.
pub(crate) fn is_forbidden(name: &HeaderName) -> bool {
    wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS.contains(name)
        || [header::TE, header::TRAILER, header::EXPECT].contains(name)
}

/// A request that may be sent, as often as it takes.
pub(crate) struct Prepared {
    head: Request<()>,
    body: Bytes,
}

impl Prepared {
    /// Checks a request and reads its body, which waits for the component to write it.
    pub(crate) async fn of(request: Request<WasiBody>, target: &Target, body_bytes: u64) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let head = head(parts, target)?;
        let limit = usize::try_from(body_bytes).unwrap_or(usize::MAX);
        let body = Limited::new(body, limit).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return Error::HttpRequestBodySize(Some(body_bytes));
            }
            error.downcast().map_or(Error::HttpProtocolError, |error| *error)
        })?;
        Ok(Self { head, body: body.to_bytes() })
    }

    pub(crate) fn method(&self) -> &Method {
        self.head.method()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.head.headers()
    }

    /// The request, to be sent once. The client writes `host` and `content-length`, from what is really there.
    pub(crate) fn again(&self) -> Request<Full<Bytes>> {
        self.head.clone().map(|()| Full::new(self.body.clone()))
    }
}

fn head(parts: Parts, target: &Target) -> Result<Request<()>, Error> {
    // A tunnel would lead anywhere, and TRACE shows what it was sent.
    if parts.method == Method::CONNECT || parts.method == Method::TRACE {
        return Err(Error::HttpRequestMethodInvalid);
    }
    let path = parts.uri.path_and_query();
    if path.is_some_and(|path| path.as_str().len() > PATH_BYTES) {
        return Err(Error::HttpRequestUriTooLong);
    }
    let mut headers = parts.headers;
    if headers.keys().any(is_forbidden) {
        return Err(Error::HttpRequestDenied);
    }
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
    if size > HEADER_BYTES as usize {
        return Err(Error::HttpRequestHeaderSectionSize(Some(HEADER_BYTES)));
    }
    headers.remove(header::CONTENT_LENGTH);
    headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
    let uri = target.uri(path).map_err(|_| Error::HttpRequestUriInvalid)?;
    let mut head = Request::new(());
    *head.method_mut() = parts.method;
    *head.uri_mut() = uri;
    *head.headers_mut() = headers;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(request: http::request::Builder) -> Result<Request<()>, Error> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let target = Target::parse(&parts.uri).unwrap();
        head(parts, &target)
    }

    fn get() -> http::request::Builder {
        Request::get("https://API.example.com:443/a?b=c")
    }

    #[test]
    fn a_request_is_written_by_the_host() {
        let head = checked(get().header("content-length", "7").header("x", "y")).unwrap();
        assert_eq!(head.uri(), "https://api.example.com/a?b=c");
        assert_eq!(head.headers().get("x").unwrap(), "y");
        assert_eq!(head.headers().get("user-agent").unwrap(), USER_AGENT);
        assert!(!head.headers().contains_key("content-length"));
        let own = checked(get().header("user-agent", "mine")).unwrap();
        assert_eq!(own.headers().get("user-agent").unwrap(), "mine");
    }

    #[test]
    fn what_is_the_hosts_business_is_refused() {
        for name in [
            "host",
            "connection",
            "transfer-encoding",
            "te",
            "trailer",
            "expect",
            "upgrade",
            "keep-alive",
            "proxy-connection",
        ] {
            assert!(matches!(checked(get().header(name, "x")), Err(Error::HttpRequestDenied)), "{name}");
        }
        for method in [Method::CONNECT, Method::TRACE] {
            assert!(matches!(checked(get().method(method)), Err(Error::HttpRequestMethodInvalid)));
        }
    }

    #[test]
    fn a_head_is_bounded() {
        let long = "a".repeat(PATH_BYTES);
        let uri = format!("https://api.example.com/{long}");
        assert!(matches!(checked(Request::get(uri)), Err(Error::HttpRequestUriTooLong)));
        let heavy = (0..17).fold(get(), |request, at| request.header(format!("x-{at}"), "a".repeat(1_000)));
        assert!(matches!(checked(heavy), Err(Error::HttpRequestHeaderSectionSize(Some(HEADER_BYTES)))));
    }
}
