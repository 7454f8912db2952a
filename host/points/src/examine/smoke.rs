//! One call of each function on a canonical cart: does it answer at all, within its limits and the contract's?

use fondaco_engine::{Code, Fault, Fuel, Log};

use crate::evaluation::Held;
use crate::fault::from_plugin;
use crate::function::Function;
use crate::limits::PluginLimits;
use crate::loyalty::{self, Credit, Return, Returned};
use crate::plugin::TypedPlugin;
use crate::point::Point;
use crate::samples::cart_of;
use crate::shipping_rate::{self, Parcel, Shipment};
use crate::tax::{self, Item, Taxable, Taxables};
use crate::wit::Cart;
use crate::{price_rule, promotion, validation};

/// What the calls cost and wrote.
#[derive(Default)]
pub(super) struct Tried {
    pub(super) fuel: Fuel,
    pub(super) log: Log,
}

/// Calls each function of the plugin's point; with `config` when its author gave an example, otherwise with `{}`.
pub(super) fn run(plugin: &TypedPlugin, config: Option<&str>, limits: &PluginLimits) -> Result<Tried, Fault> {
    let mut smoke = Smoke { plugin, config, limits, cart: cart_of(3).into(), tried: Tried::default() };
    match plugin.point() {
        Point::PriceRule => smoke.call::<price_rule::Evaluate>(&())?,
        Point::Promotion => smoke.call::<promotion::Evaluate>(&())?,
        Point::ShippingRate => smoke.call::<shipping_rate::Rates>(&shipment())?,
        Point::Tax => smoke.call::<tax::Assess>(&taxables(&smoke.cart.clone()))?,
        Point::Validation => smoke.call::<validation::Check>(&validation::Step::Complete)?,
        Point::Loyalty => {
            smoke.call::<loyalty::Earn>(&6_006)?;
            smoke.call::<loyalty::Burn>(&100)?;
            smoke.call::<loyalty::Reverse>(&returned())?;
        }
    }
    Ok(smoke.tried)
}

/// Whether the plugin itself says that it cannot use `config`. What else it may do with it is for its release's failure
/// policy: only a quote can tell.
pub(crate) fn refuses(plugin: &TypedPlugin, config: &str, limits: &PluginLimits) -> Option<Fault> {
    let fault = run(plugin, Some(config), limits).err()?;
    let is_config = fault.metadata.iter().any(|(key, value)| key == "cause" && value == "INVALID_CONFIG");
    is_config.then(|| {
        let said = fault.message.split_once("INVALID_CONFIG: ").map_or(fault.message.as_str(), |(_, said)| said);
        let message = format!("the plugin cannot use this config: {said}; nothing was released");
        Fault::new(Code::InvalidArgument, "INVALID_CONFIG", message)
    })
}

struct Smoke<'a> {
    plugin: &'a TypedPlugin,
    config: Option<&'a str>,
    limits: &'a PluginLimits,
    cart: Held,
    tried: Tried,
}

impl Smoke<'_> {
    fn call<F: Function>(&mut self, args: &F::Args) -> Result<(), Fault> {
        let limits = self.limits.for_lines(self.cart.lines.len());
        let run = self.plugin.call::<F>(&self.cart, args, self.config.unwrap_or("{}"), &limits);
        self.tried.fuel.0 = self.tried.fuel.0.saturating_add(run.fuel.0);
        self.tried.log.truncated |= run.log.truncated;
        let log = run.log.lines.join("\n");
        self.tried.log.lines.extend(run.log.lines);
        let cause = match run.outcome {
            Ok(Ok(answer)) => match F::check(&answer, &self.cart, args) {
                // A rule for another currency than the canonical cart's is as good as any; in a quote, its answer
                // for a cart in euros would be refused.
                Ok(()) => return Ok(()),
                Err(invalid) if invalid.reason == "FOREIGN_CURRENCY" => return Ok(()),
                Err(invalid) => invalid.of_answer(),
            },
            // A plugin may demand a config; without an example to give it, this is all that it can answer.
            Ok(Err(fault)) if self.config.is_none() && fault.reason == "INVALID_CONFIG" => {
                return Ok(());
            }
            Ok(Err(fault)) => from_plugin(fault),
            Err(fault) => fault,
        };
        Err(failed(F::NAME, self.config, &cause, &log))
    }
}

fn failed(function: &str, config: Option<&str>, cause: &Fault, log: &str) -> Fault {
    let with = if config.is_some() { "the config example of its manifest" } else { "the config {}" };
    let message =
        format!("it did not answer `{function}` on a cart of 3 lines with {with}: {}: {}", cause.reason, cause.message);
    let fault = Fault::new(Code::FailedPrecondition, "SMOKE_CALL_FAILED", message)
        .with("function", function)
        .with("cause", cause.reason.clone());
    if log.is_empty() { fault } else { fault.with("log", log.chars().take(1_000).collect::<String>()) }
}

fn shipment() -> Shipment {
    Shipment { zone: "DE".into(), parcels: vec![Parcel { grams: 1_700, lines: vec![0, 1, 2] }] }
}

fn taxables(cart: &Cart) -> Taxables {
    let line = |(index, line): (u32, &crate::wit::Line)| Taxable {
        item: Item::Line(index),
        amount: line.total,
        category: line.tax_category.clone(),
    };
    let mut items: Vec<Taxable> = (0..).zip(&cart.lines).map(line).collect();
    items.push(Taxable { item: Item::Shipping, amount: 490, category: String::new() });
    Taxables { prices_include_tax: true, items }
}

fn returned() -> Return {
    let credit = Credit {
        ledger: "points".into(),
        points: 60,
        active_ms: 1_750_000_000_000,
        expires_ms: None,
        reason: "smoke".into(),
    };
    Return { credits: vec![credit], returned: vec![Returned { line: 0, quantity: 1, refund: 1_000 }] }
}
