//! A promotion: shipping is free when the goods come to so much.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct FreeShipping {
    /// The least that the goods must come to.
    minimum: Money,
    /// Only to these countries; to all where absent.
    countries: Option<Vec<String>>,
    /// Only these shipping options (their codes); all where absent.
    options: Option<Vec<String>>,
}

/// All of the chosen option's price off.
#[plugin(promotion)]
fn free_shipping(cart: &Cart, config: &FreeShipping) -> Result<Vec<Operation>, Fault> {
    let (Some(chosen), Some(destination)) = (&cart.shipping, &cart.destination) else { return Ok(vec![]) };
    let to = config.countries.as_ref().is_none_or(|countries| countries.contains(&destination.country));
    let by = config.options.as_ref().is_none_or(|options| options.contains(&chosen.code));
    if !to || !by || !config.minimum.is_of(cart) || cart.subtotal() < config.minimum.minor {
        return Ok(vec![]);
    }
    Ok(vec![Discount::free().on_shipping().message("Free shipping").into()])
}

#[cfg(test)]
mod tests;
