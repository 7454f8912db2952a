//! A promotion: a gift when the goods come to so much.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct GiftWithPurchase {
    /// The least that the goods must come to.
    minimum: Money,
    /// The gift.
    sku: String,
    product: String,
    /// What the buyer reads.
    message: String,
}

/// One gift a cart.
#[plugin(promotion)]
fn gift_with_purchase(cart: &Cart, config: &GiftWithPurchase) -> Result<Vec<Operation>, Fault> {
    if !config.minimum.is_of(cart) || cart.subtotal() < config.minimum.minor {
        return Ok(vec![]);
    }
    let gift =
        Gift { sku: config.sku.clone(), product: config.product.clone(), quantity: 1, message: config.message.clone() };
    Ok(vec![gift.into()])
}

#[cfg(test)]
mod tests;
