//! A tenant with rules that are closures. Like the host it keeps a copy of the cart, and it insists that the copy is
//! true whenever a rule looks at it.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use fondaco_sdk::{
    Fault,
    loyalty::{Credit, Redemption},
    price_rule::Prices,
    promotion::Operation,
    shipping_rate::{Rate, Shipment},
    tax::{Taxables, Taxation},
    types::{Cart, ChosenShipping, Line},
    validation::{Step, Violation},
};
use service_pricing::bindings::fondaco::{
    loyalty::accounts::Account,
    plugin::{
        evaluations::{LineAmount, Points, Source},
        loyalties, price_rules, promotions, shipping_rates, taxes, validations,
    },
    shipping::zones::{Parcel, Request as ZoneRequest, Resolution},
};
use service_pricing::{
    Caller, apply_prices,
    contract::{PricedCart, Request},
    goods::Goods,
    policy::Policy,
    ports::{Clock, Evaluation, Facts, Rules},
    quote,
};

pub(crate) type Rule<I, T> = Box<dyn Fn(&Cart, &I) -> Result<T, Fault>>;
pub(crate) type Knows = dyn Fn(&[String]) -> Result<Vec<Option<Goods>>, Fault>;
pub(crate) type Named<I, T> = Vec<(&'static str, Rule<I, T>)>;

/// All that a quote depends on, and a record of what was called.
#[derive(Default)]
pub(crate) struct House {
    pub policy: Policy,
    pub price_rules: Named<(), Prices>,
    pub promotions: Named<(), Vec<Operation>>,
    pub rates: Named<Shipment, Vec<Rate>>,
    pub taxes: Named<Taxables, Taxation>,
    pub burns: Named<u64, Option<Redemption>>,
    pub earns: Named<i64, Vec<Credit>>,
    pub validations: Named<Step, Vec<Violation>>,
    pub zone: Option<Result<Resolution, Fault>>,
    pub standing: Option<Account>,
    pub goods: Option<Box<Knows>>,
    pub calls: RefCell<Vec<String>>,
    pub ticks: Cell<u64>,
}

impl House {
    pub(crate) fn quote(&self, request: Request) -> Result<PricedCart, Fault> {
        let caller = Caller { tenant: "acme".into(), request_id: "host-1".into() };
        let rules = Open(self);
        let future = quote(request, caller, &self.policy, &rules, self, self);
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("all rules here answer at once"),
        }
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.borrow().clone()
    }

    fn call(&self, name: &str) {
        self.calls.borrow_mut().push(name.to_owned());
    }
}

/// What `House::quote` hands to the pipeline.
struct Open<'a>(&'a House);

pub(crate) struct Held<'a> {
    house: &'a House,
    cart: Cart,
}

impl<'a> Rules for Open<'a> {
    type Evaluation = Held<'a>;

    async fn open(&self, cart: &Cart) -> Result<Held<'a>, Fault> {
        self.0.call("open");
        Ok(Held { house: self.0, cart: cart.clone() })
    }
}

fn run<I, T, V>(
    rules: &Named<I, T>,
    cart: &Cart,
    input: &I,
    verdict: impl Fn(Source, Result<T, Fault>) -> V,
) -> Vec<V> {
    rules.iter().map(|(name, rule)| verdict(source(name), rule(cart, input))).collect()
}

pub(crate) fn source(plugin: &str) -> Source {
    Source { plugin: plugin.to_owned(), version: "1.0.0".to_owned(), digest: "00".repeat(32), fuel: 7, fallback: false }
}

impl Held<'_> {
    #[track_caller]
    fn called(&self, name: &str, cart: &Cart) {
        self.house.call(name);
        assert_eq!(&self.cart, cart, "the copy of the cart is not true at {name}");
    }
}

