//! Every mode against its definition.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use fondaco_commerce::rounding::Rounding;
use proptest::prelude::*;

/// Tenths 2.1, 2.5, 2.9, 3.5 and their negatives, for each mode.
#[test]
fn table() {
    use Rounding::{
        AwayFromZero, Ceiling, Floor, HalfAwayFromZero, HalfCeiling, HalfEven, HalfFloor, HalfOdd, HalfTowardZero,
        TowardZero,
    };
    let expected = [
        (HalfAwayFromZero, [2, 3, 3, 4, -2, -3, -3, -4]),
        (HalfTowardZero, [2, 2, 3, 3, -2, -2, -3, -3]),
        (HalfEven, [2, 2, 3, 4, -2, -2, -3, -4]),
        (HalfOdd, [2, 3, 3, 3, -2, -3, -3, -3]),
        (HalfCeiling, [2, 3, 3, 4, -2, -2, -3, -3]),
        (HalfFloor, [2, 2, 3, 3, -2, -3, -3, -4]),
        (AwayFromZero, [3, 3, 3, 4, -3, -3, -3, -4]),
        (TowardZero, [2, 2, 2, 3, -2, -2, -2, -3]),
        (Ceiling, [3, 3, 3, 4, -2, -2, -2, -3]),
        (Floor, [2, 2, 2, 3, -3, -3, -3, -4]),
    ];
    assert_eq!(expected.len(), Rounding::ALL.len());
    for (mode, results) in expected {
        for (tenths, result) in [21, 25, 29, 35, -21, -25, -29, -35].into_iter().zip(results) {
            assert_eq!(mode.divide(tenths, 10), Some(result), "{mode:?} of {tenths}/10");
            assert_eq!(mode.divide(-tenths, -10), Some(result), "{mode:?} of {}/-10", -tenths);
        }
    }
}

#[test]
fn nothing_to_divide_by() {
    for mode in Rounding::ALL {
        assert_eq!(mode.divide(1, 0), None);
        assert_eq!(mode.divide(i128::MIN, 0), None);
        assert_eq!(mode.divide(i128::MIN, -1), None);
        assert_eq!(mode.divide(i128::from(i64::MIN), -1), Some(-i128::from(i64::MIN)));
    }
}

proptest! {
    /// The result is a neighbour of the quotient, and the half modes never go farther than half.
    #[test]
    fn goes_to_a_neighbour(numerator in any::<i64>(), denominator in any::<i64>(), wide in any::<bool>()) {
        prop_assume!(denominator != 0);
        // The wide path must agree with the narrow one.
        let factor = if wide { 1_i128 << 40 } else { 1 };
        let (n, d) = (i128::from(numerator) * factor, i128::from(denominator) * factor);
        for mode in Rounding::ALL {
            let rounded = mode.divide(n, d).unwrap();
            let error = (rounded * d - n).abs();
            prop_assert!(error < d.abs());
            prop_assert_eq!(mode.divide(n, d), mode.divide(n / factor, d / factor));
            if format!("{mode:?}").starts_with("Half") {
                prop_assert!(2 * error <= d.abs());
            }
        }
    }

    #[test]
    fn symmetric_modes_mirror(numerator in any::<i64>(), denominator in 1..i64::MAX) {
        use Rounding::{AwayFromZero, HalfAwayFromZero, HalfEven, HalfOdd, HalfTowardZero, TowardZero};
        for mode in [HalfAwayFromZero, HalfTowardZero, HalfEven, HalfOdd, AwayFromZero, TowardZero] {
            let (n, d) = (i128::from(numerator), i128::from(denominator));
            prop_assert_eq!(mode.divide(-n, d), mode.divide(n, d).map(|result| -result));
        }
    }
}
