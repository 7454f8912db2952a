//! A native host runs the pipeline on a pool of threads, so the future of its quote must be `Send`.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::words::{by_sku, line, request};
use fondaco_sdk::{Fault, shipping_rate::Shipment, tax::Taxables, types::Cart, validation::Step};
use service_pricing::bindings::fondaco::{
    loyalty::accounts::Account,
    plugin::{evaluations::Points, loyalties, price_rules, promotions, shipping_rates, taxes, validations},
    shipping::zones,
};
use service_pricing::policy::Policy;
use service_pricing::ports::{Clock, Evaluation, Facts, Rules};
use service_pricing::{Caller, quote};

struct Nothing;

impl Rules for Nothing {
    type Evaluation = Self;

    async fn open(&self, _: &Cart) -> Result<Self, Fault> {
        Ok(Self)
    }
}

impl Evaluation for Nothing {
    fn revision(&self) -> String {
        String::new()
    }

    fn active(&self) -> Points {
        Points::empty()
    }

    async fn price_rules(&mut self, _: &mut Cart) -> Result<Vec<price_rules::Verdict>, Fault> {
        Ok(vec![])
    }

    async fn shipping_rates(&mut self, _: &Cart, _: &Shipment) -> Result<Vec<shipping_rates::Verdict>, Fault> {
        Ok(vec![])
    }

    async fn promotions(&mut self, _: &Cart) -> Result<Vec<promotions::Verdict>, Fault> {
        Ok(vec![])
    }

    async fn burn(&mut self, _: &Cart, _: u64) -> Result<Vec<loyalties::BurnVerdict>, Fault> {
        Ok(vec![])
    }

    async fn taxes(&mut self, _: &Cart, _: &Taxables) -> Result<Vec<taxes::Verdict>, Fault> {
        Ok(vec![])
    }

    async fn earn(&mut self, _: &Cart, _: i64) -> Result<Vec<loyalties::CreditsVerdict>, Fault> {
        Ok(vec![])
    }

    async fn validations(&mut self, _: &Cart, _: Step) -> Result<Vec<validations::Verdict>, Fault> {
        Ok(vec![])
    }
}

impl Facts for Nothing {
    async fn zone(&self, _: &zones::Request) -> Result<zones::Resolution, Fault> {
        Ok(zones::Resolution { zone: String::new(), parcels: vec![] })
    }

    async fn standing(&self, _: &str) -> Result<Option<Account>, Fault> {
        Ok(None)
    }
}

impl Clock for Nothing {
    fn now_ms(&self) -> u64 {
        0
    }

    fn nanos(&self) -> u64 {
        0
    }
}

fn on_any_thread<T: Send>(future: T) -> T {
    future
}

#[test]
fn the_future_may_move_between_threads() {
    let policy = Policy::default();
    let caller = Caller { tenant: "acme".into(), request_id: "r".into() };
    let future = quote(request(vec![line("mug", 1, 1)]), caller, &policy, &Nothing, &Nothing, &Nothing);
    drop(on_any_thread(future));
}

#[test]
fn a_host_without_a_catalog_says_so() {
    let caller = Caller { tenant: "acme".into(), request_id: "r".into() };
    let policy = Policy::default();
    let future = quote(request(vec![by_sku("mug", 1)]), caller, &policy, &Nothing, &Nothing, &Nothing);
    let answer = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(answer, Poll::Ready(Err(fault)) if fault.reason == "NO_CATALOG"));
}
