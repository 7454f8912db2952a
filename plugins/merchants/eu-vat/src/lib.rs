//! A tax: VAT of the EU by destination and category. Goods that leave the EU bear none.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct EuVat {
    /// Where the store is: what applies as long as the destination is not known.
    origin: String,
    /// By country.
    rates: Map<Rates>,
    /// Tax categories that bear the reduced rate.
    reduced: Vec<String>,
}

/// A country's rates, in percent.
#[derive(Config)]
struct Rates {
    standard: Decimal,
    reduced: Decimal,
}

/// Rates only: amounts are reckoned and rounded by the platform, by the store's policy.
#[plugin(tax)]
fn eu_vat(cart: &Cart, taxables: &Taxables, config: &EuVat) -> Result<Taxation, Fault> {
    let mut taxation = Taxation::of(cart);
    let country = cart.destination.as_ref().map(|address| &address.country).or(cart.context.country.as_ref());
    let country = country.unwrap_or(&config.origin);
    let Some(rates) = config.rates.get(country) else { return Ok(taxation) };
    for taxable in &taxables.items {
        let reduced = matches!(taxable.item, Item::Line(_)) && config.reduced.contains(&taxable.category);
        let rate = if reduced { rates.reduced } else { rates.standard };
        taxation.add(taxable.item, [Part::percent(country.as_str(), "VAT", rate)]);
    }
    Ok(taxation)
}

#[cfg(test)]
mod tests;
