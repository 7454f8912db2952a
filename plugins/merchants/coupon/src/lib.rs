//! A promotion: a code for a discount, with eligibility and a minimum.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct Coupon {
    /// What the buyer enters, in any case.
    code: String,
    /// Off the order.
    percent: Percent,
    /// The most that it takes off.
    cap: Option<Money>,
    /// The least that the goods must come to.
    minimum: Option<Money>,
    /// Only for buyers of one of these groups.
    groups: Option<Vec<String>>,
    /// Only for a buyer's first order.
    first_order_only: Option<bool>,
    /// Good until just before this moment.
    until: Option<Timestamp>,
}

/// Says nothing unless the code was entered; then either a discount or the reason why not.
#[plugin(promotion)]
fn coupon(cart: &Cart, config: &Coupon) -> Result<Vec<Operation>, Fault> {
    if !cart.has_code(&config.code) {
        return Ok(vec![]);
    }
    let code = config.code.to_ascii_uppercase();
    if let Some((reason, message)) = config.refusal(cart) {
        return Ok(vec![Operation::reject(code, reason, message)]);
    }
    let off =
        Discount::percent(config.percent).on_order().cap(config.cap.clone()).code(code.as_str()).message(code.as_str());
    Ok(vec![Operation::accept(code.as_str(), ["Code ", &code].concat()), off.into()])
}

impl Coupon {
    /// The first reason not to give the discount, for programs and for people.
    fn refusal(&self, cart: &Cart) -> Option<(&'static str, String)> {
        if self.until.is_some_and(|until| cart.context.now_ms >= until.ms) {
            return Some(("EXPIRED", "This code has expired".into()));
        }
        if let Some(groups) = &self.groups
            && !cart.buyer().is_some_and(|buyer| buyer.groups.iter().any(|group| groups.contains(group)))
        {
            return Some(("NOT_ELIGIBLE", "This code is not for your customer group".into()));
        }
        if self.first_order_only == Some(true) && cart.buyer().is_none_or(|buyer| buyer.orders > 0) {
            return Some(("NOT_FIRST_ORDER", "This code is for a first order; sign in to use it".into()));
        }
        let minimum = self.minimum.as_ref()?;
        if !minimum.is_of(cart) || cart.subtotal() < minimum.minor {
            return Some(("MINIMUM_NOT_MET", format!("This code needs goods for at least {minimum}")));
        }
        None
    }
}

#[cfg(test)]
mod tests;
