//! What came of the offers.

use super::offers::{Class, DiscountId};
use alloc::vec::Vec;
use core::ops::Range;

/// What came of the offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    pub(super) given: Vec<Given>,
    pub(super) lost: Vec<Lost>,
    pub(super) shares: Vec<Share>,
    pub(super) line_totals: Vec<i64>,
    pub(super) shipping: Option<i64>,
}

/// A discount that is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Which.
    pub discount: DiscountId,
    /// Its stage.
    pub class: Class,
    /// Its lane.
    pub lane: u8,
    /// What it takes off in all; more than 0.
    pub amount: i64,
    pub(super) shares: Range<u32>,
}

/// One line's share of a given discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Which line.
    pub line: u32,
    /// What comes off it; more than 0.
    pub amount: i64,
}

/// A discount that is not given, or (with [`Why::Lane`]) the part of a line discount that was beaten on some lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Which.
    pub discount: DiscountId,
    /// Its stage.
    pub class: Class,
    /// What it would have taken off, alone, when it was decided; of a discount that is given in part, the part that
    /// was beaten.
    pub amount: i64,
    /// Why.
    pub why: Why,
}

/// Why a discount lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// Another discount of its lane took more off.
    Lane,
    /// Another discount of its exclusive group took more off.
    Group,
    /// Another discount of the same offer was selected.
    Selection,
    /// There was nothing left to take off.
    NothingLeft,
}

impl Outcome {
    /// The discounts given, in the order in which they were taken.
    pub fn given(&self) -> &[Given] {
        &self.given
    }

    /// The discounts lost, in the order in which that was decided.
    pub fn lost(&self) -> &[Lost] {
        &self.lost
    }

    /// The lines' shares of a discount given, by line. Empty for shipping.
    pub fn shares(&self, given: &Given) -> &[Share] {
        self.shares.get(given.shares.start as usize..given.shares.end as usize).unwrap_or_default()
    }

    /// What each line comes to now.
    pub fn line_totals(&self) -> &[i64] {
        &self.line_totals
    }

    /// What shipping comes to now, where an option was chosen.
    pub fn shipping(&self) -> Option<i64> {
        self.shipping
    }

    /// What all given discounts of one class take off.
    pub fn taken(&self, class: Class) -> i64 {
        self.given.iter().filter(|given| given.class == class).map(|given| given.amount).sum()
    }
}
