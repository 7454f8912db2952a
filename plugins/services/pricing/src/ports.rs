//! What the pipeline needs of the world around it: rules, facts, a clock. In the component these are its imports; a
//! native host implements them over rules that are linked to it, or over webhooks; a test over closures.

#![allow(async_fn_in_trait)] // Callers name their types, so that a future is `Send` where its parts are.

use crate::bindings::fondaco::loyalty::accounts::Account;
use crate::bindings::fondaco::plugin::evaluations::{LineAmount, Points};
use crate::bindings::fondaco::plugin::{loyalties, price_rules, promotions, shipping_rates, taxes, validations};
use crate::bindings::fondaco::shipping::zones;
use crate::goods::Goods;
use fondaco_sdk::bindings::fondaco::plugin::shipping_rate::Shipment;
use fondaco_sdk::bindings::fondaco::plugin::tax::Taxables;
use fondaco_sdk::bindings::fondaco::plugin::types::{Cart, ChosenShipping, Line};
use fondaco_sdk::bindings::fondaco::plugin::validation::Step;
use fondaco_sdk::bindings::fondaco::types::faults::{Code, Fault};

/// The tenant's rules.
pub trait Rules {
    /// A pinned set of rules, and perhaps a copy of the cart.
    type Evaluation: Evaluation;

    /// Pins the set of rules that is active now, for `cart`.
    async fn open(&self, cart: &Cart) -> Result<Self::Evaluation, Fault>;
}

/// One pinned set of rules. Each call answers one verdict a rule, in the order of the releases, and fails when a rule
/// failed that must not.
///
/// The pipeline owns the cart and lends it to each call. Who keeps a copy elsewhere is told of changes by the three
/// setters, just before the next call that reads it; who works on the cart that is lent has nothing to do there.
pub trait Evaluation {
    /// Identifies the pinned set.
    fn revision(&self) -> String;
    /// The points with an active rule. Others are never called.
    fn active(&self) -> Points;

    /// All lines' amounts, in order.
    fn set_amounts(&mut self, _amounts: &[LineAmount]) -> Result<(), Fault> {
        Ok(())
    }

    /// Lines that came behind the others.
    fn add_lines(&mut self, _lines: &[Line]) -> Result<(), Fault> {
        Ok(())
    }

    /// The chosen shipping option.
    fn set_shipping(&mut self, _shipping: Option<&ChosenShipping>) {}

    /// Runs price rules, each on the prices that the one before it left; who keeps a copy of the cart leaves the last
    /// ones in it. An implementation may enter prices into the cart that is lent (with
    /// [`apply_prices`](crate::apply_prices)); the pipeline enters the verdicts' prices in any case.
    async fn price_rules(&mut self, cart: &mut Cart) -> Result<Vec<price_rules::Verdict>, Fault>;
    /// Runs shipping rates.
    async fn shipping_rates(&mut self, cart: &Cart, shipment: &Shipment)
    -> Result<Vec<shipping_rates::Verdict>, Fault>;
    /// Runs promotions.
    async fn promotions(&mut self, cart: &Cart) -> Result<Vec<promotions::Verdict>, Fault>;
    /// Asks what so many points are worth.
    async fn burn(&mut self, cart: &Cart, want: u64) -> Result<Vec<loyalties::BurnVerdict>, Fault>;
    /// Runs tax rules.
    async fn taxes(&mut self, cart: &Cart, taxables: &Taxables) -> Result<Vec<taxes::Verdict>, Fault>;
    /// Asks which points paying so much earns.
    async fn earn(&mut self, cart: &Cart, payable: i64) -> Result<Vec<loyalties::CreditsVerdict>, Fault>;
    /// Runs validations.
    async fn validations(&mut self, cart: &Cart, step: Step) -> Result<Vec<validations::Verdict>, Fault>;
}

/// What other services know.
pub trait Facts {
    /// The zone of an address, and the parcels that items make.
    async fn zone(&self, request: &zones::Request) -> Result<zones::Resolution, Fault>;
    /// The standing of a customer.
    async fn standing(&self, customer: &str) -> Result<Option<Account>, Fault>;
    /// What is sold under these skus, no sku twice, in their order; none where nobody sells it. Asked at most once a
    /// quote, and never where all lines come with their prices: so who serves only such carts need not have it.
    async fn goods(&self, skus: &[String]) -> Result<Vec<Option<Goods>>, Fault> {
        let message = format!("{} lines have no `unit`, and there is no catalog here that knows it.", skus.len());
        Err(Fault { code: Code::Unimplemented, reason: "NO_CATALOG".to_owned(), message, metadata: Vec::new() })
    }
}

/// Time. Asked for the date only when the request gives none, and for durations only when it asks for timings.
pub trait Clock {
    /// Milliseconds since the epoch.
    fn now_ms(&self) -> u64;
    /// Nanoseconds since any fixed moment.
    fn nanos(&self) -> u64;
}
