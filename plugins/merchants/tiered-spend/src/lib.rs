//! A promotion: the more is spent, the more percent off, up to a cap.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
#[config(check = TieredSpend::rises)]
pub struct TieredSpend {
    /// What the amounts are in.
    currency: String,
    /// From the smallest amount to the largest.
    tiers: Vec<Tier>,
    /// The most that comes off, in minor units.
    cap: Option<i64>,
    /// Goods that neither count nor are discounted.
    excluded_categories: Option<Vec<String>>,
}

#[derive(Config)]
struct Tier {
    /// From so many minor units.
    from: i64,
    /// So much off the order.
    percent: Percent,
}

impl TieredSpend {
    fn rises(&self) -> Result<(), &'static str> {
        let rise = self.tiers.is_sorted_by(|lower, higher| lower.from < higher.from);
        rise.then_some(()).ok_or("`tiers` must rise by `from`")
    }

    fn excludes(&self, line: &Line) -> bool {
        self.excluded_categories.as_ref().is_some_and(|excluded| excluded.contains(&line.category))
    }
}

/// The highest tier that the goods reach.
#[plugin(promotion)]
fn tiered_spend(cart: &Cart, config: &TieredSpend) -> Result<Vec<Operation>, Fault> {
    if cart.context.currency != config.currency {
        return Ok(vec![]);
    }
    let (mut counted, mut excluded) = (0_i64, Vec::new());
    for (index, line) in cart.items() {
        if config.excludes(line) {
            excluded.push(index);
        } else {
            counted = counted.saturating_add(line.total);
        }
    }
    let Some(tier) = config.tiers.iter().rfind(|tier| tier.from <= counted) else { return Ok(vec![]) };
    let from = Money::new(tier.from, config.currency.as_str());
    let off = Discount::percent(tier.percent)
        .on_order_without(excluded)
        .cap(config.cap.map(|cap| Money::new(cap, config.currency.as_str())))
        .message(format!("{}% off from {from}", tier.percent.0));
    Ok(vec![off.into()])
}

#[cfg(test)]
mod tests;
