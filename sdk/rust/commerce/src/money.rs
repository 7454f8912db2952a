//! Amounts of money: minor units of an ISO 4217 currency.

use crate::{
    decimal::{Decimal, DecimalError, ten_to},
    rounding::Rounding,
};
use core::{fmt, str::FromStr};

/// An amount in the smallest unit of its currency: 1250 in EUR is 12.50 EUR, 1250 in JPY is 1250 yen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// An ISO 4217 currency that has a minor unit. (Metals, bonds and test codes have none and are refused.)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

/// Why an amount or a currency could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not an upper-case ISO 4217 code of a currency with a minor unit.
    #[error("unknown currency: expected an upper-case ISO 4217 code such as EUR")]
    UnknownCurrency,
    /// Two amounts of different currencies.
    #[error("{0} and {1} cannot be reckoned together")]
    CurrencyMismatch(Currency, Currency),
    /// The result does not fit in 64 bits of minor units.
    #[error("the amount is too large")]
    Overflow,
    /// More digits behind the point than the currency has.
    #[error("more digits behind the point than {0} has")]
    TooPrecise(Currency),
}

impl Money {
    /// `minor` minor units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// An amount as people write it (12.5 EUR); exact, or an error.
    pub fn from_major(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let down = Self::from_major_rounded(amount, currency, Rounding::Floor)?;
        let up = Self::from_major_rounded(amount, currency, Rounding::Ceiling)?;
        if down != up {
            return Err(MoneyError::TooPrecise(currency));
        }
        Ok(down)
    }

    /// An amount as people write it, rounded to the currency's minor unit.
    pub fn from_major_rounded(amount: Decimal, currency: Currency, mode: Rounding) -> Result<Self, MoneyError> {
        let minor = amount.to_units(currency.exponent, mode).map_err(|_| MoneyError::Overflow)?;
        Ok(Self { minor, currency })
    }

    /// Minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// `self + other`, of one currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_add(other.minor))
    }

    /// `self - other`, of one currency.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_sub(other.minor))
    }

    /// `self × factor`.
    pub fn checked_mul(self, factor: i64) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_mul(factor))
    }

    /// So many percent of it, rounded.
    pub fn percent(self, percent: Decimal, mode: Rounding) -> Result<Self, MoneyError> {
        self.with(percent.percent_of(self.minor, mode).ok())
    }

    /// `self × factor`, rounded.
    pub fn times(self, factor: Decimal, mode: Rounding) -> Result<Self, MoneyError> {
        self.with(factor.times(self.minor, mode).ok())
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
    }

    fn with(self, minor: Option<i64>) -> Result<Self, MoneyError> {
        minor.map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }
}

impl fmt::Display for Money {
    /// `12.50 EUR`: for logs and messages without a locale.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Decimal::new(self.minor, self.currency.exponent) {
            Ok(major) => write!(formatter, "{major} {}", self.currency),
            Err(_) => write!(formatter, "{} minor units of {}", self.minor, self.currency),
        }
    }
}

impl From<DecimalError> for MoneyError {
    fn from(_: DecimalError) -> Self {
        Self::Overflow
    }
}

impl Currency {
    /// The currency of an upper-case ISO 4217 code.
    pub fn from_code(code: &str) -> Result<Self, MoneyError> {
        let code: [u8; 3] = code.as_bytes().try_into().map_err(|_| MoneyError::UnknownCurrency)?;
        let exponent = exponent_of(code).ok_or(MoneyError::UnknownCurrency)?;
        Ok(Self { code, exponent })
    }

