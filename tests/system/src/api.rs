//! The HTTP API as a client sees it.

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

/// A client with a key.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `content-type`, or empty.
    pub content_type: String,
    /// All of the body.
    pub body: Bytes,
}

/// What a release says.
#[derive(Clone, Debug)]
pub struct Release<'a> {
    /// Version of the plugin.
    pub version: &'a str,
    /// The rule's settings.
    pub config: Value,
    /// `skip`, `block`, `last-good`.
    pub on_failure: &'a str,
    /// Where it stands among the plugins of its point.
    pub position: i32,
}

impl Api {
    /// A client of `base`, for instance `http://127.0.0.1:8080`.
    pub fn new(base: &str, key: Option<&str>) -> Self {
        // A client cannot be built without one; another test of this process may have installed it already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { http, base: base.to_owned(), key: key.map(str::to_owned) }
    }

    /// The same connections with another key.
    pub fn with_key(&self, key: Option<&str>) -> Self {
        Self { key: key.map(str::to_owned), ..self.clone() }
    }

    /// Sends a request; `Err` when no whole answer came back.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> reqwest::Result<Answer> {
        self.try_send_with(method, path, &[("content-type", content_type)], body).await
    }

    /// The same with headers of one's own.
    pub async fn try_send_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let content_type =
            answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        Ok(Answer { status, content_type, body: answer.bytes().await? })
    }

    /// Sends a request with a JSON body.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let sent = self.try_send(method.clone(), path, "application/json", body.to_string().into()).await;
        sent.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        let sent = self.try_send(Method::GET, path, "application/json", Bytes::new()).await;
        sent.unwrap_or_else(|error| panic!("GET {path}: {error:?}"))
    }

    /// Uploads a plugin.
    pub async fn push(&self, name: &str, version: &str, bytes: impl Into<Bytes>) -> Answer {
        self.upload(&format!("/v1/plugins?name={name}&version={version}"), bytes).await
    }

    /// Uploads a service.
    pub async fn push_service(&self, name: &str, version: &str, bytes: impl Into<Bytes>) -> Answer {
        self.upload(&format!("/v1/services?name={name}&version={version}"), bytes).await
    }

    /// POSTs a component to `path`.
    pub async fn upload(&self, path: &str, bytes: impl Into<Bytes>) -> Answer {
        let sent = self.try_send(Method::POST, path, "application/wasm", bytes.into()).await;
        sent.unwrap_or_else(|error| panic!("POST {path}: {error:?}"))
    }

    /// Lets a version serve.
    pub async fn release(&self, point: &str, name: &str, release: &Release<'_>) -> Answer {
        let body = json!({
            "version": release.version,
            "config": release.config,
            "onFailure": release.on_failure,
            "position": release.position,
        });
        self.send(Method::PUT, &format!("/v1/releases/{point}/{name}"), &body).await
    }

    /// Takes a plugin out of service.
    pub async fn remove(&self, point: &str, name: &str) -> Answer {
        self.send(Method::DELETE, &format!("/v1/releases/{point}/{name}"), &Value::Null).await
    }

    /// Back to what served before.
    pub async fn rollback(&self, point: &str, name: &str) -> Answer {
        self.send(Method::POST, &format!("/v1/releases/{point}/{name}/rollback"), &json!({})).await
    }

    /// Lets a version of a service serve.
    pub async fn release_service(&self, name: &str, version: &str, config: &Value) -> Answer {
        self.send(Method::PUT, &format!("/v1/services/{name}"), &json!({"version": version, "config": config})).await
    }

    /// Back to the service that served before.
    pub async fn rollback_service(&self, name: &str) -> Answer {
        self.send(Method::POST, &format!("/v1/services/{name}/rollback"), &json!({})).await
    }

    /// Prices a cart.
    pub async fn quote(&self, cart: &Value) -> Answer {
        self.send(Method::POST, "/v1/pricing/quotes", cart).await
    }

    /// Prices a cart; `Err` when no whole answer came back.
    pub async fn try_quote(&self, cart: Bytes) -> reqwest::Result<Answer> {
        self.try_send(Method::POST, "/v1/pricing/quotes", "application/json", cart).await
    }
}

impl Answer {
    /// The body as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("status {}, {error} in: {}", self.status, self.text()))
    }

    /// The JSON of a 2xx; panics otherwise.
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "status {}: {}", self.status, self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Panics unless this is a whole problem+json (RFC 9457) with this status and reason. Answers its document.
    pub fn problem(&self, status: u16, reason: &str) -> Value {
        assert!(
            self.status == status && self.reason() == reason,
            "wanted {status} {reason}, got {}: {}",
            self.status,
            self.text()
        );
        let problem = self.json();
        assert!(self.content_type.starts_with("application/problem+json"), "{}: {problem}", self.content_type);
        assert_eq!(problem["status"], status, "{problem}");
        for member in ["type", "title", "detail", "code"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "no {member} in {problem}");
        }
        problem
    }

    /// The problem's stable reason, or a description of what came instead.
    pub fn reason(&self) -> String {
        let parsed: Option<Value> = serde_json::from_slice(&self.body).ok();
        let reason = parsed.as_ref().and_then(|value| value["reason"].as_str()).map(str::to_owned);
        reason.unwrap_or_else(|| format!("(no reason: {} {})", self.status, self.text()))
    }
}
