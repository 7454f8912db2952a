//! The method of the largest remainder.

use super::AllocationError;
use alloc::{vec, vec::Vec};
use core::cmp::Reverse;

/// Splits `amount` over `weights`; the parts sum to it exactly.
///
/// Zero splits over anything into zeros; another amount over weights that are all zero is an error.
///
/// ```
/// use fondaco_commerce::allocation::largest_remainder;
/// assert_eq!(largest_remainder(299, &[1, 1, 1])?, [100, 100, 99]);
/// assert_eq!(largest_remainder(-299, &[1, 1, 1])?, [-100, -100, -99]);
/// assert_eq!(largest_remainder(100, &[120, 230, 300])?, [19, 35, 46]);
/// # Ok::<_, fondaco_commerce::allocation::AllocationError>(())
/// ```
pub fn largest_remainder(amount: i64, weights: &[i64]) -> Result<Vec<i64>, AllocationError> {
    let mut parts = vec![0; weights.len()];
    add_largest_remainder(amount, weights, &mut parts)?;
    Ok(parts)
}

/// Splits `amount` over `weights` and adds each part to its entry of `parts`, so that a caller on a hot path can use
/// one vector again and again.
pub fn add_largest_remainder(amount: i64, weights: &[i64], parts: &mut [i64]) -> Result<(), AllocationError> {
    let total = checked_total(weights)?;
    if weights.len() != parts.len() {
        return Err(AllocationError::Overflow);
    }
    if amount == 0 {
        return Ok(());
    }
    if total == 0 {
        return Err(AllocationError::ZeroWeights);
    }
    if let ([_], [part]) = (weights, &mut *parts) {
        return add(part, amount);
    }
    let magnitude = amount.unsigned_abs();
    let sign = amount.signum();
    let mut left = magnitude;
    let mut fractions = Vec::with_capacity(weights.len());
    for (part, &weight) in parts.iter_mut().zip(weights) {
        let (whole, fraction) = quota(magnitude, weight.unsigned_abs(), total);
        left = left.saturating_sub(whole);
        fractions.push(fraction);
        add(part, signed(whole, sign)?)?;
    }
    hand_out(left, sign, &fractions, parts)
}

/// Like [`largest_remainder`], but no part becomes more than its cap; what a cap refuses is split again over the parts
/// that still have room. What no part can take is dropped, so the parts sum to `amount` or to all the room there is.
///
/// `amount` is 0 or more here: a cap bounds a discount, never a refund.
///
/// ```
/// use fondaco_commerce::allocation::largest_remainder_capped;
/// assert_eq!(largest_remainder_capped(100, &[1, 1, 2], &[10, 100, 100])?, [10, 30, 60]);
/// # Ok::<_, fondaco_commerce::allocation::AllocationError>(())
/// ```
pub fn largest_remainder_capped(amount: i64, weights: &[i64], caps: &[i64]) -> Result<Vec<i64>, AllocationError> {
    checked_total(caps)?;
    checked_total(weights)?;
    if weights.len() != caps.len() {
        return Err(AllocationError::Overflow);
    }
    if amount < 0 {
        return Err(AllocationError::NegativeWeight);
    }
    let mut parts = vec![0; weights.len()];
    let mut left = amount;
    // Each round fills at least one part to its cap, or is the last.
    while left > 0 {
        let open: Vec<i64> = open_weights(weights, caps, &parts);
        if open.iter().all(|&weight| weight == 0) {
            break;
        }
        let round = largest_remainder(left, &open)?;
        for ((part, &more), &cap) in parts.iter_mut().zip(&round).zip(caps) {
            let taken = more.min(cap - *part);
            *part += taken;
            left -= taken;
        }
    }
    Ok(parts)
}

fn open_weights(weights: &[i64], caps: &[i64], parts: &[i64]) -> Vec<i64> {
    let full = |(&part, &cap): (&i64, &i64)| part >= cap;
    let closed = parts.iter().zip(caps).map(full);
    weights.iter().zip(closed).map(|(&weight, closed)| if closed { 0 } else { weight }).collect()
}

/// The sum of weights that are all 0 or more.
fn checked_total(weights: &[i64]) -> Result<u64, AllocationError> {
    if weights.is_empty() {
        return Err(AllocationError::NoParts);
    }
    let mut total: i64 = 0;
    for &weight in weights {
        if weight < 0 {
            return Err(AllocationError::NegativeWeight);
        }
        total = total.checked_add(weight).ok_or(AllocationError::Overflow)?;
    }
    Ok(total.unsigned_abs())
}

/// `magnitude × weight / total`: whole units and what is left. The weight is at most the total, so both fit.
fn quota(magnitude: u64, weight: u64, total: u64) -> (u64, u64) {
    // 128-bit division is a library call in Wasm; money nearly always fits in 64.
    if let Some(product) = magnitude.checked_mul(weight) {
        return (product / total, product % total);
    }
    let product = u128::from(magnitude) * u128::from(weight);
    let total = u128::from(total);
    let narrow = |value: u128| u64::try_from(value).unwrap_or(u64::MAX);
    (narrow(product / total), narrow(product % total))
}

/// Gives `left` units one each to the largest fractions, ties in line order.
fn hand_out(left: u64, sign: i64, fractions: &[u64], parts: &mut [i64]) -> Result<(), AllocationError> {
    if left == 0 {
        return Ok(());
    }
    if left == 1 {
        // `max_by_key` would take the last of equals.
        let first = fractions.iter().enumerate().min_by_key(|&(_, &fraction)| Reverse(fraction));
        let part = first.and_then(|(index, _)| parts.get_mut(index)).ok_or(AllocationError::NoParts)?;
        return add(part, sign);
    }
    let mut order: Vec<(Reverse<u64>, usize)> =
        fractions.iter().enumerate().map(|(index, &fraction)| (Reverse(fraction), index)).collect();
    order.sort_unstable();
    let count = usize::try_from(left).map_err(|_| AllocationError::Overflow)?;
    for &(_, index) in order.iter().take(count) {
        add(parts.get_mut(index).ok_or(AllocationError::NoParts)?, sign)?;
    }
    Ok(())
}

fn add(part: &mut i64, amount: i64) -> Result<(), AllocationError> {
    *part = part.checked_add(amount).ok_or(AllocationError::Overflow)?;
    Ok(())
}

/// A magnitude with a sign. Only the least i64 itself has a magnitude that no positive i64 has.
fn signed(magnitude: u64, sign: i64) -> Result<i64, AllocationError> {
    if sign < 0 {
        return 0_i64.checked_sub_unsigned(magnitude).ok_or(AllocationError::Overflow);
    }
    i64::try_from(magnitude).map_err(|_| AllocationError::Overflow)
}
