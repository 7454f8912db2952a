//! The limit and today's alternative: the same pipeline and the same rules without Wasm.
//!
//! `native` links the rules; `webhook` asks each of them over a keep-alive HTTP connection, as merchants' extensions
//! are asked today. Both serve `POST /v1/pricing/quotes` with the same JSON, on the same HTTP stack as the host.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use fondaco_sdk::points::{PriceRule, Promotion};
use fondaco_sdk::prelude::{Cart, Code, Fault, Operation, Prices, Shipment, Step, Taxables};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use service_loyalty::programme::Programme;
use service_loyalty::settings::Settings;
use service_pricing::bindings::fondaco::loyalty::accounts::Account;
use service_pricing::bindings::fondaco::plugin::evaluations::{Points, Source};
use service_pricing::bindings::fondaco::plugin::{
    loyalties, price_rules, promotions, shipping_rates, taxes, validations,
};
use service_pricing::bindings::fondaco::shipping::zones;
use service_pricing::policy::Policies;
use service_pricing::ports::{Clock, Evaluation, Facts, Rules};
use service_pricing::{Caller, quote};

use crate::scene;

/// How rules are asked.
#[derive(Clone)]
pub(crate) enum Way {
    /// Linked.
    Linked,
    /// Over HTTP, at this address.
    Webhook(reqwest::Client, String),
}

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

#[derive(Clone)]
struct Shop {
    way: Way,
    policies: Arc<Policies>,
    programmes: Arc<Settings<Programme>>,
}

/// Serves quotes on `address` until the process ends.
pub(crate) async fn serve_quotes(address: &str, way: Way) -> Result<()> {
    let shop = Shop {
        way,
        policies: Arc::new(Policies::parse(scene::PRICING_CONFIG)?),
        programmes: Arc::new(Settings::parse(scene::LOYALTY_CONFIG).map_err(|error| anyhow::anyhow!("{error}"))?),
    };
    let router = Router::new().route("/v1/pricing/quotes", post(answer)).with_state(shop);
    serve(address, router).await
}

/// Serves the two rules as webhooks on `address` until the process ends.
pub(crate) async fn serve_rules(address: &str) -> Result<()> {
    let router = Router::new().route("/price-rule", post(price_rule)).route("/promotion", post(promotion));
    serve(address, router).await
}

async fn serve(address: &str, router: Router) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?;
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    Ok(axum::serve(listener, router).await?)
}

async fn price_rule(body: Bytes) -> Response {
    respond(serde_json::from_slice::<Ask>(&body).map(|ask| merchant_volume_tiers::Plugin::run(&ask.cart, &ask.config)))
}

async fn promotion(body: Bytes) -> Response {
    respond(serde_json::from_slice::<Ask>(&body).map(|ask| merchant_tiered_spend::Plugin::run(&ask.cart, &ask.config)))
}

async fn answer(State(shop): State<Shop>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(key) = headers.get(header::AUTHORIZATION) else { return StatusCode::UNAUTHORIZED.into_response() };
    let caller = Caller { tenant: scene::TENANT.into(), request_id: key.len().to_string() };
    let request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    let policy = shop.policies.of(scene::TENANT);
    respond(Ok(quote(request, caller, policy, &shop, &shop, &SystemClock(Instant::now())).await))
}

