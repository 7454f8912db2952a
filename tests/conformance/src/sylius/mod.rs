//! Sylius's scenarios: shelf prices, carts under promotions, shipping and taxes.
//!
//! Conditions, filters, coupons, zones and methods are what plugins and other services would decide and stand here.
//! What they come to is Fondaco's: every cart discount goes through `stacking::apply` (one after the other, and once more
//! all in one call with a lane each), every tax through `tax::assess`, every percentage through `Decimal`.

mod cart;
mod catalog;
mod eligibility;
mod model;
mod shipping;
mod taxes;

use crate::{
    calculators::MODE,
    case::{Problem, not_mapped, same},
    number::too_large,
};
use cart::Cart;
use fondaco_commerce::rounding::Rounding;
use model::Case;
use serde_json::Value;
use std::collections::BTreeSet;

pub(crate) fn judge(case: &Value, _: &Value) -> Result<(), Problem> {
    let case: Case = serde_json::from_value(case.clone())?;
    if let Some(currency) = &case.then.currency
        && case.when.display_currency.as_ref() != Some(currency)
    {
        return not_mapped("figures in another currency than the one that is shown");
    }
    if case.when.view.is_some() == case.when.cart.is_some() {
        return not_mapped("neither a cart nor a view of the shelf, or both");
    }
    shelf_prices(&case)?;
    if case.when.view.is_some() {
        return view(&case);
    }
    let mut cart = Cart::fill(&case)?;
    shipping::charge(&case, &mut cart)?;
    cart::promote(&case, &mut cart)?;
    compare(&case, &cart)
}

/// Struck-through prices and catalogue promotions, which a cart shows too.
fn shelf_prices(case: &Case) -> Result<(), Problem> {
    for (sku, expected) in &case.then.original_prices {
        same(&format!("original price of {sku}"), shown(case, catalog::shelf(case, sku)?.original)?, *expected)?;
    }
    for (sku, expected) in &case.then.applied_by_sku {
        same(&format!("promotions of {sku}"), &catalog::shelf(case, sku)?.applied, expected)?;
    }
    Ok(())
}

fn view(case: &Case) -> Result<(), Problem> {
    let then = &case.then;
    let figures_of_carts = [
        then.total,
        then.base_total,
        then.discount,
        then.items_total,
        then.shipping,
        then.shipping_discount,
        then.tax,
        then.tax_included,
    ];
    if figures_of_carts.iter().any(Option::is_some) || !then.line_totals.is_empty() || then.coupon.is_some() {
        return not_mapped("figures of a cart, where only the shelf is seen");
    }
    for (sku, expected) in &then.unit_prices {
        same(&format!("price of {sku}"), shown(case, catalog::shelf(case, sku)?.price)?, *expected)?;
    }
    let mut applied = BTreeSet::new();
    for sku in case.when.view.iter().flatten() {
        applied.extend(catalog::shelf(case, sku)?.applied);
    }
    compare_applied(case, &applied.into_iter().collect::<Vec<_>>())
}

fn compare_applied(case: &Case, applied: &[String]) -> Result<(), Problem> {
    if let Some(expected) = &case.then.applied {
        let set = |codes: &[String]| codes.iter().cloned().collect::<BTreeSet<_>>();
        same("promotions", set(applied), set(expected))?;
    }
    match case.then.applied_count {
        Some(expected) => same("how many promotions", applied.len() as u64, expected),
        None => Ok(()),
    }
}

fn compare(case: &Case, cart: &Cart) -> Result<(), Problem> {
    let then = &case.then;
    let taxes = taxes::assess(case, cart)?;
    let shipping = cart.shipping.unwrap_or(0);
    let total = cart.total() + taxes.added + shipping;
    let subtotal: i64 = cart.lines.iter().map(|line| line.subtotal).sum();
    let on_shelf: i64 = cart.lines.iter().map(|line| line.shelf.price * i64::from(line.quantity)).sum();
    let figures = [
        ("total", then.total, total),
        ("discount", then.discount, on_shelf - cart.total()),
        ("items total", then.items_total, subtotal),
        ("shipping", then.shipping, shipping + taxes.added_to_shipping),
        ("shipping discount", then.shipping_discount, cart.fee.unwrap_or(0) - shipping),
        ("tax", then.tax, taxes.added),
        ("tax included", then.tax_included, taxes.included),
    ];
    for (name, expected, found) in figures {
        if let Some(expected) = expected {
            same(name, shown(case, found)?, expected)?;
        }
    }
    then.base_total.map_or(Ok(()), |expected| same("total in the store's currency", total, expected))?;
    then.empty.map_or(Ok(()), |expected| same("empty", cart.lines.is_empty(), expected))?;
    compare_lines(case, cart)?;
    for (code, expected) in &then.shipping_fees {
        let method = case.given.shipping_methods.iter().find(|method| method.code == *code);
        let method = method.ok_or_else(|| Problem::NotMapped(format!("no shipping method `{code}`")))?;
        same(&format!("fee of {code}"), shown(case, shipping::fee(case, method, cart)?)?, *expected)?;
    }
    if let Some(expected) = &then.coupon {
        let found = if cart.coupon_accepted { "accepted" } else { "rejected" };
        same("coupon", found, expected.as_str())?;
    }
    compare_applied(case, &cart.applied)
}

fn compare_lines(case: &Case, cart: &Cart) -> Result<(), Problem> {
    let line = |sku: &String| {
        let line = cart.lines.iter().find(|line| line.shelf.product.sku == *sku);
        line.ok_or_else(|| Problem::Failed(format!("`{sku}` is not in the cart")))
    };
    for (sku, expected) in &case.then.line_totals {
        same(&format!("total of {sku}"), shown(case, line(sku)?.total)?, *expected)?;
    }
    for (sku, expected) in &case.then.line_subtotals {
        same(&format!("subtotal of {sku}"), shown(case, line(sku)?.subtotal)?, *expected)?;
    }
    for (sku, expected) in &case.then.unit_prices {
        let line = line(sku)?;
        let unit = Rounding::Floor.divide(line.subtotal.into(), line.quantity.into());
        let unit = unit.and_then(|unit| i64::try_from(unit).ok()).ok_or_else(too_large)?;
        same(&format!("unit price of {sku}"), shown(case, unit)?, *expected)?;
    }
    for (sku, expected) in &case.then.unit_discounts {
        let line = line(sku)?;
        let on_shelf = line.shelf.list - line.shelf.price;
        let units = line.unit_discounts.iter().map(|off| shown(case, off + on_shelf));
        same(&format!("unit discounts of {sku}"), &units.collect::<Result<Vec<_>, _>>()?, expected)?;
    }
    Ok(())
}

/// A figure in the currency that is shown.
fn shown(case: &Case, amount: i64) -> Result<i64, Problem> {
    let Some(display) = case.when.display_currency.as_ref().filter(|display| **display != case.given.currency) else {
        return Ok(amount);
    };
    for rate in &case.given.exchange_rates {
        if rate.from == case.given.currency && rate.to == *display {
            return Ok(rate.rate.0.times(amount, MODE)?);
        }
        if rate.to == case.given.currency && rate.from == *display {
            let scaled = i128::from(amount) * crate::number::ten_to(rate.rate.0.scale().into())?;
            let shown = MODE.divide(scaled, rate.rate.0.coefficient().into());
            return shown.and_then(|shown| i64::try_from(shown).ok()).ok_or_else(too_large);
        }
    }
    Ok(amount)
}
