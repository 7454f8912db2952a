//! A shipping rate that passes every upload check, and then gives the answer that its release's config says.

use fondaco_sdk::prelude::*;

/// What a release configures.
#[derive(Config, Default)]
pub struct Settings {
    /// The price of the one option; no option where absent.
    price: Option<i64>,
    /// Instead of an honest answer.
    lie: Option<Lie>,
}

/// Answers of the right type that no honest shipping rate gives.
#[derive(Config)]
pub enum Lie {
    /// A currency that is not the cart's.
    ForeignCurrency,
    /// Minus one.
    Negative,
    /// The greatest amount that there is.
    Overflow,
    /// The same code twice.
    DuplicateCode,
    /// At most fewer days than at least.
    DaysOutOfOrder,
    /// One option more than a plugin may offer.
    TooManyRates,
    /// An option without a code.
    Nameless,
}

/// One option, unless it is told to lie.
#[plugin(shipping_rate)]
pub fn hostile(cart: &Cart, _shipment: &Shipment, settings: &Settings) -> Result<Vec<Rate>, Fault> {
    let currency = &cart.context.currency;
    let rate = |code: &str, minor| Rate::new(code, "Post", Money { minor, currency: currency.clone() });
    let Some(lie) = &settings.lie else {
        return Ok(settings.price.map(|price| rate("post", price)).into_iter().collect());
    };
    Ok(match lie {
        Lie::ForeignCurrency => vec![Rate::new("post", "Post", Money { minor: 1, currency: "XTS".into() })],
        Lie::Negative => vec![rate("post", -1)],
        Lie::Overflow => vec![rate("post", i64::MAX)],
        Lie::DuplicateCode => vec![rate("post", 1), rate("post", 2)],
        Lie::DaysOutOfOrder => vec![rate("post", 1).days(5, 4)],
        Lie::TooManyRates => (0..33).map(|number| rate(&format!("post-{number}"), 1)).collect(),
        Lie::Nameless => vec![rate("", 1)],
    })
}
