//! What the policy may rely on. Checked once, so that the rest need not.

use super::{
    LineState, StackingError,
    offers::{Class, Discount, DiscountId, LineTarget, Offers, Value},
};
use alloc::{vec, vec::Vec};

/// Checks the cart and every discount.
pub(super) fn check(lines: &[LineState], shipping: Option<i64>, offers: &Offers<'_>) -> Result<(), StackingError> {
    check_cart(lines, shipping)?;
    let mut named_by: Vec<Option<DiscountId>> = vec![None; lines.len()];
    for (position, discount) in offers.discounts.iter().enumerate() {
        let id = DiscountId(u32::try_from(position).map_err(|_| StackingError::Overflow)?);
        if is_negative(discount) {
            return Err(StackingError::NegativeValue { discount: id });
        }
        for target in offers.targets_of(discount) {
            check_target(lines, &mut named_by, id, discount.class, *target)?;
        }
    }
    Ok(())
}

fn check_cart(lines: &[LineState], shipping: Option<i64>) -> Result<(), StackingError> {
    let bad_line = |line: &LineState| line.quantity == 0 || line.floor < 0 || line.floor > line.total;
    if lines.iter().any(bad_line) || shipping.is_some_and(i64::is_negative) {
        return Err(StackingError::InvalidCart);
    }
    let sum = lines.iter().try_fold(shipping.unwrap_or(0), |sum, line| sum.checked_add(line.total));
    sum.map(|_| ()).ok_or(StackingError::Overflow)
}

fn is_negative(discount: &Discount<'_>) -> bool {
    let value_is_negative = match discount.terms.value {
        Value::Percent(percent) => percent.is_negative(),
        Value::FixedEach(amount) | Value::FixedOnce(amount) | Value::UnitPrice(amount) => amount < 0,
    };
    value_is_negative || discount.terms.cap.is_some_and(i64::is_negative)
}

fn check_target(
    lines: &[LineState],
    named_by: &mut [Option<DiscountId>],
    discount: DiscountId,
    class: Class,
    target: LineTarget,
) -> Result<(), StackingError> {
    let line = target.line;
    let index = line as usize;
    let (Some(state), Some(named_by)) = (lines.get(index), named_by.get_mut(index)) else {
        return Err(StackingError::UnknownLine { discount, line });
    };
    // To leave a line out twice does no harm; to discount it twice would.
    if class == Class::Line && *named_by == Some(discount) {
        return Err(StackingError::DuplicateLine { discount, line });
    }
    *named_by = Some(discount);
    match target.quantity {
        Some(quantity) if quantity == 0 || quantity > state.quantity => {
            Err(StackingError::QuantityOutOfRange { discount, line, quantity, available: state.quantity })
        }
        _ => Ok(()),
    }
}
