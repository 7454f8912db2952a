//! Promotions.

use super::{Asked, Dialect, Line, MODE, flexi, off_amount, offered, percent_off, subtotal, tier};
use crate::{
    case::{Problem, field, not_mapped, only, same},
    number::{decimal, too_large},
};
use fondaco_commerce::{
    allocation::compat,
    decimal::Decimal,
    rounding::Rounding,
    stacking::{Class, LineState, LineTarget, Outcome, Terms, Value as Off},
};
use serde_json::Value;

pub(super) fn percent(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["percent", "currency"])?;
    only(asked.input, &["amount", "lines"])?;
    let amount = match asked.input.get("amount") {
        Some(amount) => decimal(amount)?,
        None => subtotal(&asked.lines()?)?,
    };
    asked.expect(percent_off(asked, amount, asked.param("percent")?)?)
}

/// The lines as the policy sees them, and the cents of each.
fn states(asked: &Asked<'_>, lines: &[Line]) -> Result<Vec<LineState>, Problem> {
    lines.iter().map(|line| Ok(LineState::new(line.quantity, asked.exact_minor(line.total()?)?))).collect()
}

/// Which lines take part: all, or the listed ones.
fn eligible(asked: &Asked<'_>, lines: &[Line]) -> Vec<u32> {
    let listed = asked.input.get("eligible_lines").and_then(Value::as_array);
    let is_listed =
        |index: u32| listed.is_none_or(|listed| listed.iter().any(|line| line.as_u64() == Some(index.into())));
    (0..).zip(lines).filter(|(index, line)| line.eligible && is_listed(*index)).map(|(index, _)| index).collect()
}

fn shares(outcome: &Outcome, lines: usize) -> Vec<i64> {
    let mut shares = vec![0; lines];
    for given in outcome.given() {
        for share in outcome.shares(given) {
            if let Some(amount) = shares.get_mut(share.line as usize) {
                *amount += share.amount;
            }
        }
    }
    shares
}

pub(super) fn percent_with_cap(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["percent", "max_amount", "currency"])?;
    only(asked.input, &["lines", "eligible_lines", "line"])?;
    let lines = asked.lines()?;
    let cap = asked.exact_minor(asked.param("max_amount")?)?;
    let value = Off::Percent(asked.param("percent")?);
    spread(asked, &lines, Terms::new(value).cap(cap), cap)
}

pub(super) fn distributed_amount(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["amount", "currency"])?;
    only(asked.input, &["lines", "eligible_lines", "line"])?;
    let lines = asked.lines()?;
    let amount = if asked.is_foreign() { 0 } else { asked.exact_minor(asked.param("amount")?)? };
    spread(asked, &lines, Terms::new(Off::FixedOnce(amount)), amount)
}

/// One discount over several lines. The sum is the policy's; which line bears a left-over cent is judged by the
/// source's own policy (truncate from the last) where that differs from the largest remainder.
fn spread(asked: &Asked<'_>, lines: &[Line], terms: Terms<'static>, amount: i64) -> Result<(), Problem> {
    let states = states(asked, lines)?;
    let eligible = eligible(asked, lines);
    let outcome = offered(&states, None, |offers| {
        offers.line_discount(terms, eligible.iter().map(|line| LineTarget::whole(*line)))
    })?;
    let total = outcome.taken(Class::Line);
    let ours = shares(&outcome, lines.len());
    let mut theirs = vec![0; lines.len()];
    if total == amount && amount > 0 {
        let weight = |line: &u32| states.get(*line as usize).map_or(0, |state| state.total);
        let weights: Vec<i64> = eligible.iter().map(weight).collect();
        for (line, share) in eligible.iter().zip(compat::from_last(amount, &weights, Rounding::TowardZero)?) {
            if let Some(slot) = theirs.get_mut(*line as usize) {
                *slot = share;
            }
        }
    } else {
        theirs.clone_from(&ours);
    }
    if let Some(line) = asked.input.get("line").and_then(Value::as_u64) {
        let index = usize::try_from(line).map_err(|_| too_large())?;
        let expected = asked.exact_minor(decimal(asked.expected)?)?;
        if ours.get(index) == Some(&expected) {
            return Ok(());
        }
        return same("share of the line", theirs.get(index).copied(), Some(expected));
    }
    only(asked.expected, &["total", "per_line"])?;
    same("total", total, asked.exact_minor(decimal(field(asked.expected, "total")?)?)?)?;
    let Some(expected) = asked.expected.get("per_line").and_then(Value::as_array) else {
        return Ok(());
    };
    let expected = expected.iter().map(|share| asked.exact_minor(decimal(share)?)).collect::<Result<Vec<_>, _>>()?;
    if ours == expected {
        return Ok(());
    }
    same("shares", theirs, expected)
}

pub(super) fn flat_rate(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["amount", "currency"])?;
    only(asked.input, &["amount"])?;
    let amount = if asked.is_foreign() { 0 } else { asked.exact_minor(asked.param("amount")?)? };
    asked.expect(off_amount(i64::from(u32::MAX), Off::FixedOnce(amount))?)
}

