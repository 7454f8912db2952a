//! Charges: shipping and refunds. Exact decimals, rounded once.

use super::{Asked, Dialect, flexi, percent_off, subtotal};
use crate::{
    case::{Problem, field, only, same},
    number::{Wide, decimal, ten_to, too_large},
};
use fondaco_commerce::{decimal::Decimal, rounding::Rounding};
use serde_json::Value;

pub(super) fn price_sack(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["minimal_amount", "normal_amount", "discount_amount", "currency"])?;
    only(asked.input, &["amount", "lines"])?;
    let amount = match asked.input.get("amount") {
        Some(amount) => decimal(amount)?,
        None => subtotal(&asked.lines()?)?,
    };
    let key = if amount < asked.param("minimal_amount")? { "normal_amount" } else { "discount_amount" };
    asked.expect(asked.exact_minor(asked.param(key)?)?)
}

/// One amount a currency, for carts within bounds: lower bounds exclusive, upper ones inclusive.
pub(super) fn flat_rate(asked: &Asked<'_>) -> Result<(), Problem> {
    only(
        asked.params,
        &[
            "amount",
            "currency",
            "amounts",
            "minimum_weight",
            "maximum_weight",
            "minimum_item_total",
            "maximum_item_total",
        ],
    )?;
    only(asked.input, &["currency", "lines", "amount"])?;
    let Some(amount) = amount_in(asked)? else {
        return does_not_apply(asked);
    };
    let bound = |key: &str| asked.params.get(key).filter(|bound| !bound.is_null()).map(decimal).transpose();
    let lines = if asked.input.get("lines").is_some() { asked.lines()? } else { Vec::new() };
    let mut weight = Decimal::ZERO;
    for line in &lines {
        let more = line.weight.checked_mul(Decimal::whole(line.quantity.into())).ok_or_else(too_large)?;
        weight = weight.checked_add(more).ok_or_else(too_large)?;
    }
    let total = subtotal(&lines)?;
    let outside = |minimum: Option<Decimal>, maximum: Option<Decimal>, value: Decimal| {
        minimum.is_some_and(|minimum| value <= minimum) || maximum.is_some_and(|maximum| value > maximum)
    };
    if outside(bound("minimum_weight")?, bound("maximum_weight")?, weight)
        || outside(bound("minimum_item_total")?, bound("maximum_item_total")?, total)
    {
        return does_not_apply(asked);
    }
    asked.expect(asked.exact_minor(amount)?)
}

/// The amount in the cart's currency, if the method has one.
fn amount_in(asked: &Asked<'_>) -> Result<Option<Decimal>, Problem> {
    let Some(currency) = asked.input.get("currency").and_then(Value::as_str) else {
        return asked.param("amount").map(Some);
    };
    if asked.params.get("currency").and_then(Value::as_str).is_none_or(|own| own.eq_ignore_ascii_case(currency)) {
        return asked.param("amount").map(Some);
    }
    asked.params.get("amounts").and_then(|amounts| amounts.get(currency)).map(decimal).transpose()
}

fn does_not_apply(asked: &Asked<'_>) -> Result<(), Problem> {
    same("the method does not apply", true, asked.expected.is_null())
}

pub(super) fn flexi_rate(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["first_item", "additional_item", "max_items", "currency"])?;
    only(asked.input, &["quantities", "quantity"])?;
    let quantities = asked.input.get("quantities").and_then(Value::as_array).cloned().unwrap_or_default();
    let quantity: u64 = quantities.iter().chain(asked.input.get("quantity")).filter_map(Value::as_u64).sum();
    let (first, further) = (asked.param("first_item")?, asked.param("additional_item")?);
    let max = field(asked.params, "max_items")?.as_u64().ok_or_else(too_large)?;
    let charge = if asked.dialect == Dialect::Spree || max == 0 {
        flexi(first, further, max, quantity)?
    } else {
        // Solidus begins again with the first item's price at every `max` units.
        let full = flexi(first, further, 0, max)?;
        let fulls = Decimal::whole(i64::try_from(quantity / max).map_err(|_| too_large())?);
        let rest = flexi(first, further, 0, quantity % max)?;
        full.checked_mul(fulls).and_then(|fulls| fulls.checked_add(rest)).ok_or_else(too_large)?
    };
    asked.expect(asked.exact_minor(charge)?)
}

pub(super) fn percent_of_items(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["percent", "currency"])?;
    only(asked.input, &["lines", "amount"])?;
    let amount = match asked.input.get("amount") {
        Some(amount) => decimal(amount)?,
        None => subtotal(&asked.lines()?)?,
    };
    asked.expect(percent_off(asked, amount, asked.param("percent")?)?)
}

pub(super) fn per_item(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["amount", "currency"])?;
    only(asked.input, &["quantities", "quantity", "lines"])?;
    let quantities = asked.input.get("quantities").and_then(Value::as_array).cloned().unwrap_or_default();
    let listed: i64 = quantities.iter().chain(asked.input.get("quantity")).filter_map(Value::as_i64).sum();
    let lines = if asked.input.get("lines").is_some() { asked.lines()? } else { Vec::new() };
    let quantity = listed + lines.iter().map(|line| i64::from(line.quantity)).sum::<i64>();
    let charge = asked.param("amount")?.checked_mul(Decimal::whole(quantity)).ok_or_else(too_large)?;
    asked.expect(asked.exact_minor(charge)?)
}

/// What comes back for returned units: their part of what the line and the order came to. The source does not round.
pub(super) fn refund_amount(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &[])?;
    only(
        asked.input,
        &["line", "returned_units", "order_adjustment", "shipping_adjustment", "line_adjustment", "exchange"],
    )?;
    let expected = Wide::of(asked.expected)?;
    if asked.input.get("exchange") == Some(&Value::Bool(true)) {
        return same("refund", 0, expected.digits);
    }
    let line = field(asked.input, "line")?;
    only(line, &["unit_price", "quantity"])?;
    let quantity = Wide::of(field(line, "quantity")?)?.at(0)?;
    let mut total = decimal(field(line, "unit_price")?)?;
    total =
        total.checked_mul(Decimal::whole(i64::try_from(quantity).map_err(|_| too_large())?)).ok_or_else(too_large)?;
    for key in ["order_adjustment", "line_adjustment"] {
        if let Some(adjustment) = asked.input.get(key) {
            total = total.checked_add(decimal(adjustment)?).ok_or_else(too_large)?;
        }
    }
    let returned = Wide::of(field(asked.input, "returned_units")?)?.at(0)?;
    let numerator = i128::from(total.coefficient()).checked_mul(returned).ok_or_else(too_large)?;
    let numerator = numerator.checked_mul(ten_to(expected.scale)?).ok_or_else(too_large)?;
    let denominator = quantity.checked_mul(ten_to(total.scale().into())?).ok_or_else(too_large)?;
    same("refund", Rounding::HalfAwayFromZero.divide(numerator, denominator), Some(expected.digits))
}
