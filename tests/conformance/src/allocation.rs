//! Allocation: each case under the policy that it declares, and all that agree with Fondaco's under that one too.

use crate::{
    case::{Problem, field, not_mapped, only, same},
    number::{Wide, ten_to, text_of, too_large},
};
use fondaco_commerce::{
    allocation::{AllocationError, compat, largest_remainder},
    rounding::Rounding,
};
use serde_json::Value;

const KNOWN: &[&str] = &[
    "id",
    "source",
    "also_lines",
    "note",
    "contested",
    "currency",
    "amount",
    "ratios",
    "split",
    "expected",
    "expected_error",
    "policy",
    "unit",
    "scale",
    "same_under",
    "whole_minor_units",
    "compare",
    "keyed",
    "internal",
    "minor_base",
    "minor_exponent",
    "ratio_scales",
    "result_scale",
    "quantities",
    "minimum_unit_prices",
];

/// What Fondaco's rule is called in the data, for amounts of 0 or more.
const OURS: &str = "floor-then-largest-fraction";

/// A case in whole units.
struct Split {
    amount: i64,
    weights: Vec<i64>,
    scale: u32,
}

pub(crate) fn judge(case: &Value, _: &Value) -> Result<(), Problem> {
    only(case, KNOWN)?;
    let policy = field(case, "policy")?.as_str().unwrap_or_default();
    if policy == "exact-fraction" {
        return exact_fraction(case);
    }
    let split = split_of(case)?;
    let shares = shares(case, policy, &split)?;
    if case.get("expected_error").is_some() {
        return same("is refused", shares.is_err(), true);
    }
    if shares.is_err() && case.get("internal").is_some() {
        return not_mapped("a helper inside of the source, which refuses these ratios in public, as ours does");
    }
    same("shares", shares?, expected(case, split.scale)?)
}

/// The same case under our own rule, where the source's policy gives the same as ours.
pub(crate) fn judge_ours(case: &Value, _: &Value) -> Result<(), Problem> {
    only(case, KNOWN)?;
    let policy = field(case, "policy")?.as_str().unwrap_or_default();
    let split = split_of(case)?;
    if case.get("expected_error").is_some() {
        return same("is refused", largest_remainder(split.amount, &split.weights).is_err(), true);
    }
    let comparable = case.get("same_under").and_then(Value::as_array);
    let Some(comparable) = comparable else {
        return not_mapped(format!("`{policy}` is another question than whose are the left-over units"));
    };
    if !comparable.iter().any(|name| name == OURS) {
        return not_mapped(format!("decided by policy, not by arithmetic: `{policy}` gives other shares"));
    }
    let expected = expected(case, split.scale)?;
    if split.amount >= 0 {
        return same("shares", largest_remainder(split.amount, &split.weights)?, expected);
    }
    // Ours is sign-symmetric, theirs goes down below zero: they agree where theirs does not depend on it.
    let found = largest_remainder(split.amount, &split.weights)?;
    if found == expected {
        return Ok(());
    }
    not_mapped("below zero, and the source's policy is not sign-symmetric there")
}

fn shares(case: &Value, policy: &str, split: &Split) -> Result<Result<Vec<i64>, AllocationError>, Problem> {
    let (amount, weights) = (split.amount, split.weights.as_slice());
    Ok(match policy {
        OURS => compat::floor_then_largest_fraction(amount, weights),
        "truncate-from-last" => compat::from_last(amount, weights, Rounding::TowardZero),
        "round-half-up-at-scale-from-last" => compat::from_last(amount, weights, Rounding::HalfAwayFromZero),
        "truncate-then-largest-ratio-first" => compat::truncate_then_largest_weight(amount, weights),
        "equal-remainder-to-first" => compat::equal_then_first(amount, weights.len()),
        "round-half-down-each-then-one-unit-to-first" => compat::round_then_first(amount, weights),
        _ if policy.starts_with("round-half-down-each-then-one-unit-to-first; capped by a floor") => {
            compat::round_then_first_capped(amount, weights, &room(case, split)?)
        }
        _ if policy.starts_with("round-down-each, last line takes the rest") => {
            compat::last_takes_rest(amount, weights)
        }
        other => return not_mapped(format!("the mapping does not know the policy `{other}`")),
    })
}

