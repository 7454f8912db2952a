//! Taxes: how much is in a price, how much comes on top, and where the rounding goes.
//!
//! Prices contain the tax (gross prices) or do not (net prices). In both cases all taxes of an item share one net
//! base, and afterwards `net + tax = gross`, item by item and in all. Each tax is rounded on its own, by the policy's
//! mode: at each line, or once on the sum of all items that bear the same taxes, and then brought back to the items by
//! largest remainder.

mod assess;

pub use assess::assess;

use crate::{decimal::Decimal, rounding::Rounding};
use alloc::vec::Vec;
use core::ops::Range;

/// What stores do differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Whether the amounts contain their taxes.
    pub included: bool,
    /// Where a tax is rounded.
    pub level: Level,
    /// How it is rounded.
    pub rounding: Rounding,
}

/// Where a tax is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// At each item.
    #[default]
    Line,
    /// Once for all items with the same taxes.
    Order,
}

/// One tax on an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Tells taxes apart: two items bear the same tax when both key and rate are equal. A caller uses it for its own
    /// table of jurisdictions and names.
    pub key: u32,
    /// In percent; 0 or more.
    pub rate: Decimal,
    /// The amount where it is known already (a fee, or a tax that only its plugin can reckon); then the rate is only
    /// told.
    pub amount: Option<i64>,
}

impl Part {
    /// A tax that is reckoned from its rate.
    pub const fn new(key: u32, rate: Decimal) -> Self {
        Self { key, rate, amount: None }
    }
}

/// What is taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// What it comes to after discounts; 0 or more. With tax or without, as the policy says.
    pub amount: i64,
    /// Its taxes.
    pub parts: &'a [Part],
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assessment {
    items: Vec<ItemTax>,
    amounts: Vec<i64>,
}

/// The taxes of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemTax {
    /// Without tax.
    pub net: i64,
    /// The sum of its taxes.
    pub tax: i64,
    /// With tax: `net + tax`.
    pub gross: i64,
    parts: Range<usize>,
}

impl Assessment {
    /// One entry an item, in order.
    pub fn items(&self) -> &[ItemTax] {
        &self.items
    }

    /// What each tax of an item comes to, in the order of its parts.
    pub fn parts(&self, item: &ItemTax) -> &[i64] {
        self.amounts.get(item.parts.clone()).unwrap_or_default()
    }

    /// All taxes.
    pub fn tax(&self) -> i64 {
        self.amounts.iter().sum()
    }
}

/// Why taxes could not be reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TaxError {
    /// An amount or rate below zero.
    #[error("item {item}: a negative amount or rate")]
    Negative {
        /// Position of the item.
        item: usize,
    },
    /// The known amounts of taxes come to more than the price that contains them.
    #[error("item {item}: its taxes come to more than its price")]
    ExceedsPrice {
        /// Position of the item.
        item: usize,
    },
    /// The amounts do not fit in 64 bits.
    #[error("the amounts are too large")]
    Overflow,
}

/// The tax that a gross amount contains, for one tax alone.
///
/// ```
/// use fondaco_commerce::{rounding::Rounding, tax};
/// assert_eq!(tax::included_in(10_00, "19".parse()?, Rounding::HalfAwayFromZero)?, 1_60);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn included_in(gross: i64, percent: Decimal, mode: Rounding) -> Result<i64, TaxError> {
    assess::share_of(
        gross,
        percent.coefficient_at(percent.scale()),
        assess::hundred(percent.scale()) + percent.coefficient_at(percent.scale()),
        mode,
    )
}

/// The tax that comes on top of a net amount, for one tax alone.
///
/// ```
/// use fondaco_commerce::{rounding::Rounding, tax};
/// assert_eq!(tax::added_to(10_00, "8.875".parse()?, Rounding::HalfAwayFromZero)?, 89);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn added_to(net: i64, percent: Decimal, mode: Rounding) -> Result<i64, TaxError> {
    percent.percent_of(net, mode).map_err(|_| TaxError::Overflow)
}
