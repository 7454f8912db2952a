//! The limit and today's alternative: the same server, pipeline and rules without Wasm.
//!
//! `native` links the rules; `webhook` asks each of them over HTTP, as merchants' extensions are asked today. Both
//! stand behind the host's own [`door`](crate::door).

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use bytes::Bytes;
use fondaco_engine::{CallContext, Code, Fault, Fuel, Outcomes};
use fondaco_gateway::NativeFunction;
use fondaco_sdk::points::{PriceRule, Promotion};
use fondaco_sdk::prelude::{self as wit, Cart, Operation, Prices, Shipment, Step, Taxables};
use futures::FutureExt;
use futures::future::BoxFuture;
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
use crate::webhook::Webhooks;

const PRICE_RULE: &str = "volume-tiers";
const PROMOTION: &str = "tiered-spend";

/// How rules are asked.
#[derive(Clone)]
pub(crate) enum Way {
    /// Linked.
    Linked,
    /// Over HTTP.
    Webhook(Webhooks),
}

/// The pricing pipeline over linked services, and rules that are asked one way or the other.
pub(crate) struct Shop {
    way: Way,
    policies: Policies,
    programmes: Settings<Programme>,
    /// As the log line names them.
    labels: [Arc<str>; 2],
}

impl Shop {
    /// With the configurations that the host's services have.
    pub(crate) fn new(way: Way) -> Result<Self> {
        let programmes = Settings::parse(scene::LOYALTY_CONFIG).map_err(|error| anyhow::anyhow!("{error}"))?;
        let labels = [PRICE_RULE, PROMOTION].map(|name| format!("{name}@1.0.0").into());
        Ok(Self { way, policies: Policies::parse(scene::PRICING_CONFIG)?, programmes, labels })
    }

    async fn answer(&self, context: CallContext, body: Bytes) -> Result<Vec<u8>, Fault> {
        let request = serde_json::from_slice(&body)
            .map_err(|error| Fault::new(Code::InvalidArgument, "INVALID_BODY", error.to_string()))?;
        let tenant = context.tenant.as_str();
        let caller = Caller { tenant: tenant.into(), request_id: context.request_id.to_string() };
        let scene = Scene { shop: self, tenant, outcomes: &context.outcomes };
        let clock = SystemClock(Instant::now());
        let priced = quote(request, caller, self.policies.of(tenant), &scene, &scene, &clock).await;
        let priced = priced.map_err(|fault| Fault::new(Code::Internal, fault.reason, fault.message))?;
        let mut json = Vec::with_capacity(4096);
        serde_json::to_writer(&mut json, &priced).map_err(|error| Fault::internal(error.to_string()))?;
        Ok(json)
    }
}

impl NativeFunction for Shop {
    fn call(&self, context: CallContext, body: Bytes) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        self.answer(context, body).boxed()
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

/// One request's view of the shop.
struct Scene<'a> {
    shop: &'a Shop,
    tenant: &'a str,
    outcomes: &'a Outcomes,
}

impl Facts for Scene<'_> {
    async fn zone(&self, _: &zones::Request) -> Result<zones::Resolution, wit::Fault> {
        Err(wit::Fault::new(wit::Code::Unimplemented, "NO_SHIPPING", "the benchmark's cart is not shipped"))
    }

    async fn standing(&self, customer: &str) -> Result<Option<Account>, wit::Fault> {
        let programme = self.shop.programmes.of(self.tenant);
        Ok(programme.and_then(|programme| programme.standing(customer)).map(|standing| Account {
            tier: standing.tier.to_owned(),
            multiplier: standing.multiplier.into(),
            points: standing.points,
        }))
    }
}

impl<'a> Rules for Scene<'a> {
    type Evaluation = Pinned<'a>;

    async fn open(&self, _: &Cart) -> Result<Pinned<'a>, wit::Fault> {
        Ok(Pinned { shop: self.shop, outcomes: self.outcomes })
    }
}

struct Pinned<'a> {
    shop: &'a Shop,
    outcomes: &'a Outcomes,
}

impl Pinned<'_> {
    async fn prices(&self, cart: &Cart) -> Result<Prices, wit::Fault> {
        match &self.shop.way {
            Way::Linked => merchant_volume_tiers::Plugin::run(cart, scene::VOLUME_TIERS_CONFIG),
            Way::Webhook(hooks) => hooks.ask("price-rule", cart, scene::VOLUME_TIERS_CONFIG).await,
        }
    }

    async fn operations(&self, cart: &Cart) -> Result<Vec<Operation>, wit::Fault> {
        match &self.shop.way {
            Way::Linked => merchant_tiered_spend::Plugin::run(cart, scene::TIERED_SPEND_CONFIG),
            Way::Webhook(hooks) => hooks.ask("promotion", cart, scene::TIERED_SPEND_CONFIG).await,
        }
    }

    fn note(&self, label: &Arc<str>, fault: Option<&wit::Fault>) {
        self.outcomes.note(label, fault.map(|fault| fault.reason.clone().into()), Fuel(0));
    }
}

fn source(plugin: &str) -> Source {
    Source { plugin: plugin.into(), version: "1.0.0".into(), digest: scene::NO_DIGEST.into(), fuel: 0, fallback: false }
}

impl Evaluation for Pinned<'_> {
    fn revision(&self) -> String {
        scene::NO_DIGEST.into()
    }

    fn active(&self) -> Points {
        Points::PRICE_RULE | Points::PROMOTION
    }

    async fn price_rules(&mut self, cart: &mut Cart) -> Result<Vec<price_rules::Verdict>, wit::Fault> {
        let outcome = self.prices(cart).await;
        let [label, _] = &self.shop.labels;
        self.note(label, outcome.as_ref().err());
        Ok(vec![price_rules::Verdict { source: source(PRICE_RULE), outcome }])
    }

    async fn promotions(&mut self, cart: &Cart) -> Result<Vec<promotions::Verdict>, wit::Fault> {
        let outcome = self.operations(cart).await;
        let [_, label] = &self.shop.labels;
        self.note(label, outcome.as_ref().err());
        Ok(vec![promotions::Verdict { source: source(PROMOTION), outcome }])
    }

    async fn shipping_rates(&mut self, _: &Cart, _: &Shipment) -> Result<Vec<shipping_rates::Verdict>, wit::Fault> {
        Ok(Vec::new())
    }

    async fn burn(&mut self, _: &Cart, _: u64) -> Result<Vec<loyalties::BurnVerdict>, wit::Fault> {
        Ok(Vec::new())
    }

    async fn taxes(&mut self, _: &Cart, _: &Taxables) -> Result<Vec<taxes::Verdict>, wit::Fault> {
        Ok(Vec::new())
    }

    async fn earn(&mut self, _: &Cart, _: i64) -> Result<Vec<loyalties::CreditsVerdict>, wit::Fault> {
        Ok(Vec::new())
    }

    async fn validations(&mut self, _: &Cart, _: Step) -> Result<Vec<validations::Verdict>, wit::Fault> {
        Ok(Vec::new())
    }
}
