//! Rounding: a value or a quotient, to whole numbers, places, powers of ten or multiples.

use crate::{
    case::{Problem, field, not_mapped, only, same},
    number::{Wide, ten_to, too_large},
};
use fondaco_commerce::rounding::Rounding;
use serde_json::Value;

const KNOWN: &[&str] = &[
    "id",
    "source",
    "also_lines",
    "note",
    "contested",
    "currency",
    "value",
    "numerator",
    "divisor",
    "to",
    "scale",
    "power",
    "multiple",
    "mode",
    "source_mode",
    "expected",
];

pub(crate) fn judge(case: &Value, _: &Value) -> Result<(), Problem> {
    only(case, KNOWN)?;
    let mode = mode(field(case, "mode")?.as_str().unwrap_or_default())?;
    let (numerator, denominator) = quotient(case)?;
    let expected = Wide::of(field(case, "expected")?)?;
    let divide = |by: i128, times: i128| {
        let numerator = numerator.checked_mul(times).ok_or_else(too_large)?;
        let denominator = denominator.checked_mul(by).ok_or_else(too_large)?;
        mode.divide(numerator, denominator).ok_or_else(|| Problem::Failed("refused".to_owned()))
    };
    match field(case, "to")?.as_str().unwrap_or_default() {
        "integer" => same("rounded", divide(1, 1)?, expected.at(0)?),
        "scale" => {
            let scale = whole(field(case, "scale")?)?;
            same("rounded", divide(1, ten_to(scale)?)?, expected.at(scale)?)
        }
        "power_of_ten" => {
            let power = field(case, "power")?.as_i64().ok_or_else(too_large)?;
            let unit = ten_to(u32::try_from(power.unsigned_abs()).map_err(|_| too_large())?)?;
            if power >= 0 {
                return same("rounded", divide(unit, 1)?.checked_mul(unit).ok_or_else(too_large)?, expected.at(0)?);
            }
            same("rounded", divide(1, unit)?, expected.at(u32::try_from(-power).map_err(|_| too_large())?)?)
        }
        "multiple_of" => {
            let multiple = Wide::of(field(case, "multiple")?)?;
            let count = divide(multiple.digits, ten_to(multiple.scale)?)?;
            let scale = multiple.scale.max(expected.scale);
            let found = count.checked_mul(multiple.at(scale)?).ok_or_else(too_large)?;
            same("rounded", found, expected.at(scale)?)
        }
        other => not_mapped(format!("the mapping does not know how to round to `{other}`")),
    }
}

/// The value as a quotient of whole numbers.
fn quotient(case: &Value) -> Result<(i128, i128), Problem> {
    if let Some(value) = case.get("value") {
        let value = Wide::of(value)?;
        return Ok((value.digits, ten_to(value.scale)?));
    }
    let (numerator, divisor) = (Wide::of(field(case, "numerator")?)?, Wide::of(field(case, "divisor")?)?);
    let scale = numerator.scale.max(divisor.scale);
    Ok((numerator.at(scale)?, divisor.at(scale)?))
}

fn whole(value: &Value) -> Result<u32, Problem> {
    value.as_u64().and_then(|value| u32::try_from(value).ok()).ok_or_else(too_large)
}

/// A mode by its neutral name.
pub(crate) fn mode(name: &str) -> Result<Rounding, Problem> {
    Ok(match name {
        "half_away_from_zero" => Rounding::HalfAwayFromZero,
        "half_toward_zero" => Rounding::HalfTowardZero,
        "half_even" => Rounding::HalfEven,
        "half_odd" => Rounding::HalfOdd,
        "half_to_positive_infinity" => Rounding::HalfCeiling,
        "half_to_negative_infinity" => Rounding::HalfFloor,
        "away_from_zero" => Rounding::AwayFromZero,
        "toward_zero" => Rounding::TowardZero,
        "ceiling" => Rounding::Ceiling,
        "floor" => Rounding::Floor,
        other => return not_mapped(format!("no rounding mode `{other}`")),
    })
}
