//! A price rule: the more of one, the cheaper each.

use fondaco_sdk::prelude::*;

/// What a release configures.
#[derive(Config)]
#[config(check = Tiers::rise)]
pub struct Tiers {
    /// From the smallest quantity to the largest.
    tiers: Vec<Tier>,
    /// Only products with this tag; all of them where absent.
    tag: Option<String>,
}

#[derive(Config)]
struct Tier {
    /// From so many units of one line.
    from: u32,
    /// So much off each of them.
    percent: Percent,
}

impl Tiers {
    fn rise(&self) -> Result<(), &'static str> {
        let rise = self.tiers.is_sorted_by(|lower, higher| lower.from < higher.from);
        rise.then_some(()).ok_or("`tiers` must rise by `from`")
    }

    fn covers(&self, line: &Line) -> bool {
        self.tag.as_ref().is_none_or(|tag| line.has_tag(tag))
    }
}

/// The more of one, the cheaper each: every line gets the price of the highest tier that its quantity reaches.
#[plugin(price_rule)]
fn volume_tiers(cart: &Cart, config: &Tiers) -> Result<Prices, Fault> {
    let mut prices = Prices::of(cart);
    for (index, line) in cart.items().filter(|(_, line)| config.covers(line)) {
        if let Some(tier) = config.tiers.iter().rfind(|tier| tier.from <= line.quantity) {
            let off = tier.percent.of(line.unit)?;
            prices.set(index, line.unit - off, "volume-tier", format!("{} or more of one", tier.from));
        }
    }
    Ok(prices)
}

#[cfg(test)]
mod tests;
