//! What is left of the cart, and what one discount alone would take off it.

use super::{
    LineState, Policy, Share, StackingError,
    offers::{Class, Discount, LineTarget, Offers, Value},
};
use crate::{
    allocation::{AllocationError, add_largest_remainder, largest_remainder_capped},
    decimal::{Decimal, ten_to},
    rounding::Rounding,
};
use alloc::{vec, vec::Vec};

/// What is left of the cart.
pub(super) struct Cart<'a> {
    lines: &'a [LineState],
    totals: Vec<i64>,
    shipping: Option<i64>,
    rounding: Rounding,
    /// Whether any line has a floor above zero; without, what a line comes to is what may be taken.
    has_floors: bool,
    /// Lines that the order discount at hand leaves out: those that bear the newest mark.
    marks: Vec<u32>,
    mark: u32,
}

/// Units of a line that a discount is off.
#[derive(Clone, Copy)]
struct Base {
    line: u32,
    /// Units named, and units of the line.
    named: i128,
    of: i128,
    /// What the whole line comes to, and how much of that may be taken.
    total: i64,
    room: i64,
}

impl Base {
    /// What the named units come to: they share evenly what is left of the line.
    fn amount(self, mode: Rounding) -> Result<i64, StackingError> {
        if self.named == self.of {
            return Ok(self.total);
        }
        narrow(mode.divide(i128::from(self.total) * self.named, self.of))
    }
}

impl<'a> Cart<'a> {
    pub(super) fn new(policy: Policy, lines: &'a [LineState], shipping: Option<i64>) -> Self {
        Self {
            lines,
            totals: lines.iter().map(|line| line.total).collect(),
            shipping,
            rounding: policy.rounding,
            has_floors: lines.iter().any(|line| line.floor > 0),
            marks: Vec::new(),
            mark: 0,
        }
    }

    /// Takes shares off lines.
    pub(super) fn take(&mut self, shares: &[Share]) {
        for share in shares {
            if let Some(total) = self.totals.get_mut(share.line as usize) {
                *total -= share.amount;
            }
        }
    }

    /// Takes an amount off shipping.
    pub(super) fn take_shipping(&mut self, amount: i64) {
        self.shipping = self.shipping.map(|left| left - amount);
    }

    pub(super) fn into_parts(self) -> (Vec<i64>, Option<i64>) {
        (self.totals, self.shipping)
    }

    /// What `discount` alone would take off now: pushes its shares and answers their sum.
    pub(super) fn bid(
        &mut self,
        offers: &Offers<'_>,
        discount: &Discount<'_>,
        shares: &mut Vec<Share>,
    ) -> Result<i64, StackingError> {
        let cap = discount.terms.cap.unwrap_or(i64::MAX);
        match discount.class {
            Class::Shipping => Ok(self.off_shipping(discount.terms.value)?.min(cap)),
            Class::Line => {
                let bases = offers.targets_of(discount).iter().filter_map(|target| self.base(*target));
                match discount.terms.value {
                    Value::FixedOnce(amount) => self.spread(amount.min(cap), bases, shares),
                    value => self.line_by_line(value, cap, bases, shares),
                }
            }
            Class::Order => {
                self.mark_excluded(offers.targets_of(discount));
                let every_line = 0..u32::try_from(self.lines.len()).map_err(|_| StackingError::Overflow)?;
                let included = every_line.filter(|line| self.marks.get(*line as usize) != Some(&self.mark));
                let bases = included.filter_map(|line| self.base(LineTarget::whole(line)));
                match discount.terms.value {
                    Value::FixedOnce(amount) => self.spread(amount.min(cap), bases, shares),
                    Value::Percent(percent) => {
                        let subtotal: i64 = bases.clone().map(|base| base.total).sum();
                        let amount = percent_of(subtotal, 1, 1, percent, self.rounding)?;
                        self.spread(amount.min(cap), bases, shares)
                    }
                    value => self.line_by_line(value, cap, bases, shares),
                }
            }
        }
    }

    fn mark_excluded(&mut self, excluded: &[LineTarget]) {
        self.mark += 1;
        if excluded.is_empty() {
            return;
        }
        self.marks.resize(self.lines.len(), 0);
        for target in excluded {
            if let Some(mark) = self.marks.get_mut(target.line as usize) {
                *mark = self.mark;
            }
        }
    }

    /// What a target comes to. `None` where nothing can be taken.
    fn base(&self, target: LineTarget) -> Option<Base> {
        let index = target.line as usize;
        let line = self.lines.get(index)?;
        let total = *self.totals.get(index)?;
        let room = total - line.floor;
        if !line.discountable || room <= 0 {
            return None;
        }
        let named = i128::from(target.quantity.unwrap_or(line.quantity));
        Some(Base { line: target.line, named, of: i128::from(line.quantity), total, room })
    }