impl Evaluation for Held<'_> {
    fn revision(&self) -> String {
        "revision-1".to_owned()
    }

    fn active(&self) -> Points {
        let house = self.house;
        let mut active = Points::empty();
        active.set(Points::PRICE_RULE, !house.price_rules.is_empty());
        active.set(Points::PROMOTION, !house.promotions.is_empty());
        active.set(Points::SHIPPING_RATE, !house.rates.is_empty());
        active.set(Points::TAX, !house.taxes.is_empty());
        active.set(Points::LOYALTY, !house.burns.is_empty() || !house.earns.is_empty());
        active.set(Points::VALIDATION, !house.validations.is_empty());
        active
    }

    fn set_amounts(&mut self, amounts: &[LineAmount]) -> Result<(), Fault> {
        self.house.call("set-amounts");
        assert_eq!(amounts.len(), self.cart.lines.len());
        for (line, amount) in self.cart.lines.iter_mut().zip(amounts) {
            line.unit = amount.unit;
            line.total = amount.total;
        }
        Ok(())
    }

    fn add_lines(&mut self, lines: &[Line]) -> Result<(), Fault> {
        self.house.call("add-lines");
        self.cart.lines.extend(lines.iter().cloned());
        Ok(())
    }

    fn set_shipping(&mut self, shipping: Option<&ChosenShipping>) {
        self.house.call("set-shipping");
        self.cart.shipping = shipping.cloned();
    }

    async fn price_rules(&mut self, cart: &mut Cart) -> Result<Vec<price_rules::Verdict>, Fault> {
        self.called("price-rules", cart);
        let mut verdicts = Vec::new();
        for (name, rule) in &self.house.price_rules {
            let outcome = rule(cart, &());
            if let Ok(prices) = &outcome {
                apply_prices(cart, prices)?;
                apply_prices(&mut self.cart, prices)?;
            }
            verdicts.push(price_rules::Verdict { source: source(name), outcome });
        }
        Ok(verdicts)
    }

    async fn shipping_rates(
        &mut self,
        cart: &Cart,
        shipment: &Shipment,
    ) -> Result<Vec<shipping_rates::Verdict>, Fault> {
        self.called("shipping-rates", cart);
        let rules = &self.house.rates;
        Ok(run(rules, cart, shipment, |source, outcome| shipping_rates::Verdict { source, outcome }))
    }

    async fn promotions(&mut self, cart: &Cart) -> Result<Vec<promotions::Verdict>, Fault> {
        self.called("promotions", cart);
        Ok(run(&self.house.promotions, cart, &(), |source, outcome| promotions::Verdict { source, outcome }))
    }

    async fn burn(&mut self, cart: &Cart, want: u64) -> Result<Vec<loyalties::BurnVerdict>, Fault> {
        self.called("burn", cart);
        Ok(run(&self.house.burns, cart, &want, |source, outcome| loyalties::BurnVerdict { source, outcome }))
    }

    async fn taxes(&mut self, cart: &Cart, taxables: &Taxables) -> Result<Vec<taxes::Verdict>, Fault> {
        self.called("taxes", cart);
        Ok(run(&self.house.taxes, cart, taxables, |source, outcome| taxes::Verdict { source, outcome }))
    }

    async fn earn(&mut self, cart: &Cart, payable: i64) -> Result<Vec<loyalties::CreditsVerdict>, Fault> {
        self.called("earn", cart);
        Ok(run(&self.house.earns, cart, &payable, |source, outcome| loyalties::CreditsVerdict { source, outcome }))
    }

    async fn validations(&mut self, cart: &Cart, step: Step) -> Result<Vec<validations::Verdict>, Fault> {
        self.called("validations", cart);
        Ok(run(&self.house.validations, cart, &step, |source, outcome| validations::Verdict { source, outcome }))
    }
}

impl Facts for House {
    async fn zone(&self, request: &ZoneRequest) -> Result<Resolution, Fault> {
        self.call("zone");
        let lines = request.items.iter().map(|item| item.line).collect();
        let one_parcel = Resolution { zone: "domestic".into(), parcels: vec![Parcel { grams: 1_000, lines }] };
        self.zone.clone().unwrap_or(Ok(one_parcel))
    }

    async fn standing(&self, _: &str) -> Result<Option<Account>, Fault> {
        self.call("standing");
        Ok(self.standing.clone())
    }

    async fn goods(&self, skus: &[String]) -> Result<Vec<Option<Goods>>, Fault> {
        self.call(&format!("goods {}", skus.join(" ")));
        self.goods.as_ref().map_or_else(|| Ok(vec![None; skus.len()]), |goods| goods(skus))
    }
}

impl Clock for House {
    fn now_ms(&self) -> u64 {
        self.call("now");
        1_700_000_000_000
    }

    fn nanos(&self) -> u64 {
        self.ticks.set(self.ticks.get() + 10);
        self.ticks.get()
    }
}
