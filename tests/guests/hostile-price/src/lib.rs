//! A price rule that passes every upload check, and then gives the answer that its release's config says.

use fondaco_sdk::prelude::*;

/// What a release configures.
#[derive(Config, Default)]
pub struct Settings {
    /// The price of a unit of the first line; no new price where absent.
    unit: Option<i64>,
    /// Instead of an honest answer.
    lie: Option<Lie>,
}

/// Answers of the right type that no honest price rule gives.
#[derive(Config)]
pub enum Lie {
    /// A currency that is not the cart's.
    ForeignCurrency,
    /// A price for a line that the cart has not.
    UnknownLine,
    /// Two prices for one line.
    DuplicateLine,
    /// Minus one.
    Negative,
    /// The greatest amount that there is.
    Overflow,
    /// An amount within bounds whose product with a great quantity is not.
    OverflowingProduct,
    /// A rule with a name of 65 bytes.
    LongRule,
    /// More reasons than a price may have.
    TooManyReasons,
}

/// One unit price, unless it is told to lie.
#[plugin(price_rule)]
pub fn hostile(cart: &Cart, settings: &Settings) -> Result<Prices, Fault> {
    let mut prices = Prices::of(cart);
    if let Some(lie) = &settings.lie {
        tell(lie, cart, &mut prices);
    } else if let Some(unit) = settings.unit {
        prices.set(0, unit, "fixed", "as configured");
    }
    Ok(prices)
}

fn tell(lie: &Lie, cart: &Cart, prices: &mut Prices) {
    let beyond = u32::try_from(cart.lines.len()).unwrap_or(u32::MAX);
    match lie {
        Lie::ForeignCurrency => {
            *prices = Prices::in_currency("XTS");
            prices.set(0, 1, "fixed", "in another currency");
        }
        Lie::UnknownLine => prices.set(beyond, 1, "fixed", "beyond the cart"),
        Lie::DuplicateLine => {
            prices.set(0, 1, "fixed", "first");
            prices.set(0, 2, "fixed", "second");
        }
        Lie::Negative => prices.set(0, -1, "fixed", "below zero"),
        Lie::Overflow => prices.set(0, i64::MAX, "fixed", "beyond all"),
        Lie::OverflowingProduct => prices.set(0, 1_000_000_000_000_000, "fixed", "too much of it"),
        Lie::LongRule => prices.set(0, 1, &"r".repeat(65), "a long name"),
        Lie::TooManyReasons => {
            prices.set(0, 1, "fixed", "one");
            prices.rules.iter_mut().for_each(|rule| rule.reasons.resize(5, "more".into()));
        }
    }
}
