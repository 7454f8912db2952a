//! Built-in shipping: flat prices, if need be by country.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct FlatShipping {
    /// What the prices are in.
    currency: String,
    options: Vec<Flat>,
}

/// One option.
#[derive(Config)]
struct Flat {
    code: String,
    title: String,
    /// In minor units.
    price: i64,
    min_days: Option<u16>,
    max_days: Option<u16>,
    /// Only to these countries; to all where absent.
    countries: Option<Vec<String>>,
}

/// The options for the destination's country.
#[plugin(shipping_rate)]
fn flat_shipping(cart: &Cart, _shipment: &Shipment, config: &FlatShipping) -> Result<Vec<Rate>, Fault> {
    let country = cart.destination.as_ref().map(|address| address.country.as_str()).unwrap_or_default();
    let reaches =
        |option: &&Flat| option.countries.as_ref().is_none_or(|countries| countries.iter().any(|own| own == country));
    Ok(config.options.iter().filter(reaches).map(|option| option.rate(&config.currency)).collect())
}

impl Flat {
    fn rate(&self, currency: &str) -> Rate {
        let rate = Rate::new(self.code.as_str(), self.title.as_str(), Money::new(self.price, currency));
        Rate { min_days: self.min_days, max_days: self.max_days, ..rate }.reason("flat price")
    }
}

#[cfg(test)]
mod tests;
