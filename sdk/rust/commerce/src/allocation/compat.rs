//! How other systems split, for merchants who must match the cents of the one that they come from.

use super::AllocationError;
use crate::rounding::Rounding;
use alloc::{vec, vec::Vec};
use core::cmp::Reverse;

/// Each part is the floor of its quota, also below zero; left-over units go to the largest fractions, ties to the
/// earlier. (moneyphp.) For amounts of 0 or more this is Fondaco's own rule; below zero it is not its mirror image.
pub fn floor_then_largest_fraction(amount: i64, weights: &[i64]) -> Result<Vec<i64>, AllocationError> {
    let total = total(weights)?;
    if total == 0 {
        return Err(AllocationError::ZeroWeights);
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut order = Vec::with_capacity(weights.len());
    for (index, &weight) in weights.iter().enumerate() {
        let product = i128::from(amount) * i128::from(weight);
        parts.push(narrow(product.div_euclid(total))?);
        order.push((Reverse(product.rem_euclid(total)), index));
    }
    order.sort_unstable();
    give_units(amount, &mut parts, order.into_iter().map(|(_, index)| index))?;
    Ok(parts)
}

/// From the last part to the first, each takes its share of what is then left, rounded; so left-over units end up at
/// the front. Weights that are all zero split evenly. (RubyMoney and Solidus truncate, RubyMoney can also round.)
pub fn from_last(amount: i64, weights: &[i64], mode: Rounding) -> Result<Vec<i64>, AllocationError> {
    let mut weight_left = total(weights)?;
    let even = vec![1; weights.len()];
    let weights = if weight_left == 0 { &even } else { weights };
    weight_left = total(weights)?;
    let mut amount_left = i128::from(amount);
    let mut parts = vec![0; weights.len()];
    for (part, &weight) in parts.iter_mut().zip(weights).rev() {
        // A weight of zero ahead of all others leaves nothing to divide by.
        if weight_left == 0 {
            break;
        }
        let product = amount_left.checked_mul(i128::from(weight)).ok_or(AllocationError::Overflow)?;
        let share = mode.divide(product, weight_left).ok_or(AllocationError::Overflow)?;
        *part = narrow(share)?;
        amount_left -= share;
        weight_left -= i128::from(weight);
    }
    Ok(parts)
}

/// Each part is its quota truncated; left-over units go one each to the largest weights, ties to the earlier, zero
/// weights never. (dinero.js.)
pub fn truncate_then_largest_weight(amount: i64, weights: &[i64]) -> Result<Vec<i64>, AllocationError> {
    let total = total(weights)?;
    if total == 0 {
        return Err(AllocationError::ZeroWeights);
    }
    let mut parts = shares(amount, weights, total, Rounding::TowardZero)?;
    let mut order: Vec<usize> = (0..weights.len()).filter(|&index| weights.get(index) != Some(&0)).collect();
    order.sort_by_key(|&index| Reverse(weights.get(index)));
    give_units(amount, &mut parts, order)?;
    Ok(parts)
}

/// Each part is its quota rounded to the nearest, ties towards zero; the difference goes one unit each to the first
/// parts. Weights that are all zero get nothing. (Sylius; its equal split is this one over equal weights.)
pub fn round_then_first(amount: i64, weights: &[i64]) -> Result<Vec<i64>, AllocationError> {
    let total = total(weights)?;
    if total == 0 {
        return Ok(vec![0; weights.len()]);
    }
    let mut parts = shares(amount, weights, total, Rounding::HalfTowardZero)?;
    give_units(amount, &mut parts, 0..weights.len())?;
    Ok(parts)
}

/// An equal split; left-over units go one each to the first parts.
pub fn equal_then_first(amount: i64, parts: usize) -> Result<Vec<i64>, AllocationError> {
    let weights = vec![1; parts];
    let mut shares = shares(amount, &weights, total(&weights)?, Rounding::TowardZero)?;
    give_units(amount, &mut shares, 0..parts)?;
    Ok(shares)
}

/// Each part but the last is its quota truncated; the last takes the rest. (Oscar.)
pub fn last_takes_rest(amount: i64, weights: &[i64]) -> Result<Vec<i64>, AllocationError> {
    let total = total(weights)?;
    if total == 0 {
        return Err(AllocationError::ZeroWeights);
    }
    let mut parts = shares(amount, weights, total, Rounding::TowardZero)?;
    let difference = i128::from(amount) - sum(&parts);
    if let Some(last) = parts.last_mut() {
        *last = narrow(i128::from(*last) + difference)?;
    }
    Ok(parts)
}

/// [`round_then_first`] with a cap a part: what the caps refuse is split again over the parts that have room, and what
/// no part can take is dropped. (Sylius, for variants with a minimum price.)
pub fn round_then_first_capped(amount: i64, weights: &[i64], caps: &[i64]) -> Result<Vec<i64>, AllocationError> {
    let mut parts = vec![0_i64; weights.len()];
    let mut left = amount;
    loop {
        let open: Vec<i64> = weights
            .iter()
            .zip(parts.iter().zip(caps))
            .map(|(&weight, (part, &cap))| if part.unsigned_abs() < cap.unsigned_abs() { weight } else { 0 })
            .collect();
        if left == 0 || open.iter().all(|&weight| weight == 0) {
            return Ok(parts);
        }
        for ((part, more), &cap) in parts.iter_mut().zip(round_then_first(left, &open)?).zip(caps) {
            let room = cap.unsigned_abs().saturating_sub(part.unsigned_abs());
            let taken = narrow(i128::from(more.unsigned_abs().min(room)))? * left.signum();
            *part += taken;
            left -= taken;
        }
    }
}

fn total(weights: &[i64]) -> Result<i128, AllocationError> {
    if weights.is_empty() {
        return Err(AllocationError::NoParts);
    }
    if weights.iter().any(|&weight| weight < 0) {
        return Err(AllocationError::NegativeWeight);
    }
    Ok(sum(weights))
}

fn sum(values: &[i64]) -> i128 {
    values.iter().map(|&value| i128::from(value)).sum()
}

fn shares(amount: i64, weights: &[i64], total: i128, mode: Rounding) -> Result<Vec<i64>, AllocationError> {
    let share = |&weight: &i64| {
        let product = i128::from(amount) * i128::from(weight);
        narrow(mode.divide(product, total).ok_or(AllocationError::Overflow)?)
    };
    weights.iter().map(share).collect()
}

/// Closes the difference between `amount` and the parts, one unit each in the given order, around again if need be.
fn give_units(amount: i64, parts: &mut [i64], order: impl IntoIterator<Item = usize>) -> Result<(), AllocationError> {
    let difference = i128::from(amount) - sum(parts);
    let unit = i64::try_from(difference.signum()).map_err(|_| AllocationError::Overflow)?;
    let order: Vec<usize> = order.into_iter().collect();
    let count = usize::try_from(difference.unsigned_abs()).map_err(|_| AllocationError::Overflow)?;
    for &index in order.iter().cycle().take(if order.is_empty() { 0 } else { count }) {
        if let Some(part) = parts.get_mut(index) {
            *part = part.checked_add(unit).ok_or(AllocationError::Overflow)?;
        }
    }
    Ok(())
}

fn narrow(value: i128) -> Result<i64, AllocationError> {
    i64::try_from(value).map_err(|_| AllocationError::Overflow)
}
