//! Reckoning the taxes of all items.

use super::{Assessment, Item, ItemTax, Level, Part, Policy, TaxError};
use crate::{
    allocation::{AllocationError, largest_remainder, largest_remainder_capped},
    decimal::{Decimal, ten_to},
    rounding::Rounding,
};
use alloc::{vec, vec::Vec};

/// The taxes of `items`.
///
/// ```
/// use fondaco_commerce::{rounding::Rounding, tax::{self, Item, Level, Part, Policy}};
/// // Three lines at 0.94, 10 % on top: by line 0.09 each; by order 0.282, so 0.28.
/// let parts = [Part::new(0, "10".parse()?)];
/// let lines = [Item { amount: 94, parts: &parts }; 3];
/// let by_line = tax::assess(&Policy::default(), &lines)?;
/// let by_order = tax::assess(&Policy { level: Level::Order, ..Policy::default() }, &lines)?;
/// assert_eq!((by_line.tax(), by_order.tax()), (27, 28));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn assess(policy: &Policy, items: &[Item<'_>]) -> Result<Assessment, TaxError> {
    let mut sheet = Sheet::open(*policy, items)?;
    match policy.level {
        Level::Line => sheet.each_alone()?,
        Level::Order => {
            for group in groups(items) {
                sheet.together(&group)?;
            }
        }
    }
    sheet.close()
}

/// Amounts of all parts of all items.
struct Sheet<'a> {
    policy: Policy,
    items: &'a [Item<'a>],
    amounts: Vec<i64>,
}

impl<'a> Sheet<'a> {
    fn open(policy: Policy, items: &'a [Item<'a>]) -> Result<Self, TaxError> {
        let mut amounts = Vec::with_capacity(items.iter().map(|item| item.parts.len()).sum());
        for (item, taxed) in items.iter().enumerate() {
            let below_zero = |part: &Part| part.rate.is_negative() || part.amount.is_some_and(i64::is_negative);
            if taxed.amount < 0 || taxed.parts.iter().any(below_zero) {
                return Err(TaxError::Negative { item });
            }
            amounts.extend(taxed.parts.iter().map(|part| part.amount.unwrap_or(0)));
        }
        Ok(Self { policy, items, amounts })
    }

    /// Rounds at each item.
    fn each_alone(&mut self) -> Result<(), TaxError> {
        let mut start = 0;
        for (index, item) in self.items.iter().enumerate() {
            let base = self.base(index)?;
            let mut room = base;
            let whole = Whole::of(self.policy, item.parts)?;
            for (position, part) in item.parts.iter().enumerate().filter(|(_, part)| part.amount.is_none()) {
                let tax = self.bounded(whole.tax(base, part, self.policy.rounding)?, room);
                room = room.saturating_sub(tax);
                self.set(start + position, tax);
            }
            start += item.parts.len();
        }
        Ok(())
    }

    /// Rounds once for a group of items that bear the same taxes, and brings each tax back to them.
    fn together(&mut self, group: &[usize]) -> Result<(), TaxError> {
        let parts = group.first().and_then(|&first| self.items.get(first)).map(|item| item.parts).unwrap_or_default();
        let bases = group.iter().map(|&item| self.base(item)).collect::<Result<Vec<i64>, _>>()?;
        let sum = checked_sum(bases.iter().copied())?;
        if sum == 0 {
            return Ok(());
        }
        let starts = self.starts();
        let mut room = bases.clone();
        let whole = Whole::of(self.policy, parts)?;
        for (position, part) in parts.iter().enumerate().filter(|(_, part)| part.amount.is_none()) {
            let tax = whole.tax(sum, part, self.policy.rounding)?;
            let shares = self.spread(tax, &bases, &room)?;
            for ((&item, share), room) in group.iter().zip(shares).zip(&mut room) {
                *room = room.saturating_sub(share);
                self.set(starts.get(item).copied().unwrap_or_default() + position, share);
            }
        }
        Ok(())
    }

    /// What of an item its rates apply to: its amount, less the taxes in it that are known.
    fn base(&self, item: usize) -> Result<i64, TaxError> {
        let Some(taxed) = self.items.get(item) else {
            return Ok(0);
        };
        if !self.policy.included {
            return Ok(taxed.amount);
        }
        let known = checked_sum(taxed.parts.iter().filter_map(|part| part.amount))?;
        taxed.amount.checked_sub(known).filter(|base| *base >= 0).ok_or(TaxError::ExceedsPrice { item })
    }

    /// Where each item's parts begin among the amounts.
    fn starts(&self) -> Vec<usize> {
        let next = |start: &mut usize, item: &Item<'_>| {
            let this = *start;
            *start += item.parts.len();
            Some(this)
        };
        self.items.iter().scan(0, next).collect()
    }

    fn set(&mut self, position: usize, tax: i64) {
        if let Some(amount) = self.amounts.get_mut(position) {
            *amount = tax;
        }
    }

    /// A tax inside of a price never takes more than the price has left. That matters only where a mode rounds up
    /// several taxes of a price of a few cents.
    fn bounded(&self, tax: i64, room: i64) -> i64 {
        if self.policy.included { tax.min(room) } else { tax }
    }

    fn spread(&self, tax: i64, bases: &[i64], room: &[i64]) -> Result<Vec<i64>, TaxError> {
        let shares = if self.policy.included {
            largest_remainder_capped(tax, bases, room)
        } else {
            largest_remainder(tax, bases)
        };
        shares.map_err(|_: AllocationError| TaxError::Overflow)
    }

    fn close(self) -> Result<Assessment, TaxError> {
        checked_sum(self.amounts.iter().copied())?;
        let mut taxed = Vec::with_capacity(self.items.len());
        let mut start = 0;
        for item in self.items {
            let parts = start..start + item.parts.len();
            start = parts.end;
            let tax = self.amounts.get(parts.clone()).unwrap_or_default().iter().sum();
            let entry = if self.policy.included {
                ItemTax { net: item.amount - tax, tax, gross: item.amount, parts }
            } else {
                let gross = item.amount.checked_add(tax).ok_or(TaxError::Overflow)?;
                ItemTax { net: item.amount, tax, gross, parts }
            };
            taxed.push(entry);
        }
        Ok(Assessment { items: taxed, amounts: self.amounts })
    }
}

