//! A promotion: buy so many of one, get some of another (or of the same) cheaper.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct BuyXGetY {
    /// What the buyer reads.
    name: String,
    buy: Units,
    get: Units,
    /// Off what is got; 100 where absent.
    percent: Option<Percent>,
    /// How often in one cart, where it is limited.
    limit: Option<u32>,
}

/// So many of a sku.
#[derive(Config)]
struct Units {
    sku: String,
    quantity: u32,
}

/// Where both are the same sku, what is bought and what is got are different units of it: of "buy 2 get 1" a cart of
/// three gives one, not a cart of two.
#[plugin(promotion)]
fn buy_x_get_y(cart: &Cart, config: &BuyXGetY) -> Result<Vec<Operation>, Fault> {
    if config.buy.quantity == 0 || config.get.quantity == 0 {
        bail!("INVALID_CONFIG", "`buy.quantity` and `get.quantity` must be 1 or more");
    }
    let (bought, gotten) = (u64::from(config.buy.quantity), u64::from(config.get.quantity));
    let times = if config.buy.sku == config.get.sku {
        units(cart, &config.buy.sku) / (bought + gotten)
    } else {
        (units(cart, &config.buy.sku) / bought).min(units(cart, &config.get.sku).div_ceil(gotten))
    };
    let times = times.min(config.limit.map_or(u64::MAX, u64::from));
    let mut left = times.saturating_mul(gotten);
    let mut off =
        Discount::percent(config.percent.map_or(Decimal::whole(100), Into::into)).message(config.name.as_str());
    for (index, line) in cart.items().filter(|(_, line)| line.sku == config.get.sku) {
        let here = left.min(u64::from(line.quantity));
        if here > 0 {
            off = off.on_units(index, u32::try_from(here).unwrap_or(line.quantity));
            left -= here;
        }
    }
    if off.targets.is_empty() { Ok(vec![]) } else { Ok(vec![off.into()]) }
}

fn units(cart: &Cart, sku: &str) -> u64 {
    cart.items().filter(|(_, line)| line.sku == sku).map(|(_, line)| u64::from(line.quantity)).sum()
}

#[cfg(test)]
mod tests;
