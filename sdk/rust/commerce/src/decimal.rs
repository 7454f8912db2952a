//! Exact decimals: rates, percentages, multipliers.

use crate::rounding::Rounding;
use core::{cmp::Ordering, fmt, str::FromStr};

/// An exact decimal: `coefficient × 10^-scale`. 12.5 is `Decimal::new(125, 1)`.
///
/// Two decimals are equal when their values are: 12.5 is 12.50.
#[derive(Debug, Clone, Copy, Default)]
pub struct Decimal {
    coefficient: i64,
    scale: u8,
}

/// Why a decimal could not be made, or a result not be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// More than 18 digits behind the point.
    #[error("a decimal has at most {} digits behind the point", Decimal::MAX_SCALE)]
    Scale,
    /// Not a decimal: digits with at most one point and a leading sign.
    #[error("not a decimal")]
    Syntax,
    /// The result does not fit in 64 bits.
    #[error("the amount is too large")]
    Overflow,
}

impl Decimal {
    /// The most digits behind the point.
    pub const MAX_SCALE: u8 = 18;
    /// 0.
    pub const ZERO: Self = Self { coefficient: 0, scale: 0 };
    /// 1.
    pub const ONE: Self = Self { coefficient: 1, scale: 0 };

    /// `coefficient × 10^-scale`.
    pub const fn new(coefficient: i64, scale: u8) -> Result<Self, DecimalError> {
        if scale > Self::MAX_SCALE {
            return Err(DecimalError::Scale);
        }
        Ok(Self { coefficient, scale })
    }

    /// A whole number.
    pub const fn whole(value: i64) -> Self {
        Self { coefficient: value, scale: 0 }
    }

    /// All digits, signed.
    pub const fn coefficient(self) -> i64 {
        self.coefficient
    }

    /// How many of them stand behind the point.
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        self.coefficient < 0
    }

    /// The same value without zeros at the end: 12.50 → 12.5.
    pub const fn normalized(self) -> Self {
        let mut short = self;
        while short.scale > 0 && short.coefficient % 10 == 0 {
            short.coefficient /= 10;
            short.scale -= 1;
        }
        short
    }

    /// The coefficient that the same value has at a larger scale. Never too large for 128 bits: the scale ends at 18.
    pub(crate) fn coefficient_at(self, scale: u8) -> i128 {
        i128::from(self.coefficient) * ten_to(scale.saturating_sub(self.scale))
    }

    /// `amount × self`, rounded.
    ///
    /// ```
    /// use fondaco_commerce::{decimal::Decimal, rounding::Rounding};
    /// let double_and_a_half: Decimal = "2.5".parse()?;
    /// assert_eq!(double_and_a_half.times(101, Rounding::HalfEven)?, 252);
    /// # Ok::<_, fondaco_commerce::decimal::DecimalError>(())
    /// ```
    pub fn times(self, amount: i64, mode: Rounding) -> Result<i64, DecimalError> {
        let product = i128::from(amount) * i128::from(self.coefficient);
        whole(mode.divide(product, ten_to(self.scale)))
    }

    /// `amount × self / 100`, rounded: so many percent of an amount.
    ///
    /// ```
    /// use fondaco_commerce::{decimal::Decimal, rounding::Rounding};
    /// let percent: Decimal = "12.5".parse()?;
    /// assert_eq!(percent.percent_of(9_99, Rounding::HalfAwayFromZero)?, 1_25);
    /// # Ok::<_, fondaco_commerce::decimal::DecimalError>(())
    /// ```
    pub fn percent_of(self, amount: i64, mode: Rounding) -> Result<i64, DecimalError> {
        let product = i128::from(amount) * i128::from(self.coefficient);
        whole(mode.divide(product, ten_to(self.scale) * 100))
    }

    /// The nearest decimal with `scale` digits behind the point.
    pub fn rounded(self, scale: u8, mode: Rounding) -> Result<Self, DecimalError> {
        if scale >= self.scale {
            return Ok(self);
        }
        let coefficient = whole(mode.divide(i128::from(self.coefficient), ten_to(self.scale - scale)))?;
        Self::new(coefficient, scale)
    }

    /// The value in units of `10^-scale`, rounded: 12.5 at scale 2 is 1250. What brings a price written in euros to
    /// cents.
    pub fn to_units(self, scale: u8, mode: Rounding) -> Result<i64, DecimalError> {
        if scale > Self::MAX_SCALE {
            return Err(DecimalError::Scale);
        }
        if scale >= self.scale {
            return whole(Some(self.coefficient_at(scale)));
        }
        whole(mode.divide(i128::from(self.coefficient), ten_to(self.scale - scale)))
    }

    /// `self + other`, exact.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let sum = self.coefficient_at(scale).checked_add(other.coefficient_at(scale))?;
        Some(Self { coefficient: i64::try_from(sum).ok()?, scale })
    }

    /// `self - other`, exact.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let difference = self.coefficient_at(scale).checked_sub(other.coefficient_at(scale))?;
        Some(Self { coefficient: i64::try_from(difference).ok()?, scale })
    }

    /// `self × other`, exact. `None` where that takes more than 64 bits or 18 digits behind the point.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let (left, right) = (self.normalized(), other.normalized());
        let product = i128::from(left.coefficient) * i128::from(right.coefficient);
        Self::new(i64::try_from(product).ok()?, left.scale + right.scale).ok()
    }
}