/// What the whole is that a rate is a part of: 100 %, and the rates themselves where the price contains them.
struct Whole {
    scale: u8,
    whole: i128,
}

impl Whole {
    fn of(policy: Policy, parts: &[Part]) -> Result<Self, TaxError> {
        let rates = || parts.iter().filter(|part| part.amount.is_none()).map(|part| part.rate.normalized());
        let scale = rates().map(Decimal::scale).max().unwrap_or(0);
        let mut whole = hundred(scale);
        if policy.included {
            for rate in rates() {
                whole = whole.checked_add(rate.coefficient_at(scale)).ok_or(TaxError::Overflow)?;
            }
        }
        Ok(Self { scale, whole })
    }

    fn tax(&self, base: i64, part: &Part, mode: Rounding) -> Result<i64, TaxError> {
        share_of(base, part.rate.normalized().coefficient_at(self.scale), self.whole, mode)
    }
}

/// The items that bear the same taxes, in the order of their firsts.
fn groups(items: &[Item<'_>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(&[Part], Vec<usize>)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match groups.iter_mut().find(|(parts, _)| same_taxes(parts, item.parts)) {
            Some((_, members)) => members.push(index),
            None => groups.push((item.parts, vec![index])),
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

fn same_taxes(one: &[Part], other: &[Part]) -> bool {
    let same = |(a, b): (&Part, &Part)| a.key == b.key && a.rate == b.rate && a.amount.is_some() == b.amount.is_some();
    one.len() == other.len() && one.iter().zip(other).all(same)
}

/// 100 % at a scale.
pub(super) fn hundred(scale: u8) -> i128 {
    ten_to(scale) * 100
}

/// `amount × part / whole`, rounded.
pub(super) fn share_of(amount: i64, part: i128, whole: i128, mode: Rounding) -> Result<i64, TaxError> {
    let product = i128::from(amount).checked_mul(part).ok_or(TaxError::Overflow)?;
    let share = mode.divide(product, whole).ok_or(TaxError::Overflow)?;
    i64::try_from(share).map_err(|_| TaxError::Overflow)
}

fn checked_sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64, TaxError> {
    amounts.into_iter().try_fold(0_i64, i64::checked_add).ok_or(TaxError::Overflow)
}
