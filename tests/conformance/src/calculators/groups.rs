//! Quantity groups: units of all lines are cut into full groups, larger line quantities first; only units in full groups
//! are discounted. A line's part is a number of units, which is how a discount names them here.

use super::{Asked, Line, offered, subtotal, tier};
use crate::{
    case::{Problem, field, not_mapped, only, same},
    number::{decimal, too_large},
};
use fondaco_commerce::stacking::{Class, LineState, LineTarget, Terms, Value as Off};
use serde_json::Value;

const PARAMS: &[&str] = &[
    "group_size",
    "unit_discount",
    "amount",
    "percent",
    "base_percent",
    "tiers",
    "first_item",
    "additional_item",
    "max_items",
];

/// How many units of each line are in a full group.
fn grouped(lines: &[Line], size: u32) -> Vec<u32> {
    let units: u32 = lines.iter().map(|line| line.quantity).sum();
    let mut left = units - units.checked_rem(size).unwrap_or(units);
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(lines.get(*index).map(|line| line.quantity)));
    let mut grouped = vec![0; lines.len()];
    for index in order {
        if let (Some(line), Some(slot)) = (lines.get(index), grouped.get_mut(index)) {
            *slot = line.quantity.min(left);
            left -= *slot;
        }
    }
    grouped
}

fn unit_discount(asked: &Asked<'_>, lines: &[Line]) -> Result<Off, Problem> {
    Ok(match field(asked.params, "unit_discount")?.as_str().unwrap_or_default() {
        "flat_rate" => Off::FixedEach(asked.exact_minor(asked.param("amount")?)?),
        "percent" => Off::Percent(asked.param("percent")?),
        "tiered_percent" => {
            let tier = tier(field(asked.params, "tiers")?, subtotal(lines)?)?;
            Off::Percent(tier.unwrap_or(asked.param("base_percent")?))
        }
        other => return not_mapped(format!("the mapping does not know `{other}` in a group")),
    })
}

/// What each line is discounted by, and what all come to.
fn taken(asked: &Asked<'_>, lines: &[Line], shipping: Option<i64>) -> Result<(Vec<i64>, i64), Problem> {
    let size =
        field(asked.params, "group_size")?.as_u64().and_then(|size| u32::try_from(size).ok()).ok_or_else(too_large)?;
    let grouped = grouped(lines, size);
    // A line of no units is no line of a cart.
    let present: Vec<usize> =
        (0..lines.len()).filter(|index| lines.get(*index).is_some_and(|line| line.quantity > 0)).collect();
    let mut states = Vec::new();
    let mut targets = Vec::new();
    for (position, &index) in (0..).zip(&present) {
        let (Some(line), Some(&units)) = (lines.get(index), grouped.get(index)) else {
            continue;
        };
        states.push(LineState::new(line.quantity, asked.exact_minor(line.total()?)?));
        if units > 0 {
            targets.push(LineTarget::units(position, units));
        }
    }
    let value = unit_discount(asked, lines)?;
    let outcome = offered(&states, shipping, |offers| offers.line_discount(Terms::new(value), targets))?;
    let mut taken = vec![0; lines.len()];
    for ((&index, state), left) in present.iter().zip(&states).zip(outcome.line_totals()) {
        if let Some(slot) = taken.get_mut(index) {
            *slot = state.total - left;
        }
    }
    Ok((taken, outcome.taken(Class::Line)))
}

pub(super) fn quantity_groups(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, PARAMS)?;
    only(asked.input, &["lines", "line"])?;
    let (taken, _) = taken(asked, &asked.lines()?, None)?;
    let line =
        field(asked.input, "line")?.as_u64().and_then(|line| usize::try_from(line).ok()).ok_or_else(too_large)?;
    asked.expect(taken.get(line).copied().unwrap_or_default())
}

pub(super) fn quantity_groups_order(asked: &Asked<'_>) -> Result<(), Problem> {
    only(asked.params, PARAMS)?;
    only(asked.input, &["lines", "shipping"])?;
    only(asked.expected, &["total", "adjustment_total"])?;
    let lines = asked.lines()?;
    let shipping = asked.input.get("shipping").map(|shipping| asked.exact_minor(decimal(shipping)?)).transpose()?;
    let (_, sum) = taken(asked, &lines, shipping)?;
    let total = asked.exact_minor(subtotal(&lines)?)? + shipping.unwrap_or(0) - sum;
    let figure =
        |key: &str| asked.expected.get(key).map(|value: &Value| asked.exact_minor(decimal(value)?)).transpose();
    if let Some(expected) = figure("total")? {
        same("total", total, expected)?;
    }
    figure("adjustment_total")?.map_or(Ok(()), |expected| same("adjustments", -sum, expected))
}
