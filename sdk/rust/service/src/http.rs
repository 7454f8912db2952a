//! Requests to the outside world. Granted by `[grants.http]`, to the hosts that stand there.
//!
//! ```
//! use fondaco_service::{Fault, http, testing::House};
//!
//! fn rate(to: &str) -> Result<i64, Fault> {
//!     let answer = http::get("https://api.carrier.test/rates").query(&[("to", to)]).send()?.ok()?;
//!     answer.json()
//! }
//!
//! // Natively a test answers in the host's place.
//! let house = House::with_schema("").http(|request| {
//!     assert_eq!(request.url, "https://api.carrier.test/rates?to=FR+75001");
//!     Ok(http::Response::new(200).with_json(&790))
//! });
//! assert_eq!(house.call(|| rate("FR 75001")).unwrap(), 790);
//! assert_eq!(house.requests().len(), 1);
//! ```
//!
//! The host follows no redirect, tries again what may be repeated (by its method, or by [`Builder::idempotency_key`]),
//! and ends everything within the call's time. What the call has written must be committed before (`UNCOMMITTED_WRITES`),
//! so that no lock is held while the other side thinks.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Code, Fault, fault, host};

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Its method, in capitals.
    pub method: String,
    /// `https://host[:port]/path?query`.
    pub url: String,
    /// Names and values, in their order.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// How long it may take until the head of an answer is there; the host's own limits, where none.
    pub timeout_ms: Option<u64>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Names, in small letters, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body, whole.
    pub body: Vec<u8>,
}

/// A request in the making.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before `send`"]
pub struct Builder(Request);

/// Asks for something.
pub fn get(url: impl Into<String>) -> Builder {
    request("GET", url)
}

/// Sends something that may have an effect each time: see [`Builder::idempotency_key`].
pub fn post(url: impl Into<String>) -> Builder {
    request("POST", url)
}

/// Puts something in its place.
pub fn put(url: impl Into<String>) -> Builder {
    request("PUT", url)
}

/// Takes something away.
pub fn delete(url: impl Into<String>) -> Builder {
    request("DELETE", url)
}

/// By any other method, in capitals.
pub fn request(method: impl Into<String>, url: impl Into<String>) -> Builder {
    Builder(Request { method: method.into(), url: url.into(), ..Request::default() })
}

impl Builder {
    /// Adds a header. Those that belong to the connection (`host`, `content-length`, …) are the host's business.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    /// Adds parameters to the URL, encoded as forms are.
    pub fn query<T: AsRef<str>>(mut self, parameters: &[(&str, T)]) -> Self {
        for (name, value) in parameters {
            self.0.url.push(if self.0.url.contains('?') { '&' } else { '?' });
            self.0.url.extend(form_urlencoded::byte_serialize(name.as_bytes()));
            self.0.url.push('=');
            self.0.url.extend(form_urlencoded::byte_serialize(value.as_ref().as_bytes()));
        }
        self
    }

    /// Says by which key the receiver knows the request again, so that the host may repeat it.
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        self.header("idempotency-key", key)
    }

    /// Says who asks: `authorization: Bearer …`, most likely with a secret.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With a body of bytes.
    pub fn body(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.body = bytes.into();
        self.header("content-type", content_type)
    }

    /// With a body of JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, Fault> {
        let json = serde_json::to_vec(value)
            .map_err(|error| fault::internal("NOT_JSON", format!("The request's body is not JSON: {error}")))?;
        Ok(self.body("application/json", json))
    }

    /// How long it may take until the head of an answer is there. Nothing lengthens what the host allows.
    pub fn timeout_ms(mut self, ms: u64) -> Self {
        self.0.timeout_ms = Some(ms);
        self
    }

    /// Sends it and waits for the whole answer, whatever its status. Faults have reasons that begin with `HTTP_`.
    pub fn send(self) -> Result<Response, Fault> {
        host::current(|host| host.http(&self.0))
    }
}

impl Response {
    /// An empty one, for tests.
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// With a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// With a body.
    #[must_use]
    pub fn with_body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        self
    }

    /// With a body of JSON; what is no JSON is an empty one.
    #[must_use]
    pub fn with_json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        let json = serde_json::to_vec(value).unwrap_or_default();
        self.with_header("content-type", "application/json").with_body(json)
    }

    /// The first header of that name, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        str::from_utf8(value).ok()
    }

    /// Itself where its status is 200 to 299; `HTTP_STATUS` with the status in the metadata otherwise.
    pub fn ok(self) -> Result<Self, Fault> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let code = match self.status {
            408 | 425 | 429 | 500.. => Code::Unavailable,
            _ => Code::FailedPrecondition,
        };
        let message = format!("The other side answered with status {}.", self.status);
        Err(Fault::new(code, "HTTP_STATUS", message).with("status", self.status.to_string()))
    }

    /// The body as text.
    pub fn text(&self) -> Result<&str, Fault> {
        str::from_utf8(&self.body).map_err(|error| unreadable(&error))
    }

    /// The body out of JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let mut reader = serde_json::Deserializer::from_slice(&self.body);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| unreadable(&error))?;
        reader.end().map_err(|error| unreadable(&error))?;
        Ok(value)
    }
}

/// What the other side said is not what it should be.
fn unreadable(why: &dyn std::fmt::Display) -> Fault {
    let why: String = why.to_string().chars().take(200).collect();
    Fault::new(Code::Unavailable, "HTTP_INVALID_RESPONSE", format!("The answer's body cannot be read: {why}"))
}
