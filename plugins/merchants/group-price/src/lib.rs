//! A price rule: buyers of a group pay less, by percent off or by a price of their own for a sku.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct Groups {
    /// What the prices are in.
    currency: String,
    groups: Vec<Group>,
}

/// What one group pays.
#[derive(Config)]
struct Group {
    group: String,
    /// Off every line that has no price of its own.
    percent: Option<Percent>,
    /// Prices of a unit by sku, in minor units.
    prices: Option<Map<i64>>,
}

/// A buyer of several groups pays the lowest of their prices, and never more than without them.
#[plugin(price_rule)]
fn group_price(cart: &Cart, config: &Groups) -> Result<Prices, Fault> {
    let mut prices = Prices::in_currency(&config.currency);
    let Some(buyer) = cart.buyer() else { return Ok(prices) };
    for (index, line) in cart.items() {
        let mut best: Option<(i64, &Group)> = None;
        for group in config.groups.iter().filter(|group| buyer.groups.contains(&group.group)) {
            let unit = group.unit(line)?;
            if unit < best.map_or(line.unit, |(unit, _)| unit) {
                best = Some((unit, group));
            }
        }
        if let Some((unit, group)) = best {
            prices.set(index, unit, "group-price", ["price for ", &group.group].concat());
        }
    }
    Ok(prices)
}

impl Group {
    fn unit(&self, line: &Line) -> Result<i64, Fault> {
        if let Some(own) = self.prices.as_ref().and_then(|prices| prices.get(&line.sku)) {
            return Ok(*own);
        }
        let off = self.percent.map_or(Ok(0), |percent| percent.of(line.unit))?;
        Ok(line.unit.saturating_sub(off))
    }
}

#[cfg(test)]
mod tests;
