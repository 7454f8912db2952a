//! Numbers as the data writes them: decimal strings, more digits than money has.

use crate::case::Problem;
use fondaco_commerce::{decimal::Decimal, money::Currency, rounding::Rounding};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A decimal of up to 38 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wide {
    pub(crate) digits: i128,
    pub(crate) scale: u32,
}

impl Wide {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}").parse();
        let digits = digits.map_err(|_| Problem::NotMapped(format!("{text:?} is not a decimal")))?;
        let scale = u32::try_from(fraction.len()).map_err(|_| too_large())?;
        Ok(Self { digits, scale })
    }

    pub(crate) fn of(value: &Value) -> Result<Self, Problem> {
        Self::parse(&text_of(value)?)
    }

    /// In units of `10^-scale`, exact.
    pub(crate) fn at(self, scale: u32) -> Result<i128, Problem> {
        if scale >= self.scale {
            return self.digits.checked_mul(ten_to(scale - self.scale)?).ok_or_else(too_large);
        }
        let unit = ten_to(self.scale - scale)?;
        if self.digits % unit != 0 {
            return Err(Problem::Failed(format!("{self:?} has more than {scale} digits behind the point")));
        }
        Ok(self.digits / unit)
    }
}

pub(crate) fn ten_to(exponent: u32) -> Result<i128, Problem> {
    10_i128.checked_pow(exponent).ok_or_else(too_large)
}

pub(crate) fn too_large() -> Problem {
    Problem::NotMapped("a number of the case is too large for the mapping".to_owned())
}

/// A string, or a number as it is written.
pub(crate) fn text_of(value: &Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(Problem::NotMapped(format!("{other} is not a number"))),
    }
}

pub(crate) fn decimal(value: &Value) -> Result<Decimal, Problem> {
    let text = text_of(value)?;
    text.parse().map_err(|error| Problem::NotMapped(format!("{text:?}: {error}")))
}

/// A decimal field of a typed case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exact(pub(crate) Decimal);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        decimal(&value).map(Self).map_err(serde::de::Error::custom)
    }
}

/// The digits that a currency has behind the point.
pub(crate) fn exponent(currency: &str) -> Result<u8, Problem> {
    let currency = Currency::from_code(&currency.to_ascii_uppercase());
    currency.map(Currency::exponent).map_err(|error| Problem::NotMapped(error.to_string()))
}

/// An amount as people write it in minor units; `None` where it is finer than those.
pub(crate) fn minor(amount: Decimal, exponent: u8) -> Option<i64> {
    let down = amount.to_units(exponent, Rounding::Floor).ok()?;
    let up = amount.to_units(exponent, Rounding::Ceiling).ok()?;
    (down == up).then_some(down)
}