/// What one more unit is discounted by, on average, when `quantity` of them join those that are in the cart:
/// (discount of all − discount of those) ÷ quantity.
fn unit_price(asked: &Asked<'_>, discount: impl Fn(u64) -> Result<Decimal, Problem>) -> Result<(), Problem> {
    only(asked.input, &["unit_price", "already_in_cart", "quantity"])?;
    let number = |key: &str| field(asked.input, key)?.as_u64().ok_or_else(too_large);
    let (quantity, unit) = (number("quantity")?, asked.exact_minor(decimal(field(asked.input, "unit_price")?)?)?);
    if field(asked.input, "already_in_cart")?.is_null() {
        return asked.expect(asked.exact_minor(discount(quantity)?)?);
    }
    let already = number("already_in_cart")?;
    let taken = |units: u64| -> Result<i64, Problem> {
        let total = unit.checked_mul(i64::try_from(units).map_err(|_| too_large())?).ok_or_else(too_large)?;
        off_amount(total, Off::FixedOnce(asked.exact_minor(discount(units)?)?))
    };
    let difference = taken(already + quantity)? - taken(already)?;
    let each = MODE.divide(difference.into(), quantity.into()).and_then(|each| i64::try_from(each).ok());
    asked.expect(if quantity == 0 { 0 } else { each.ok_or_else(too_large)? })
}

pub(super) fn flat_rate_unit_price(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["amount", "currency"])?;
    let amount = if asked.is_foreign() { Decimal::ZERO } else { asked.param("amount")? };
    unit_price(asked, |_| Ok(amount))
}

fn flexi_of(asked: &Asked<'_>) -> Result<impl Fn(u64) -> Result<Decimal, Problem>, Problem> {
    only(asked.params, &["first_item", "additional_item", "max_items", "currency"])?;
    let (first, further) = (asked.param("first_item")?, asked.param("additional_item")?);
    let max = field(asked.params, "max_items")?.as_u64().ok_or_else(too_large)?;
    Ok(move |quantity| flexi(first, further, max, quantity))
}

pub(super) fn flexi_rate(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.input, &["quantity"])?;
    let quantity = field(asked.input, "quantity")?.as_u64().ok_or_else(too_large)?;
    let amount = if asked.is_foreign() { Decimal::ZERO } else { flexi_of(asked)?(quantity)? };
    asked.expect(off_amount(i64::from(u32::MAX), Off::FixedOnce(asked.exact_minor(amount)?))?)
}

pub(super) fn flexi_rate_unit_price(asked: &Asked<'_>) -> Result<(), Problem> {
    unit_price(asked, flexi_of(asked)?)
}

/// What is discounted, by the class that it has in the policy: a line, a shipment, or the order.
fn percent_off_thing(asked: &Asked<'_>, lines: &[Line], percent: Decimal) -> Result<i64, Problem> {
    let states = states(asked, lines)?;
    let of = field(asked.input, "of")?;
    let terms = Terms::new(Off::Percent(percent));
    if of == "order" {
        return Ok(offered(&states, None, |offers| offers.order_discount(terms, []))?.taken(Class::Order));
    }
    only(of, &["line", "shipment"])?;
    if let Some(line) = of.get("line").and_then(Value::as_u64) {
        let line = u32::try_from(line).map_err(|_| too_large())?;
        let outcome = offered(&states, None, |offers| offers.line_discount(terms, [LineTarget::whole(line)]))?;
        return Ok(outcome.taken(Class::Line));
    }
    let shipment = asked.exact_minor(decimal(field(of, "shipment")?)?)?;
    Ok(offered(&states, Some(shipment), |offers| offers.shipping_discount(terms))?.taken(Class::Shipping))
}

pub(super) fn tiered_percent(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["base_percent", "tiers", "currency"])?;
    only(asked.input, &["amount", "lines", "of"])?;
    if asked.is_foreign() {
        return asked.expect(0);
    }
    let percent_at = |reached: Decimal| -> Result<Decimal, Problem> {
        Ok(tier(field(asked.params, "tiers")?, reached)?.unwrap_or(asked.param("base_percent")?))
    };
    if let Some(amount) = asked.input.get("amount") {
        let amount = decimal(amount)?;
        return asked.expect(percent_off(asked, amount, percent_at(amount)?)?);
    }
    if asked.dialect == Dialect::Spree {
        return not_mapped("lines, where Spree's tiers look at the thing discounted alone");
    }
    let lines = asked.lines()?;
    let percent = percent_at(subtotal(&lines)?)?;
    asked.expect(percent_off_thing(asked, &lines, percent)?)
}

pub(super) fn tiered_percent_on_quantity(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["base_percent", "tiers", "currency"])?;
    only(asked.input, &["lines", "of"])?;
    if asked.is_foreign() {
        return asked.expect(0);
    }
    let lines = asked.lines()?;
    let units: i64 = lines.iter().filter(|line| line.eligible).map(|line| i64::from(line.quantity)).sum();
    let tier = tier(field(asked.params, "tiers")?, Decimal::whole(units))?;
    asked.expect(percent_off_thing(asked, &lines, tier.unwrap_or(asked.param("base_percent")?))?)
}

pub(super) fn tiered_flat_rate(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, &["base_amount", "tiers", "currency"])?;
    only(asked.input, &["amount"])?;
    if asked.is_foreign() {
        return asked.expect(0);
    }
    let reached = decimal(field(asked.input, "amount")?)?;
    let tier = tier(field(asked.params, "tiers")?, reached)?.unwrap_or(asked.param("base_amount")?);
    asked.expect(off_amount(i64::from(u32::MAX), Off::FixedOnce(asked.exact_minor(tier)?))?)
}
