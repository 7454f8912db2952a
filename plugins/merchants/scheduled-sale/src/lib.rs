//! A price rule: so many percent off some categories between two moments.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct Sale {
    /// What stands on the sign.
    name: String,
    percent: Percent,
    /// From this moment on.
    from: Timestamp,
    /// Until just before this one.
    until: Timestamp,
    /// Only these categories; all where absent.
    categories: Option<Vec<String>>,
}

/// The plugin's only clock is the cart's: so a quote can be replayed, and a sale can be looked at before it starts.
#[plugin(price_rule)]
fn scheduled_sale(cart: &Cart, config: &Sale) -> Result<Prices, Fault> {
    let mut prices = Prices::of(cart);
    let now = cart.context.now_ms;
    if now < config.from.ms || now >= config.until.ms {
        return Ok(prices);
    }
    for (index, line) in cart.items().filter(|(_, line)| config.covers(line)) {
        let off = config.percent.of(line.unit)?;
        if off > 0 {
            prices.set(index, line.unit.saturating_sub(off), "scheduled-sale", config.name.as_str());
        }
    }
    Ok(prices)
}

impl Sale {
    fn covers(&self, line: &Line) -> bool {
        self.categories.as_ref().is_none_or(|categories| categories.contains(&line.category))
    }
}

#[cfg(test)]
mod tests;