    /// Its code.
    pub fn code(&self) -> &str {
        // All codes of the table are ASCII.
        core::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// How many digits its minor unit stands behind the point: 2 for EUR, 0 for JPY, 3 for KWD.
    pub const fn exponent(self) -> u8 {
        self.exponent
    }

    /// How many minor units make one: 100 for EUR.
    pub fn minor_per_major(self) -> i64 {
        // The table ends at 4 digits.
        i64::try_from(ten_to(self.exponent)).unwrap_or(i64::MAX)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::from_code(code)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

/// ISO 4217 (SIX list one, and those of list three that ended since 2017, because old orders are still refunded),
/// sorted, three letters each. 600 bytes in all; a crate with names and symbols would be a hundred times that in
/// each plugin.
const TWO: &str = "AEDAFNALLAMDANGAOAARSAUDAWGAZNBAMBBDBDTBGNBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCADCDFCHECHFCHWCNYCOPCOUCRCCUCCUPCVECZKDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGTQGYDHKDHNLHRKHTGHUFIDRILSINRIRRJMDKESKGSKHRKPWKYDKZTLAKLBPLKRLRDLSLMADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMXVMYRMZNNADNGNNIONOKNPRNZDPABPENPGKPHPPKRPLNQARRONRSDRUBSARSBDSCRSDGSEKSGDSHPSLESLLSOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTOPTRYTTDTWDTZSUAHUSDUSNUYUUZSVEDVESWSTXADXCDXCGYERZARZMWZWGZWL";
const ZERO: &str = "BIFCLPDJFGNFISKJPYKMFKRWPYGRWFUGXUYIVNDVUVXAFXOFXPF";
const THREE: &str = "BHDIQDJODKWDLYDOMRTND";
const FOUR: &str = "CLFUYW";

fn exponent_of(code: [u8; 3]) -> Option<u8> {
    let tables = [(TWO, 2), (ZERO, 0), (THREE, 3), (FOUR, 4)];
    tables.into_iter().find(|(codes, _)| contains(codes, code)).map(|(_, exponent)| exponent)
}

fn contains(codes: &str, code: [u8; 3]) -> bool {
    let (chunks, _) = codes.as_bytes().as_chunks::<3>();
    chunks.binary_search(&code).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn tables_are_sorted_and_whole() {
        for codes in [TWO, ZERO, THREE, FOUR] {
            let (chunks, rest) = codes.as_bytes().as_chunks::<3>();
            assert!(rest.is_empty());
            assert!(chunks.is_sorted_by(|a, b| a < b), "{codes}");
        }
    }

    #[test]
    fn exponents() {
        let exponent = |code| Currency::from_code(code).map(Currency::exponent);
        assert_eq!(exponent("EUR"), Ok(2));
        assert_eq!(exponent("JPY"), Ok(0));
        assert_eq!(exponent("KWD"), Ok(3));
        assert_eq!(exponent("CLF"), Ok(4));
        for unknown in ["eur", "EU", "EURO", "", "XAU", "XXX", "ABC"] {
            assert_eq!(exponent(unknown), Err(MoneyError::UnknownCurrency), "{unknown}");
        }
    }

    #[test]
    fn formats_by_exponent() {
        let money = |minor, code| Money::new(minor, Currency::from_code(code).unwrap()).to_string();
        assert_eq!(money(1250, "EUR"), "12.50 EUR");
        assert_eq!(money(-5, "EUR"), "-0.05 EUR");
        assert_eq!(money(1250, "JPY"), "1250 JPY");
        assert_eq!(money(1250, "KWD"), "1.250 KWD");
    }

    #[test]
    fn reckons_within_one_currency() {
        let eur = Currency::from_code("EUR").unwrap();
        let yen = Currency::from_code("JPY").unwrap();
        let one = Money::new(100, eur);
        assert_eq!(one.checked_add(one), Ok(Money::new(200, eur)));
        assert_eq!(one.checked_sub(Money::new(1, yen)), Err(MoneyError::CurrencyMismatch(eur, yen)));
        assert_eq!(Money::new(i64::MAX, eur).checked_add(one), Err(MoneyError::Overflow));
        assert_eq!(Money::from_major("12.345".parse().unwrap(), eur), Err(MoneyError::TooPrecise(eur)));
        assert_eq!(Money::from_major("12.3".parse().unwrap(), eur), Ok(Money::new(1230, eur)));
    }
}