    fn off_shipping(&self, value: Value) -> Result<i64, StackingError> {
        let Some(left) = self.shipping else {
            return Ok(0);
        };
        Ok(match value {
            Value::Percent(percent) => percent_of(left, 1, 1, percent, self.rounding)?.min(left),
            Value::FixedEach(amount) | Value::FixedOnce(amount) => amount.min(left),
            Value::UnitPrice(price) => (left - price).max(0),
        })
    }

    /// Each line by itself; a cap that bites is spread over what they would have had.
    fn line_by_line(
        &self,
        value: Value,
        cap: i64,
        bases: impl Iterator<Item = Base>,
        shares: &mut Vec<Share>,
    ) -> Result<i64, StackingError> {
        let from = shares.len();
        let mut sum: i64 = 0;
        for base in bases {
            let amount = self.off_line(value, base)?.clamp(0, base.room);
            if amount > 0 {
                sum += amount;
                shares.push(Share { line: base.line, amount });
            }
        }
        if sum <= cap {
            return Ok(sum);
        }
        let mut own = shares.split_off(from);
        let weights: Vec<i64> = own.iter().map(|share| share.amount).collect();
        let mut parts = vec![0; weights.len()];
        add_largest_remainder(cap, &weights, &mut parts)?;
        for (share, part) in own.iter_mut().zip(parts) {
            share.amount = part;
        }
        shares.extend(own.into_iter().filter(|share| share.amount > 0));
        Ok(cap)
    }

    fn off_line(&self, value: Value, base: Base) -> Result<i64, StackingError> {
        let total = i128::from(base.total);
        match value {
            Value::Percent(percent) => percent_of(base.total, base.named, base.of, percent, self.rounding),
            Value::FixedEach(amount) | Value::FixedOnce(amount) => {
                let wanted = i128::from(amount) * base.named;
                narrow(Some(wanted.min(i128::from(base.amount(Rounding::Floor)?))))
            }
            Value::UnitPrice(price) => {
                // (what the units come to) − price × units, over one denominator so that it is rounded once.
                let above = total - i128::from(price) * base.of;
                if above <= 0 {
                    return Ok(0);
                }
                narrow(self.rounding.divide(above.checked_mul(base.named).ok_or(StackingError::Overflow)?, base.of))
            }
        }
    }

    /// One amount over all bases, by largest remainder; never more than there is room for.
    fn spread(
        &self,
        amount: i64,
        bases: impl Iterator<Item = Base>,
        shares: &mut Vec<Share>,
    ) -> Result<i64, StackingError> {
        let from = shares.len();
        let mut weights = Vec::with_capacity(self.lines.len());
        let mut caps = Vec::new();
        let mut room: i64 = 0;
        for base in bases {
            // Down, so that the units never hold more than their line has left.
            let weight = base.amount(Rounding::Floor)?;
            let cap = weight.min(base.room);
            room += cap;
            weights.push(weight);
            if self.has_floors {
                caps.push(cap);
            }
            shares.push(Share { line: base.line, amount: 0 });
        }
        let amount = amount.min(room);
        if amount == 0 {
            shares.truncate(from);
            return Ok(0);
        }
        let parts = if self.has_floors {
            largest_remainder_capped(amount, &weights, &caps)?
        } else {
            let mut parts = vec![0; weights.len()];
            add_largest_remainder(amount, &weights, &mut parts)?;
            parts
        };
        for (share, part) in shares.iter_mut().skip(from).zip(parts) {
            share.amount = part;
        }
        drop_empty(shares, from);
        Ok(amount)
    }
}

/// Drops the shares from `from` on that take nothing, keeping their order.
fn drop_empty(shares: &mut Vec<Share>, from: usize) {
    let mut position = 0;
    shares.retain(|share| {
        position += 1;
        position <= from || share.amount > 0
    });
}

/// `percent` of `named / of` of an amount, rounded once.
fn percent_of(amount: i64, named: i128, of: i128, percent: Decimal, mode: Rounding) -> Result<i64, StackingError> {
    // 100 % and more is all of it, whatever the mode.
    if percent >= Decimal::whole(100) && named == of {
        return Ok(amount);
    }
    let part = i128::from(amount).checked_mul(i128::from(percent.coefficient()));
    let (numerator, denominator) = if named == of {
        (part, ten_to(percent.scale()) * 100)
    } else {
        let denominator = of.checked_mul(ten_to(percent.scale()) * 100).ok_or(StackingError::Overflow)?;
        (part.and_then(|part| part.checked_mul(named)), denominator)
    };
    let result = mode.divide(numerator.ok_or(StackingError::Overflow)?, denominator);
    // More than 100 % may leave 64 bits; it is bounded by what is there.
    Ok(narrow(result).unwrap_or(i64::MAX))
}

fn narrow(value: Option<i128>) -> Result<i64, StackingError> {
    value.and_then(|value| i64::try_from(value).ok()).ok_or(StackingError::Overflow)
}

impl From<AllocationError> for StackingError {
    fn from(_: AllocationError) -> Self {
        Self::Overflow
    }
}
