//! The extension points as traits: a plugin implements one of them, usually through `#[plugin]`.
//!
//! `run` and its kind take the release's config as text. That is the way in for tests, for benchmarks which link
//! rules natively, and for the component's exports.

use crate::{
    Fault,
    bindings::worlds,
    config::{Config, parse},
    loyalty::{Credit, Redemption, Returned},
    price_rule::Prices,
    promotion::Operation,
    shipping_rate::{Rate, Shipment},
    tax::{Taxables, Taxation},
    types::Cart,
    validation::{Step, Violation},
};
use std::marker::PhantomData;

/// Sets prices of units.
pub trait PriceRule {
    /// What a release configures.
    type Config: Config;

    /// New prices for some lines of `cart`.
    fn evaluate(cart: &Cart, config: &Self::Config) -> Result<Prices, Fault>;

    /// The same, with config as text.
    fn run(cart: &Cart, config: &str) -> Result<Prices, Fault> {
        Self::evaluate(cart, &parse(config)?)
    }
}

/// Offers discounts, answers codes, adds gifts.
pub trait Promotion {
    /// What a release configures.
    type Config: Config;

    /// What to offer for `cart`.
    fn evaluate(cart: &Cart, config: &Self::Config) -> Result<Vec<Operation>, Fault>;

    /// The same, with config as text.
    fn run(cart: &Cart, config: &str) -> Result<Vec<Operation>, Fault> {
        Self::evaluate(cart, &parse(config)?)
    }
}

/// Offers shipping options.
pub trait ShippingRate {
    /// What a release configures.
    type Config: Config;

    /// The options for `cart`, packed as `shipment` says.
    fn rates(cart: &Cart, shipment: &Shipment, config: &Self::Config) -> Result<Vec<Rate>, Fault>;

    /// The same, with config as text.
    fn run(cart: &Cart, shipment: &Shipment, config: &str) -> Result<Vec<Rate>, Fault> {
        Self::rates(cart, shipment, &parse(config)?)
    }
}

/// Says which taxes apply.
pub trait Tax {
    /// What a release configures.
    type Config: Config;

    /// The taxes for `taxables` of `cart`.
    fn assess(cart: &Cart, taxables: &Taxables, config: &Self::Config) -> Result<Taxation, Fault>;

    /// The same, with config as text.
    fn run(cart: &Cart, taxables: &Taxables, config: &str) -> Result<Taxation, Fault> {
        Self::assess(cart, taxables, &parse(config)?)
    }
}

/// Earns points, and says what they are worth.
pub trait Loyalty {
    /// What a release configures.
    type Config: Config;

    /// What `cart` earns when `payable` is paid.
    fn earn(cart: &Cart, payable: i64, config: &Self::Config) -> Result<Vec<Credit>, Fault>;

    /// What `want` points would take off `cart`. Unless a plugin says otherwise, nothing.
    fn burn(_cart: &Cart, _want: u64, _config: &Self::Config) -> Result<Option<Redemption>, Fault> {
        Ok(None)
    }

    /// What to take back of `credits` when units come back. Unless a plugin says otherwise, by the share of what is
    /// refunded in what the lines came to.
    fn reverse(
        cart: &Cart,
        credits: &[Credit],
        returned: &[Returned],
        _config: &Self::Config,
    ) -> Result<Vec<Credit>, Fault> {
        crate::build::credits_in_proportion(cart, credits, returned)
    }

    /// [`Self::earn`], with config as text.
    fn run_earn(cart: &Cart, payable: i64, config: &str) -> Result<Vec<Credit>, Fault> {
        Self::earn(cart, payable, &parse(config)?)
    }

    /// [`Self::burn`], with config as text.
    fn run_burn(cart: &Cart, want: u64, config: &str) -> Result<Option<Redemption>, Fault> {
        Self::burn(cart, want, &parse(config)?)
    }

    /// [`Self::reverse`], with config as text.
    fn run_reverse(cart: &Cart, credits: &[Credit], returned: &[Returned], config: &str) -> Result<Vec<Credit>, Fault> {
        Self::reverse(cart, credits, returned, &parse(config)?)
    }
}

/// Stops or warns.
pub trait Validation {
    /// What a release configures.
    type Config: Config;

    /// What is wrong with `cart` at `step`.
    fn check(cart: &Cart, step: Step, config: &Self::Config) -> Result<Vec<Violation>, Fault>;

    /// The same, with config as text.
    fn run(cart: &Cart, step: Step, config: &str) -> Result<Vec<Violation>, Fault> {
        Self::check(cart, step, &parse(config)?)
    }
}

/// A plugin as wit-bindgen wants it. `#[plugin]` exports it.
#[doc(hidden)]
pub struct Exported<P>(PhantomData<P>);

/// What comes before each call of a component.
fn begin() {
    #[cfg(all(target_arch = "wasm32", feature = "panic-messages"))]
    crate::log::report_panics();
}

impl<P: PriceRule> worlds::price_rule::exports::fondaco::plugin::price_rule::Guest for Exported<P> {
    fn evaluate(cart: Cart, config: String) -> Result<Prices, Fault> {
        begin();
        P::run(&cart, &config)
    }
}

impl<P: Promotion> worlds::promotion::exports::fondaco::plugin::promotion::Guest for Exported<P> {
    fn evaluate(cart: Cart, config: String) -> Result<Vec<Operation>, Fault> {
        begin();
        P::run(&cart, &config)
    }
}

impl<P: ShippingRate> worlds::shipping_rate::exports::fondaco::plugin::shipping_rate::Guest for Exported<P> {
    fn rates(cart: Cart, shipment: Shipment, config: String) -> Result<Vec<Rate>, Fault> {
        begin();
        P::run(&cart, &shipment, &config)
    }
}

impl<P: Tax> worlds::tax::exports::fondaco::plugin::tax::Guest for Exported<P> {
    fn assess(cart: Cart, taxables: Taxables, config: String) -> Result<Taxation, Fault> {
        begin();
        P::run(&cart, &taxables, &config)
    }
}

impl<P: Loyalty> worlds::loyalty::exports::fondaco::plugin::loyalty::Guest for Exported<P> {
    fn earn(cart: Cart, payable: i64, config: String) -> Result<Vec<Credit>, Fault> {
        begin();
        P::run_earn(&cart, payable, &config)
    }

    fn burn(cart: Cart, want: u64, config: String) -> Result<Option<Redemption>, Fault> {
        begin();
        P::run_burn(&cart, want, &config)
    }

    fn reverse(
        cart: Cart,
        credits: Vec<Credit>,
        returned: Vec<Returned>,
        config: String,
    ) -> Result<Vec<Credit>, Fault> {
        begin();
        P::run_reverse(&cart, &credits, &returned, &config)
    }
}

impl<P: Validation> worlds::validation::exports::fondaco::plugin::validation::Guest for Exported<P> {
    fn check(cart: Cart, step: Step, config: String) -> Result<Vec<Violation>, Fault> {
        begin();
        P::run(&cart, step, &config)
    }
}
