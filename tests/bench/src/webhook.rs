//! Rules behind webhooks, as merchants run them today: the shop posts the cart as JSON, signed; the merchant's server
//! checks the signature before it believes a word, and answers JSON.
//!
//! The signature is HMAC-SHA256 over the raw body with a secret that both sides know, in hexadecimal in a header: what
//! Shopify, Stripe and Saleor do, each under a header of its own. Connections are kept alive, calls have a timeout, and
//! an answer that is not 2xx is a failure.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use fondaco_sdk::points::{PriceRule, Promotion};
use fondaco_sdk::prelude::{Cart, Code, Fault};
use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// What shop and merchant share.
const SECRET: &[u8; 32] = b"whsec-0123456789abcdef0123456789";
const SIGNATURE: &str = "x-webhook-hmac-sha256";
const TIMEOUT: Duration = Duration::from_secs(2);

/// What a webhook is sent.
#[derive(Serialize)]
struct AskRef<'a> {
    cart: &'a Cart,
    config: &'a str,
}

/// What a webhook gets.
#[derive(Deserialize)]
struct Ask {
    cart: Cart,
    config: String,
}

/// The shop's side.
#[derive(Clone)]
pub(crate) struct Webhooks {
    client: reqwest::Client,
    address: String,
}

impl Webhooks {
    /// Webhooks at `address`.
    pub(crate) fn new(address: String) -> Result<Self> {
        let client =
            reqwest::Client::builder().pool_max_idle_per_host(64).tcp_nodelay(true).timeout(TIMEOUT).build()?;
        Ok(Self { client, address })
    }

    /// Asks the rule at `path`.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, path: &str, cart: &Cart, config: &str) -> Result<T, Fault> {
        let body = serde_json::to_vec(&AskRef { cart, config }).map_err(failed)?;
        let signature = hex::encode(signed(&body)?.finalize().into_bytes());
        let request = self
            .client
            .post(format!("http://{}/{path}", self.address))
            .header(header::CONTENT_TYPE, "application/json")
            .header(SIGNATURE, signature)
            .body(body);
        let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
        serde_json::from_slice(&answer.bytes().await.map_err(failed)?).map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> Fault {
    Fault::new(Code::Unavailable, "WEBHOOK_FAILED", error.to_string())
}

fn signed(body: &[u8]) -> Result<Hmac<Sha256>, Fault> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).map_err(failed)?;
    mac.update(body);
    Ok(mac)
}

/// The merchant's side: serves the two rules on `address` until the process ends.
pub(crate) async fn serve_rules(address: &str) -> Result<()> {
    let router = Router::new().route("/price-rule", post(price_rule)).route("/promotion", post(promotion));
    let listener = tokio::net::TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?;
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    Ok(axum::serve(listener, router).await?)
}

async fn price_rule(headers: HeaderMap, body: Bytes) -> Response {
    answer(&headers, &body, merchant_volume_tiers::Plugin::run)
}

async fn promotion(headers: HeaderMap, body: Bytes) -> Response {
    answer(&headers, &body, merchant_tiered_spend::Plugin::run)
}

fn answer<T: Serialize>(headers: &HeaderMap, body: &[u8], run: impl Fn(&Cart, &str) -> Result<T, Fault>) -> Response {
    if !is_genuine(headers, body) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let ask: Ask = match serde_json::from_slice(body) {
        Ok(ask) => ask,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    match run(&ask.cart, &ask.config).map(|verdict| serde_json::to_vec(&verdict)) {
        Ok(Ok(json)) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        Err(fault) => (StatusCode::UNPROCESSABLE_ENTITY, fault.to_string()).into_response(),
    }
}

fn is_genuine(headers: &HeaderMap, body: &[u8]) -> bool {
    let given = headers.get(SIGNATURE).and_then(|value| hex::decode(value).ok());
    // Compared in constant time.
    given.zip(signed(body).ok()).is_some_and(|(given, mac)| mac.verify_slice(&given).is_ok())
}
