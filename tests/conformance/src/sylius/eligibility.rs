//! Whether a promotion is for this cart: what its own plugin would decide.

use super::{
    cart::Cart,
    catalog::runs,
    model::{Case, Coupon, Promotion, Rule},
};
use crate::case::{Problem, not_mapped};

pub(super) fn is_eligible(case: &Case, promotion: &Promotion, cart: &Cart) -> Result<bool, Problem> {
    if !runs(case, promotion) || promotion.usage_limit.is_some_and(|limit| promotion.used >= limit) {
        return Ok(false);
    }
    if promotion.coupon_based && !has_coupon(case, promotion) {
        return Ok(false);
    }
    for rule in &promotion.rules {
        if !holds(case, rule, cart)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the entered coupon is one of the promotion's, and still good.
fn has_coupon(case: &Case, promotion: &Promotion) -> bool {
    let entered = case.when.coupon.as_ref();
    promotion.coupons.iter().any(|coupon| Some(&coupon.code) == entered && is_good(case, coupon))
}

fn is_good(case: &Case, coupon: &Coupon) -> bool {
    let expired = coupon.expires.as_ref().is_some_and(|expires| *expires < case.now);
    let used_up = coupon.usage_limit.is_some_and(|limit| coupon.used >= limit);
    let used_up_here = coupon.per_customer_limit.is_some_and(|limit| coupon.used_by_customer >= limit);
    !expired && !used_up && !used_up_here
}

fn holds(case: &Case, rule: &Rule, cart: &Cart) -> Result<bool, Problem> {
    let config = &rule.config;
    let customer = case.given.customer.as_ref();
    Ok(match rule.kind.as_str() {
        "cart_quantity" => config.count.is_some_and(|count| cart.units() >= count),
        "items_total" => config.amount.is_some_and(|amount| cart.total() >= amount),
        "taxon_total" => {
            let (Some(taxon), Some(amount)) = (&config.taxon, config.amount) else {
                return Ok(false);
            };
            cart.total_where(|product| product.taxons.contains(taxon)) >= amount
        }
        "contains_product" if !config.skus.is_empty() => cart.has(|product| config.skus.contains(&product.sku)),
        "contains_product" => {
            cart.has(|product| product.parent.as_ref().is_some_and(|name| config.products.contains(name)))
        }
        "has_taxon" => cart.has(|product| product.taxons.iter().any(|taxon| config.taxons.contains(taxon))),
        "nth_order" => customer.is_some_and(|customer| {
            let before = customer.orders_placed.saturating_sub(customer.orders_cancelled);
            config.nth == Some(before + 1)
        }),
        "customer_group" => customer.is_some_and(|customer| customer.group.is_some() && customer.group == config.group),
        other => return not_mapped(format!("the mapping does not know the rule `{other}`")),
    })
}
