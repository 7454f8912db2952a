//! The parts sum to the whole, mirror each other, and stay within one unit of their quota.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use fondaco_commerce::allocation::{AllocationError, compat, largest_remainder, largest_remainder_capped};
use proptest::{collection::vec, prelude::*};

#[test]
fn ties_go_by_line_order() {
    assert_eq!(largest_remainder(1000, &[1, 1, 1]).unwrap(), [334, 333, 333]);
    assert_eq!(largest_remainder(5, &[7, 3]).unwrap(), [4, 1]);
    assert_eq!(largest_remainder(-5, &[7, 3]).unwrap(), [-4, -1]);
    assert_eq!(largest_remainder(2, &[1, 1, 1, 1]).unwrap(), [1, 1, 0, 0]);
    // The largest fraction, not the largest weight.
    assert_eq!(largest_remainder(10, &[1, 1, 1, 4]).unwrap(), [2, 1, 1, 6]);
}

#[test]
fn what_cannot_be_split() {
    assert_eq!(largest_remainder(1, &[]), Err(AllocationError::NoParts));
    assert_eq!(largest_remainder(1, &[0, 0]), Err(AllocationError::ZeroWeights));
    assert_eq!(largest_remainder(0, &[0, 0]).unwrap(), [0, 0]);
    assert_eq!(largest_remainder(1, &[2, -1]), Err(AllocationError::NegativeWeight));
    assert_eq!(largest_remainder(1, &[i64::MAX, 1]), Err(AllocationError::Overflow));
    assert_eq!(largest_remainder(i64::MIN, &[i64::MAX]).unwrap(), [i64::MIN]);
    assert_eq!(largest_remainder(i64::MAX, &[i64::MAX / 2, i64::MAX / 2]).unwrap().iter().sum::<i64>(), i64::MAX);
}

#[test]
fn caps_hand_on_what_they_refuse() {
    assert_eq!(
        largest_remainder_capped(1200, &[1000, 2000, 5000, 3000], &[1000, 100, 0, 400]).unwrap(),
        [700, 100, 0, 400]
    );
    // More than there is room for: all the room, and no more.
    assert_eq!(largest_remainder_capped(100, &[1, 1], &[20, 30]).unwrap(), [20, 30]);
    // A weight of zero never takes anything, even when others are full.
    assert_eq!(largest_remainder_capped(100, &[1, 0], &[20, 30]).unwrap(), [20, 0]);
}

fn weights() -> impl Strategy<Value = Vec<i64>> {
    vec(prop_oneof![Just(0), 0..10_i64, 0..1_000_000_i64, 0..(i64::MAX / 64)], 1..40)
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![-100..100_i64, -1_000_000..1_000_000_i64, any::<i64>()]
}

proptest! {
    /// I1: Σ shares = the amount.
    #[test]
    fn sums_exactly(amount in amount(), weights in weights()) {
        prop_assume!(weights.iter().any(|&weight| weight > 0));
        let parts = largest_remainder(amount, &weights).unwrap();
        prop_assert_eq!(parts.iter().map(|&part| i128::from(part)).sum::<i128>(), i128::from(amount));
    }

    /// A refund mirrors its charge.
    #[test]
    fn sign_symmetric(amount in amount(), weights in weights()) {
        prop_assume!(weights.iter().any(|&weight| weight > 0) && amount != i64::MIN);
        let mirror: Vec<i64> = largest_remainder(-amount, &weights).unwrap().iter().map(|part| -part).collect();
        prop_assert_eq!(largest_remainder(amount, &weights).unwrap(), mirror);
    }

    /// Each part is its quota, rounded down or up: so no part of zero weight, and none of the other sign.
    #[test]
    fn within_one_unit_of_the_quota(amount in amount(), weights in weights()) {
        let total: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
        prop_assume!(total > 0);
        for (part, weight) in largest_remainder(amount, &weights).unwrap().iter().zip(&weights) {
            let error = i128::from(*part) * total - i128::from(amount) * i128::from(*weight);
            prop_assert!(error.abs() < total);
        }
    }

    /// I4: a part without weight changes nothing for the others.
    #[test]
    fn zero_weights_change_nothing(amount in amount(), weights in weights(), at in any::<prop::sample::Index>()) {
        prop_assume!(weights.iter().any(|&weight| weight > 0));
        let at = at.index(weights.len() + 1);
        let mut more = weights.clone();
        more.insert(at, 0);
        let mut parts = largest_remainder(amount, &more).unwrap();
        prop_assert_eq!(parts.remove(at), 0);
        prop_assert_eq!(parts, largest_remainder(amount, &weights).unwrap());
    }

    #[test]
    fn caps_hold(amount in 0..1_000_000_i64, lines in vec((0..1000_i64, 0..100_000_i64), 1..20)) {
        let (weights, caps): (Vec<i64>, Vec<i64>) = lines.into_iter().unzip();
        let parts = largest_remainder_capped(amount, &weights, &caps).unwrap();
        let room: i64 = weights.iter().zip(&caps).filter(|(weight, _)| **weight > 0).map(|(_, cap)| cap).sum();
        prop_assert_eq!(parts.iter().sum::<i64>(), amount.min(room));
        prop_assert!(parts.iter().zip(&caps).all(|(part, cap)| (0..=*cap).contains(part)));
    }

    /// For amounts of 0 or more, moneyphp's rule is ours.
    #[test]
    fn agrees_with_floor_and_fractions(amount in 0..i64::MAX, weights in weights()) {
        prop_assume!(weights.iter().any(|&weight| weight > 0));
        prop_assert_eq!(
            largest_remainder(amount, &weights).unwrap(),
            compat::floor_then_largest_fraction(amount, &weights).unwrap()
        );
    }

    /// The others, too, sum to the whole.
    #[test]
    fn compat_sums_exactly(amount in -1_000_000..1_000_000_i64, weights in vec(1..10_000_i64, 1..20)) {
        use fondaco_commerce::rounding::Rounding;
        let splits = [
            compat::floor_then_largest_fraction(amount, &weights),
            compat::from_last(amount, &weights, Rounding::TowardZero),
            compat::truncate_then_largest_weight(amount, &weights),
            compat::round_then_first(amount, &weights),
            compat::equal_then_first(amount, weights.len()),
            compat::last_takes_rest(amount, &weights),
        ];
        for split in splits {
            prop_assert_eq!(split.unwrap().iter().sum::<i64>(), amount);
        }
    }
}
