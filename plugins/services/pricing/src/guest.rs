//! The component: exports `quotes`, with the pipeline over this component's imports, and handles the events that the
//! shelf wants to know of.

use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use fondaco_sdk::bindings::fondaco::plugin::shipping_rate::Shipment;
use fondaco_sdk::bindings::fondaco::plugin::tax::Taxables;
use fondaco_sdk::bindings::fondaco::plugin::types::{Cart, ChosenShipping, Line};
use fondaco_sdk::bindings::fondaco::plugin::validation::Step;
use fondaco_sdk::bindings::fondaco::types::faults::{Code, Fault};
use fondaco_settings::{Settings, SettingsError};

use crate::arena::Arena;
use crate::bindings::exports::fondaco::host::configurable::Guest as Configurable;
use crate::bindings::exports::fondaco::host::event_handler::{Event, Guest as EventHandler};
use crate::bindings::exports::fondaco::pricing::quotes::{Guest, PricedCart, Request};
use crate::bindings::fondaco::catalog::{types::VariantFacts, variants};
use crate::bindings::fondaco::host::caller;
use crate::bindings::fondaco::loyalty::accounts::{self, Account};
use crate::bindings::fondaco::plugin::evaluations::{self, LineAmount, Points};
use crate::bindings::fondaco::plugin::{loyalties, price_rules, promotions, shipping_rates, taxes, validations};
use crate::bindings::fondaco::price_book::{prices, types::Sheet};
use crate::bindings::fondaco::shipping::zones;
use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::wasi::config::store;
use crate::faults::fault;
use crate::goods::Goods;
use crate::policy::Policies;
use crate::ports::{Clock, Evaluation, Facts, Rules};
use crate::quote::{Caller, quote};
use crate::shelf::{self, Sources};

/// Room for a cart of some hundred lines.
#[global_allocator]
static ARENA: Arena<{ 512 * 1024 }> = Arena::new();

struct Pricing;

mod export {
    #![allow(unsafe_code, missing_docs, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    use super::Pricing;
    crate::bindings::export!(Pricing with_types_in crate::bindings);
}

impl Guest for Pricing {
    fn quote(request: Request) -> Result<PricedCart, Fault> {
        let identity = caller::current();
        let policy = policies()?.of(&identity.tenant);
        let caller = Caller { tenant: identity.tenant, request_id: identity.request_id };
        finish(quote(request, caller, policy, &Imports, &Imports, &Imports))
    }
}

impl Configurable for Pricing {
    fn check() -> Result<(), Fault> {
        policies().map(|_policies| ())
    }
}

impl EventHandler for Pricing {
    fn handle(event: Event) -> Result<(), Fault> {
        shelf::handle(&event.type_, &event.data)
    }
}

/// Parsed once: an instance belongs to one release, whose configuration never changes.
fn policies() -> Result<&'static Policies, Fault> {
    static POLICIES: OnceLock<Result<Policies, SettingsError>> = OnceLock::new();
    let read = || Settings::read(store::get("config")).map(Policies::from);
    let policies = POLICIES.get_or_init(|| ARENA.lasting(read)).as_ref();
    policies.map_err(|problem| fault(Code::Internal, "BAD_CONFIG", format!("The pricing service's {problem}")))
}

/// All imports of a component answer before they return, so its futures are ready when they are first asked.
fn finish<T>(future: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(fault(Code::Internal, "NOT_READY", "A call did not finish.".to_owned())),
    }
}

/// What the component imports.
struct Imports;

impl Rules for Imports {
    type Evaluation = evaluations::Evaluation;

    async fn open(&self, cart: &Cart) -> Result<evaluations::Evaluation, Fault> {
        evaluations::Evaluation::open(cart)
    }
}

/// The host keeps a copy of the cart, so what is lent here is not handed over again.
impl Evaluation for evaluations::Evaluation {
    fn revision(&self) -> String {
        Self::revision(self)
    }

    fn active(&self) -> Points {
        Self::active(self)
    }

    fn set_amounts(&mut self, amounts: &[LineAmount]) -> Result<(), Fault> {
        Self::set_amounts(self, amounts)
    }

    fn add_lines(&mut self, lines: &[Line]) -> Result<(), Fault> {
        Self::add_lines(self, lines)
    }

    fn set_shipping(&mut self, shipping: Option<&ChosenShipping>) {
        Self::set_shipping(self, shipping);
    }

    async fn price_rules(&mut self, _: &mut Cart) -> Result<Vec<price_rules::Verdict>, Fault> {
        price_rules::evaluate(self)
    }

    async fn shipping_rates(&mut self, _: &Cart, shipment: &Shipment) -> Result<Vec<shipping_rates::Verdict>, Fault> {
        shipping_rates::rates(self, shipment)
    }

    async fn promotions(&mut self, _: &Cart) -> Result<Vec<promotions::Verdict>, Fault> {
        promotions::evaluate(self)
    }

    async fn burn(&mut self, _: &Cart, want: u64) -> Result<Vec<loyalties::BurnVerdict>, Fault> {
        loyalties::burn(self, want)
    }

    async fn taxes(&mut self, _: &Cart, taxables: &Taxables) -> Result<Vec<taxes::Verdict>, Fault> {
        taxes::assess(self, taxables)
    }

    async fn earn(&mut self, _: &Cart, payable: i64) -> Result<Vec<loyalties::CreditsVerdict>, Fault> {
        loyalties::earn(self, payable)
    }

    async fn validations(&mut self, _: &Cart, step: Step) -> Result<Vec<validations::Verdict>, Fault> {
        validations::check(self, step)
    }
}

impl Facts for Imports {
    async fn zone(&self, request: &zones::Request) -> Result<zones::Resolution, Fault> {
        zones::resolve(request)
    }

    async fn standing(&self, customer: &str) -> Result<Option<Account>, Fault> {
        accounts::standing(customer)
    }

    async fn goods(&self, skus: &[String]) -> Result<Vec<Option<Goods>>, Fault> {
        shelf::read(skus, self)
    }
}

impl Sources for Imports {
    /// No channel and no language: entries have all channels, and nobody reads titles.
    fn variants(&self, skus: &[String]) -> Result<Vec<VariantFacts>, Fault> {
        variants::by_skus(skus, "", "")
    }

    fn sheets(&self, skus: &[String], since_ms: u64) -> Result<Vec<Sheet>, Fault> {
        prices::sheets(skus, since_ms)
    }

    fn now_ms(&self) -> u64 {
        Clock::now_ms(self)
    }

    fn unique(&self) -> u64 {
        let now = wall_clock::now();
        now.seconds.saturating_mul(1_000_000_000).saturating_add(u64::from(now.nanoseconds))
    }
}

impl Clock for Imports {
    fn now_ms(&self) -> u64 {
        let now = wall_clock::now();
        now.seconds.saturating_mul(1_000).saturating_add(u64::from(now.nanoseconds / 1_000_000))
    }

    fn nanos(&self) -> u64 {
        monotonic_clock::now()
    }
}