/// What each line may lose: its total less quantity × minimum unit price.
fn room(case: &Value, split: &Split) -> Result<Vec<i64>, Problem> {
    let list = |key| field(case, key).map(|list| list.as_array().cloned().unwrap_or_default());
    let mut room = Vec::new();
    for ((quantity, price), total) in list("quantities")?.iter().zip(&list("minimum_unit_prices")?).zip(&split.weights)
    {
        let floor = Wide::of(quantity)?.at(0)?.checked_mul(Wide::of(price)?.at(split.scale)?).ok_or_else(too_large)?;
        room.push(narrow(i128::from(*total) - floor)?.max(0));
    }
    Ok(room)
}

fn split_of(case: &Value) -> Result<Split, Problem> {
    let amount = Wide::of(field(case, "amount")?)?;
    let ratios = field(case, "ratios")?.as_array().cloned().unwrap_or_default();
    let weights = common(&ratios.iter().map(fraction).collect::<Result<Vec<_>, _>>()?)?;
    let scale = case.get("scale").map(|scale| scale.as_u64().and_then(|scale| u32::try_from(scale).ok()));
    let scale = scale.unwrap_or(Some(0)).ok_or_else(too_large)?;
    let amount = amount.at(scale)?.checked_mul(finer(case)?).ok_or_else(too_large)?;
    Ok(Split { amount: narrow(amount)?, weights, scale })
}

/// A ratio as a fraction: `0.3`, `3` or `3/10`.
fn fraction(ratio: &Value) -> Result<(i128, i128), Problem> {
    let text = text_of(ratio)?;
    let (numerator, denominator) = text.split_once('/').unwrap_or((&text, "1"));
    let (numerator, denominator) = (Wide::parse(numerator.trim())?, Wide::parse(denominator.trim())?);
    let scale = numerator.scale.max(denominator.scale);
    match (numerator.at(scale)?, denominator.at(scale)?) {
        (_, 0) => not_mapped(format!("{text:?} is not a number")),
        fraction => Ok(fraction),
    }
}

/// Fractions over one denominator, as whole numbers.
fn common(fractions: &[(i128, i128)]) -> Result<Vec<i64>, Problem> {
    let mut denominator: i128 = 1;
    for (_, other) in fractions {
        let step = other / gcd(denominator, *other);
        denominator = denominator.checked_mul(step).ok_or_else(too_large)?;
    }
    let whole =
        |(numerator, own): &(i128, i128)| narrow(numerator.checked_mul(denominator / own).ok_or_else(too_large)?);
    fractions.iter().map(whole).collect()
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

/// Shares at a finer scale than the amount: one power of the currency's base for each step.
fn finer(case: &Value) -> Result<i128, Problem> {
    let number = |key: &str| case.get(key).and_then(Value::as_u64).and_then(|value| u32::try_from(value).ok());
    let (Some(result), Some(exponent)) = (number("result_scale"), number("minor_exponent")) else {
        return Ok(1);
    };
    let base = match field(case, "minor_base")? {
        Value::Array(bases) => bases.iter().filter_map(Value::as_i64).map(i128::from).product(),
        base => i128::from(base.as_i64().ok_or_else(too_large)?),
    };
    base.checked_pow(result.saturating_sub(exponent)).ok_or_else(too_large)
}

fn expected(case: &Value, scale: u32) -> Result<Vec<i64>, Problem> {
    let expected = field(case, "expected")?.as_array().cloned().unwrap_or_default();
    expected.iter().map(|share| narrow(Wide::of(share)?.at(scale)?)).collect()
}

/// Shares that are not rounded: each is compared at the places that the source writes, and they must sum.
fn exact_fraction(case: &Value) -> Result<(), Problem> {
    let split = split_of(case)?;
    let expected = field(case, "expected")?.as_array().cloned().unwrap_or_default();
    same("how many shares", split.weights.len(), expected.len())?;
    let total: i128 = split.weights.iter().map(|&weight| i128::from(weight)).sum();
    let mut sum = 0;
    for (&weight, share) in split.weights.iter().zip(&expected) {
        let share = Wide::of(share)?;
        let product = i128::from(split.amount).checked_mul(i128::from(weight)).ok_or_else(too_large)?;
        sum += product;
        let numerator = product.checked_mul(ten_to(share.scale)?).ok_or_else(too_large)?;
        let denominator = total.checked_mul(ten_to(split.scale)?).ok_or_else(too_large)?;
        let found = Rounding::HalfAwayFromZero.divide(numerator, denominator);
        same("share", found, Some(share.digits))?;
    }
    same("sum", sum, i128::from(split.amount) * total)
}

fn narrow(value: i128) -> Result<i64, Problem> {
    i64::try_from(value).map_err(|_| too_large())
}
