//! Money and decimals of the contracts, with the arithmetic of `fondaco-commerce`.

use crate::{
    Decimal, Fault, Money,
    commerce::{
        decimal::Decimal as Exact,
        money::{Currency, Money as Amount, MoneyError},
        rounding::Rounding,
    },
    text::{digits, join},
};
use std::fmt;

impl Decimal {
    /// A whole number.
    pub const fn whole(value: i64) -> Self {
        Self { coefficient: value, scale: 0 }
    }

    /// Hundredths: `Decimal::hundredths(1250)` is 12.5.
    pub const fn hundredths(value: i64) -> Self {
        Self { coefficient: value, scale: 2 }
    }

    /// As the type that arithmetic knows. A scale above 18 is outside of the contract and counts as 18.
    pub fn exact(self) -> Exact {
        Exact::new(self.coefficient, self.scale.min(Exact::MAX_SCALE)).unwrap_or_default()
    }

    /// So many percent of `amount`, rounded.
    pub fn percent_of(self, amount: i64, rounding: Rounding) -> Result<i64, Fault> {
        self.exact().percent_of(amount, rounding).map_err(|_| Fault::overflow())
    }

    /// `amount × self`, rounded.
    pub fn times(self, amount: i64, rounding: Rounding) -> Result<i64, Fault> {
        self.exact().times(amount, rounding).map_err(|_| Fault::overflow())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&text(self.coefficient, self.scale))
    }
}

/// `coefficient × 10^-scale` in digits. Not by `core::fmt`, whose 128-bit numbers are five kilobytes of a component.
#[inline(never)]
fn text(coefficient: i64, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = digits(coefficient.unsigned_abs());
    let mut text = String::new();
    if coefficient < 0 {
        text.push('-');
    }
    // At least one digit before the point.
    let lacking = (scale + 1).saturating_sub(digits.len());
    let point = digits.len() + lacking - scale;
    for (place, digit) in std::iter::repeat_n('0', lacking).chain(digits.chars()).enumerate() {
        if place == point {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

impl From<Exact> for Decimal {
    fn from(exact: Exact) -> Self {
        Self { coefficient: exact.coefficient(), scale: exact.scale() }
    }
}

impl From<crate::config::Percent> for Decimal {
    fn from(percent: crate::config::Percent) -> Self {
        percent.0
    }
}

impl crate::config::Percent {
    /// So much of `amount`, half a minor unit rounded up (away from zero).
    pub fn of(self, amount: i64) -> Result<i64, Fault> {
        self.0.percent_of(amount, Rounding::HalfAwayFromZero)
    }
}

impl Money {
    /// `minor` minor units of `currency`.
    pub fn new(minor: i64, currency: impl Into<String>) -> Self {
        Self { minor, currency: currency.into() }
    }

    /// Whether it is in the cart's currency.
    pub fn is_of(&self, cart: &crate::types::Cart) -> bool {
        self.currency == cart.context.currency
    }
}

/// `12.50 EUR`; minor units where the currency is unknown.
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = Currency::from_code(&self.currency).map_or(0, Currency::exponent);
        formatter.write_str(&join(&[&text(self.minor, exponent), " ", &self.currency]))
    }
}

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Self::new(amount.minor(), amount.currency().code())
    }
}

impl TryFrom<&Money> for Amount {
    type Error = MoneyError;

    fn try_from(money: &Money) -> Result<Self, MoneyError> {
        Ok(Self::new(money.minor, Currency::from_code(&money.currency)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_amounts_as_people_write_them() {
        for (minor, currency, text) in [
            (1250, "EUR", "12.50 EUR"),
            (5, "EUR", "0.05 EUR"),
            (-1, "EUR", "-0.01 EUR"),
            (0, "KWD", "0.000 KWD"),
            (1250, "JPY", "1250 JPY"),
            (1250, "XXX", "1250 XXX"),
            (i64::MIN, "EUR", "-92233720368547758.08 EUR"),
        ] {
            assert_eq!(Money::new(minor, currency).to_string(), text);
        }
        for text in ["12.5", "-0.000000000000000001", "7", "100.00"] {
            let exact: Exact = text.parse().unwrap();
            assert_eq!(Decimal::from(exact).to_string(), exact.to_string());
        }
    }

    #[test]
    fn reckons_with_the_shared_arithmetic() {
        assert_eq!(Decimal::hundredths(1250).percent_of(999, Rounding::HalfEven).unwrap(), 125);
        assert_eq!(Decimal { coefficient: 15, scale: 1 }.times(101, Rounding::Floor).unwrap(), 151);
        let fault = Decimal::whole(i64::MAX).times(2, Rounding::Floor).unwrap_err();
        assert_eq!(fault.reason, "AMOUNT_OVERFLOW");
        assert_eq!(crate::config::Percent(Decimal::whole(50)).of(1).unwrap(), 1);
    }
}
