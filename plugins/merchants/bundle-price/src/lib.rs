//! A promotion: these skus together for one price, as many times as the cart has them all.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct Bundle {
    /// What the buyer reads.
    name: String,
    /// One of each makes a bundle.
    skus: Vec<String>,
    /// What a bundle costs.
    price: Money,
}

/// One discount for all bundles: the amount is spread over their units by what they cost.
#[plugin(promotion)]
fn bundle_price(cart: &Cart, config: &Bundle) -> Result<Vec<Operation>, Fault> {
    if !config.price.is_of(cart) {
        return Ok(vec![]);
    }
    let mut lines = Vec::with_capacity(config.skus.len());
    for sku in &config.skus {
        // The first line of a sku counts: a cart with the same sku in several lines is rare.
        let Some(found) = cart.items().find(|(_, line)| line.sku == *sku) else { return Ok(vec![]) };
        lines.push(found);
    }
    let bundles = lines.iter().map(|(_, line)| line.quantity).min().unwrap_or(0);
    let apart = lines.iter().fold(0_i64, |sum, (_, line)| sum.saturating_add(line.unit));
    let saved = apart.saturating_sub(config.price.minor).saturating_mul(i64::from(bundles));
    if saved <= 0 {
        return Ok(vec![]);
    }
    let off = Discount::fixed(Money::new(saved, config.price.currency.as_str()));
    let off = lines.iter().fold(off, |off, (index, _)| off.on_units(*index, bundles));
    Ok(vec![off.message(config.name.as_str()).into()])
}

#[cfg(test)]
mod tests;