fn respond<T: Serialize>(outcome: serde_json::Result<Result<T, Fault>>) -> Response {
    let body = match outcome {
        Ok(Ok(value)) => serde_json::to_vec(&value),
        Ok(Err(fault)) => return (StatusCode::UNPROCESSABLE_ENTITY, fault.to_string()).into_response(),
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    match body {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

struct SystemClock(Instant);

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn nanos(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Facts for Shop {
    async fn zone(&self, _: &zones::Request) -> Result<zones::Resolution, Fault> {
        Err(Fault::new(Code::Unimplemented, "NO_SHIPPING", "the benchmark's cart is not shipped"))
    }

    async fn standing(&self, customer: &str) -> Result<Option<Account>, Fault> {
        let programme = self.programmes.of(scene::TENANT);
        Ok(programme.and_then(|programme| programme.standing(customer)).map(|standing| Account {
            tier: standing.tier.to_owned(),
            multiplier: standing.multiplier.into(),
            points: standing.points,
        }))
    }
}

impl Rules for Shop {
    type Evaluation = Pinned;

    async fn open(&self, _: &Cart) -> Result<Pinned, Fault> {
        Ok(Pinned(self.way.clone()))
    }
}

struct Pinned(Way);

impl Pinned {
    async fn ask<T: DeserializeOwned>(&self, path: &str, cart: &Cart, config: &str) -> Result<T, Fault> {
        let Way::Webhook(client, address) = &self.0 else {
            return Err(Fault::new(Code::Internal, "NO_WEBHOOK", "asked without an address"));
        };
        let body = serde_json::to_vec(&AskRef { cart, config }).map_err(unavailable)?;
        let answer = client.post(format!("http://{address}/{path}")).body(body).send().await.map_err(unavailable)?;
        let body = answer.error_for_status().map_err(unavailable)?.bytes().await.map_err(unavailable)?;
        serde_json::from_slice(&body).map_err(unavailable)
    }

    async fn prices(&self, cart: &Cart) -> Result<Prices, Fault> {
        match &self.0 {
            Way::Linked => merchant_volume_tiers::Plugin::run(cart, scene::VOLUME_TIERS_CONFIG),
            Way::Webhook(..) => self.ask("price-rule", cart, scene::VOLUME_TIERS_CONFIG).await,
        }
    }

    async fn operations(&self, cart: &Cart) -> Result<Vec<Operation>, Fault> {
        match &self.0 {
            Way::Linked => merchant_tiered_spend::Plugin::run(cart, scene::TIERED_SPEND_CONFIG),
            Way::Webhook(..) => self.ask("promotion", cart, scene::TIERED_SPEND_CONFIG).await,
        }
    }
}

fn unavailable(error: impl std::fmt::Display) -> Fault {
    Fault::new(Code::Unavailable, "WEBHOOK_FAILED", error.to_string())
}

fn source(plugin: &str) -> Source {
    Source { plugin: plugin.into(), version: "1.0.0".into(), digest: scene::NO_DIGEST.into(), fuel: 0, fallback: false }
}

impl Evaluation for Pinned {
    fn revision(&self) -> String {
        scene::NO_DIGEST.into()
    }

    fn active(&self) -> Points {
        Points::PRICE_RULE | Points::PROMOTION
    }

    async fn price_rules(&mut self, cart: &mut Cart) -> Result<Vec<price_rules::Verdict>, Fault> {
        let outcome = self.prices(cart).await;
        Ok(vec![price_rules::Verdict { source: source("volume-tiers"), outcome }])
    }

    async fn promotions(&mut self, cart: &Cart) -> Result<Vec<promotions::Verdict>, Fault> {
        let outcome = self.operations(cart).await;
        Ok(vec![promotions::Verdict { source: source("tiered-spend"), outcome }])
    }

    async fn shipping_rates(&mut self, _: &Cart, _: &Shipment) -> Result<Vec<shipping_rates::Verdict>, Fault> {
        Ok(Vec::new())
    }

    async fn burn(&mut self, _: &Cart, _: u64) -> Result<Vec<loyalties::BurnVerdict>, Fault> {
        Ok(Vec::new())
    }

    async fn taxes(&mut self, _: &Cart, _: &Taxables) -> Result<Vec<taxes::Verdict>, Fault> {
        Ok(Vec::new())
    }

    async fn earn(&mut self, _: &Cart, _: i64) -> Result<Vec<loyalties::CreditsVerdict>, Fault> {
        Ok(Vec::new())
    }

    async fn validations(&mut self, _: &Cart, _: Step) -> Result<Vec<validations::Verdict>, Fault> {
        Ok(Vec::new())
    }
}

/// A client with keep-alive connections, as a webhook caller of today has.
pub(crate) fn webhook_client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .pool_max_idle_per_host(64)
        .tcp_nodelay(true)
        .timeout(Duration::from_secs(2))
        .build()?)
}
