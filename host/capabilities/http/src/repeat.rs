//! Which requests may be made again, and after what.

use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use wasmtime_wasi_http::Error;

use crate::breaker::Verdict;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Whether making the request twice does what making it once does: by its method (RFC 9110, 9.2.2), or because it
/// carries a key by which its receiver knows it again.
pub(crate) fn repeatable(method: &Method, headers: &HeaderMap) -> bool {
    method.is_idempotent() || headers.get(IDEMPOTENCY_KEY).is_some_and(|key| !key.is_empty())
}

/// Whether an answer says that the host is not well. One that says when to come back is the caller's to read.
pub(crate) fn is_unwell(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

/// Whether an answer is worth another attempt.
pub(crate) fn answer_passes(status: StatusCode, headers: &HeaderMap) -> bool {
    is_unwell(status) && !headers.contains_key(header::RETRY_AFTER)
}

/// Whether an error is worth another attempt: what is likely to be gone in a moment.
pub(crate) fn error_passes(error: &Error) -> bool {
    matches!(
        error,
        Error::ConnectionRefused
            | Error::ConnectionTerminated
            | Error::ConnectionTimeout
            | Error::ConnectionReadTimeout
            | Error::DnsError { .. }
    )
}

/// What an error says of the host. A time that the caller made shorter than the host's own says nothing.
pub(crate) fn verdict(error: &Error, hurried: bool) -> Verdict {
    match error {
        Error::ConnectionTimeout | Error::ConnectionReadTimeout if hurried => Verdict::Unknown,
        Error::ConnectionTimeout
        | Error::ConnectionReadTimeout
        | Error::ConnectionRefused
        | Error::ConnectionTerminated
        | Error::DestinationUnavailable
        | Error::DestinationIpUnroutable
        | Error::DnsError { .. }
        | Error::TlsProtocolError
        | Error::TlsCertificateError
        | Error::TlsAlertReceived { .. }
        | Error::HttpProtocolError => Verdict::Ill,
        _ => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_is_idempotent_is_repeatable() {
        let none = HeaderMap::new();
        let with = |value| HeaderMap::from_iter([(IDEMPOTENCY_KEY, HeaderValue::from_static(value))]);
        for (method, headers, expected) in [
            (Method::GET, &none, true),
            (Method::HEAD, &none, true),
            (Method::OPTIONS, &none, true),
            (Method::PUT, &none, true),
            (Method::DELETE, &none, true),
            (Method::POST, &none, false),
            (Method::PATCH, &none, false),
            (Method::from_bytes(b"CHARGE").unwrap(), &none, false),
            (Method::POST, &with("order-17"), true),
            (Method::PATCH, &with("order-17"), true),
            (Method::POST, &with(""), false),
        ] {
            assert_eq!(repeatable(&method, headers), expected, "{method} {headers:?}");
        }
    }

    #[test]
    fn only_what_passes_is_worth_another_attempt() {
        let none = HeaderMap::new();
        let later = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static("1"))]);
        for (status, headers, expected) in [
            (502, &none, true),
            (503, &none, true),
            (504, &none, true),
            (503, &later, false),
            (500, &none, false),
            (429, &none, false),
            (404, &none, false),
            (200, &none, false),
        ] {
            assert_eq!(answer_passes(StatusCode::from_u16(status).unwrap(), headers), expected, "{status}");
        }
        assert!(error_passes(&Error::ConnectionRefused));
        for error in [
            Error::DestinationIpProhibited,
            Error::HttpRequestDenied,
            Error::TlsCertificateError,
            Error::ConnectionLimitReached,
            Error::HttpResponseBodySize(None),
        ] {
            assert!(!error_passes(&error), "{error}");
        }
    }

    #[test]
    fn a_hurried_caller_does_not_speak_against_the_host() {
        assert_eq!(verdict(&Error::ConnectionReadTimeout, false), Verdict::Ill);
        assert_eq!(verdict(&Error::ConnectionReadTimeout, true), Verdict::Unknown);
        assert_eq!(verdict(&Error::ConnectionRefused, true), Verdict::Ill);
        assert_eq!(verdict(&Error::DestinationIpProhibited, false), Verdict::Unknown);
        assert_eq!(verdict(&Error::ConnectionLimitReached, false), Verdict::Unknown);
    }
}
