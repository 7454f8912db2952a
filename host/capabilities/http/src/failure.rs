//! What went wrong, in the words of `wasi:http`.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use rustls::AlertDescription;
use wasmtime_wasi_http::Error;

use crate::connector::Refusal;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Prohibited => Self::DestinationIpProhibited,
            Refusal::NoAddress => Self::DnsError { rcode: None, info_code: None },
            Refusal::TooSlow => Self::ConnectionTimeout,
            Refusal::Full => Self::ConnectionLimitReached,
        }
    }
}

/// Why there is no head of a response.
pub(crate) fn of_request(error: &legacy::Error) -> Error {
    if let Some(refusal) = find::<Refusal>(error) {
        return refusal.clone().into();
    }
    if let Some(error) = find::<rustls::Error>(error) {
        return of_tls(error);
    }
    if let Some(error) = find::<hyper::Error>(error) {
        return of_hyper(error);
    }
    find::<io::Error>(error).map_or(Error::HttpProtocolError, |error| of_io(error.kind()))
}

/// Why a response's body breaks off.
pub(crate) fn of_body(error: &hyper::Error) -> Error {
    match of_hyper(error) {
        Error::ConnectionTerminated => Error::HttpResponseIncomplete,
        error => error,
    }
}

fn of_hyper(error: &hyper::Error) -> Error {
    if error.is_parse_too_large() {
        Error::HttpResponseHeaderSectionSize(None)
    } else if error.is_parse() || error.is_parse_status() {
        Error::HttpProtocolError
    } else {
        Error::ConnectionTerminated
    }
}

fn of_tls(error: &rustls::Error) -> Error {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => Error::TlsCertificateError,
        rustls::Error::AlertReceived(alert) => {
            Error::TlsAlertReceived { alert_id: Some(u8::from(*alert)), alert_message: Some(named(*alert)) }
        }
        _ => Error::TlsProtocolError,
    }
}

fn named(alert: AlertDescription) -> String {
    format!("{alert:?}")
}

fn of_io(kind: io::ErrorKind) -> Error {
    match kind {
        io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        io::ErrorKind::TimedOut => Error::ConnectionTimeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Error::DestinationIpUnroutable,
        io::ErrorKind::AddrNotAvailable => Error::DestinationUnavailable,
        _ => Error::ConnectionTerminated,
    }
}

/// The first cause of that type. What an `io::Error` wraps is no source of its own, so it is looked into.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// The error's name in `wasi:http`: what metrics and logs say.
pub(crate) fn label(error: &Error) -> &'static str {
    match error {
        Error::DnsTimeout => "dns-timeout",
        Error::DnsError { .. } => "dns-error",
        Error::DestinationUnavailable => "destination-unavailable",
        Error::DestinationIpProhibited => "destination-ip-prohibited",
        Error::DestinationIpUnroutable => "destination-ip-unroutable",
        Error::ConnectionRefused => "connection-refused",
        Error::ConnectionTerminated => "connection-terminated",
        Error::ConnectionTimeout => "connection-timeout",
        Error::ConnectionReadTimeout => "connection-read-timeout",
        Error::ConnectionLimitReached => "connection-limit-reached",
        Error::TlsProtocolError => "tls-protocol-error",
        Error::TlsCertificateError => "tls-certificate-error",
        Error::TlsAlertReceived { .. } => "tls-alert-received",
        Error::HttpRequestDenied => "http-request-denied",
        Error::HttpRequestMethodInvalid => "http-request-method-invalid",
        Error::HttpRequestUriInvalid => "http-request-uri-invalid",
        Error::HttpRequestUriTooLong => "http-request-uri-too-long",
        Error::HttpRequestBodySize(_) => "http-request-body-size",
        Error::HttpRequestHeaderSectionSize(_) => "http-request-header-section-size",
        Error::HttpResponseIncomplete => "http-response-incomplete",
        Error::HttpResponseHeaderSectionSize(_) => "http-response-header-section-size",
        Error::HttpResponseBodySize(_) => "http-response-body-size",
        Error::HttpResponseTimeout => "http-response-timeout",
        Error::HttpUpgradeFailed => "http-upgrade-failed",
        Error::HttpProtocolError => "http-protocol-error",
        _ => "internal-error",
    }
}
