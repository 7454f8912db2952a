//! Rounding modes, under names that mean one thing.
//!
//! "Half up" is away from zero in one library and towards plus infinity in the next, "down" is a floor here and a
//! truncation there; so the modes are named by where they go.

use core::cmp::Ordering;

/// Where a result goes that falls between two neighbours. The `Half` modes go to the nearer neighbour, and say what
/// happens to a tie; the others always go their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rounding {
    /// Ties away from zero: 2.5 → 3, −2.5 → −3. What most people call "half up".
    #[default]
    HalfAwayFromZero,
    /// Ties towards zero: 2.5 → 2, −2.5 → −2.
    HalfTowardZero,
    /// Ties to the even neighbour: 2.5 → 2, 3.5 → 4. Banker's rounding.
    HalfEven,
    /// Ties to the odd neighbour: 2.5 → 3, 3.5 → 3.
    HalfOdd,
    /// Ties up: 2.5 → 3, −2.5 → −2.
    HalfCeiling,
    /// Ties down: 2.5 → 2, −2.5 → −3.
    HalfFloor,
    /// Always away from zero: 2.1 → 3, −2.1 → −3.
    AwayFromZero,
    /// Always towards zero: 2.9 → 2, −2.9 → −2. Truncation.
    TowardZero,
    /// Always up: 2.1 → 3, −2.9 → −2.
    Ceiling,
    /// Always down: 2.9 → 2, −2.1 → −3.
    Floor,
}

impl Rounding {
    /// All modes.
    pub const ALL: [Self; 10] = [
        Self::HalfAwayFromZero,
        Self::HalfTowardZero,
        Self::HalfEven,
        Self::HalfOdd,
        Self::HalfCeiling,
        Self::HalfFloor,
        Self::AwayFromZero,
        Self::TowardZero,
        Self::Ceiling,
        Self::Floor,
    ];

    /// `numerator / denominator` as a whole number, rounded by this mode. `None` for a zero denominator, or where the
    /// result does not fit.
    ///
    /// ```
    /// use fondaco_commerce::rounding::Rounding;
    /// assert_eq!(Rounding::HalfEven.divide(25, 10), Some(2));
    /// assert_eq!(Rounding::HalfCeiling.divide(-25, 10), Some(-2));
    /// assert_eq!(Rounding::Floor.divide(1, 0), None);
    /// ```
    #[inline]
    pub fn divide(self, numerator: i128, denominator: i128) -> Option<i128> {
        // 128-bit division is a library call in Wasm, 64-bit division one instruction; money nearly always fits.
        if let (Ok(small), Ok(by)) = (i64::try_from(numerator), i64::try_from(denominator))
            && let (Some(quotient), Some(remainder)) = (small.checked_div(by), small.checked_rem(by))
        {
            let half = compare_to_half(remainder.unsigned_abs().into(), by.unsigned_abs().into());
            let negative = (remainder < 0) != (by < 0);
            return Some(i128::from(quotient) + self.step(remainder == 0, quotient & 1 != 0, negative, half));
        }
        let quotient = numerator.checked_div(denominator)?;
        let remainder = numerator.checked_rem(denominator)?;
        let half = compare_to_half(remainder.unsigned_abs(), denominator.unsigned_abs());
        let negative = (remainder < 0) != (denominator < 0);
        quotient.checked_add(self.step(remainder == 0, quotient & 1 != 0, negative, half))
    }

    /// What to add to a truncated quotient: nothing, or one unit away from zero.
    fn step(self, exact: bool, odd: bool, negative: bool, half: Ordering) -> i128 {
        let away = match self {
            _ if exact => false,
            Self::AwayFromZero => true,
            Self::TowardZero => false,
            Self::Ceiling => !negative,
            Self::Floor => negative,
            _ if half != Ordering::Equal => half == Ordering::Greater,
            Self::HalfAwayFromZero => true,
            Self::HalfTowardZero => false,
            Self::HalfEven => odd,
            Self::HalfOdd => !odd,
            Self::HalfCeiling => !negative,
            Self::HalfFloor => negative,
        };
        match (away, negative) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => -1,
        }
    }
}

/// How a remainder compares to half of its divisor, without doubling what may not double.
fn compare_to_half(remainder: u128, divisor: u128) -> Ordering {
    remainder.cmp(&divisor.saturating_sub(remainder))
}