/// The powers of ten up to `10^18`, the largest that a scale needs.
const POWERS: [i128; Decimal::MAX_SCALE as usize + 1] = {
    let mut powers = [1; Decimal::MAX_SCALE as usize + 1];
    let mut rest: &mut [i128] = &mut powers;
    let mut power = 1;
    while let [first, others @ ..] = rest {
        *first = power;
        power *= 10;
        rest = others;
    }
    powers
};

/// `10^exponent`, from a table: hot paths divide by it, and 128-bit powers are slow in Wasm.
pub(crate) fn ten_to(exponent: u8) -> i128 {
    POWERS.get(usize::from(exponent)).copied().unwrap_or(i128::MAX)
}

fn whole(result: Option<i128>) -> Result<i64, DecimalError> {
    result.and_then(|value| i64::try_from(value).ok()).ok_or(DecimalError::Overflow)
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.coefficient_at(scale).cmp(&other.coefficient_at(scale))
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self::whole(value)
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let negative = text.starts_with('-');
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text).bytes();
        let mut coefficient: i64 = 0;
        let mut scale: Option<u8> = None;
        let mut any = false;
        for byte in digits {
            if byte == b'.' && scale.is_none() {
                scale = Some(0);
                continue;
            }
            if !byte.is_ascii_digit() {
                return Err(DecimalError::Syntax);
            }
            any = true;
            let digit = i64::from(byte - b'0');
            // Down from zero, because the least i64 has no positive counterpart.
            coefficient =
                coefficient.checked_mul(10).and_then(|c| c.checked_sub(digit)).ok_or(DecimalError::Overflow)?;
            scale = match scale {
                Some(Self::MAX_SCALE) => return Err(DecimalError::Scale),
                Some(behind) => Some(behind + 1),
                None => None,
            };
        }
        if !any {
            return Err(DecimalError::Syntax);
        }
        let coefficient =
            if negative { coefficient } else { coefficient.checked_neg().ok_or(DecimalError::Overflow)? };
        Self::new(coefficient, scale.unwrap_or(0))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.coefficient < 0 { "-" } else { "" };
        let digits = u128::from(self.coefficient.unsigned_abs());
        let one = ten_to(self.scale).unsigned_abs();
        if self.scale == 0 {
            return write!(formatter, "{sign}{digits}");
        }
        let width = usize::from(self.scale);
        write!(formatter, "{sign}{}.{:0width$}", digits / one, digits % one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn reads_and_writes() {
        for text in ["0", "12.5", "-0.05", "100", "9223372036854775807", "-9223372036854775808", "0.000000000000000001"]
        {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), text);
        }
        assert_eq!("+.5".parse::<Decimal>().unwrap().to_string(), "0.5");
        assert_eq!("5.".parse::<Decimal>().unwrap().to_string(), "5");
    }

    #[test]
    fn refuses_what_is_no_decimal() {
        for text in ["", "-", ".", "1e3", "1.2.3", " 1", "0x1", "1,5", "--1"] {
            assert_eq!(text.parse::<Decimal>(), Err(DecimalError::Syntax), "{text:?}");
        }
        assert_eq!("9223372036854775808".parse::<Decimal>(), Err(DecimalError::Overflow));
        assert_eq!("0.0000000000000000001".parse::<Decimal>(), Err(DecimalError::Scale));
        assert_eq!(Decimal::new(1, 19), Err(DecimalError::Scale));
    }

    #[test]
    fn equal_by_value() {
        assert_eq!("12.50".parse::<Decimal>().unwrap(), Decimal::new(125, 1).unwrap());
        assert!(Decimal::whole(i64::MAX) > Decimal::new(i64::MAX, 18).unwrap());
        assert_eq!(Decimal::new(1250, 2).unwrap().normalized().scale(), 1);
    }

    #[test]
    fn too_large_is_an_error() {
        assert_eq!(Decimal::whole(i64::MAX).times(2, Rounding::Floor), Err(DecimalError::Overflow));
        assert_eq!(Decimal::whole(100).percent_of(i64::MAX, Rounding::Floor), Ok(i64::MAX));
        assert_eq!(Decimal::whole(101).percent_of(i64::MAX, Rounding::Floor), Err(DecimalError::Overflow));
        assert_eq!(Decimal::whole(i64::MAX).checked_add(Decimal::ONE), None);
    }

    #[test]
    fn products_are_exact() {
        let times = |a: &str, b: &str| a.parse::<Decimal>().unwrap().checked_mul(b.parse().unwrap());
        assert_eq!(times("-12.50", "0.2"), Some("-2.5".parse().unwrap()));
        assert_eq!(times("0.0000000001", "0.0000000001"), None);
        assert_eq!(times("9223372036854775807", "2"), None);
    }

    #[test]
    fn to_units_rounds_only_what_is_too_fine() {
        let price: Decimal = "12.345".parse().unwrap();
        assert_eq!(price.to_units(2, Rounding::HalfEven), Ok(1234));
        assert_eq!(price.to_units(4, Rounding::HalfEven), Ok(123_450));
        assert_eq!(price.rounded(1, Rounding::AwayFromZero).unwrap().to_string(), "12.4");
    }
}
