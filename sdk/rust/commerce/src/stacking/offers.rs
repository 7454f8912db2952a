//! What promotions offer, in three flat lists: a cart with many discounts costs three growing vectors, not one for
//! each discount.

use crate::decimal::Decimal;
use alloc::vec::Vec;
use core::ops::Range;

/// The stage in which a discount takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Off lines; first.
    Line,
    /// Off what the lines then come to; second.
    Order,
    /// Off the chosen shipping option; last.
    Shipping,
}

/// Which of an offer's discounts are selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Selection {
    /// The first that takes anything off.
    First,
    /// The one that takes most off; of equals the first.
    Maximum,
    /// All of them.
    All,
}

/// How much a discount takes off. Never more than what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// So many percent (12.5 means 12.5 %). Off lines it is rounded line by line; off the order it is rounded once,
    /// on the sum, and then spread.
    Percent(Decimal),
    /// This amount off each targeted unit. Off shipping: once.
    FixedEach(i64),
    /// This amount in all, spread over the targets by largest remainder.
    FixedOnce(i64),
    /// So much that each targeted unit comes to this. Off shipping: so much that it comes to this.
    UnitPrice(i64),
}

/// A line, or some of its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineTarget {
    /// Position of the line.
    pub line: u32,
    /// How many of its units, 1 to its quantity; `None` means all.
    pub quantity: Option<u32>,
}

impl LineTarget {
    /// All units of a line.
    pub const fn whole(line: u32) -> Self {
        Self { line, quantity: None }
    }

    /// Some units of a line.
    pub const fn units(line: u32, quantity: u32) -> Self {
        Self { line, quantity: Some(quantity) }
    }
}

/// The terms of a discount: everything but what it is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms<'a> {
    /// How much.
    pub value: Value,
    /// The most that it may come to in all.
    pub cap: Option<i64>,
    /// Its lane.
    pub lane: u8,
    /// Its exclusive group; empty means none.
    pub group: &'a str,
}

impl<'a> Terms<'a> {
    /// The lane of a discount that has no reason for another.
    pub const DEFAULT_LANE: u8 = 100;

    /// No cap, the default lane, no group.
    pub const fn new(value: Value) -> Self {
        Self { value, cap: None, lane: Self::DEFAULT_LANE, group: "" }
    }

    /// With a cap.
    pub const fn cap(self, cap: i64) -> Self {
        Self { cap: Some(cap), ..self }
    }

    /// In another lane.
    pub const fn lane(self, lane: u8) -> Self {
        Self { lane, ..self }
    }

    /// In an exclusive group.
    pub const fn group(self, group: &'a str) -> Self {
        Self { group, ..self }
    }
}

/// Names a discount: the n-th that was pushed to [`Offers`], from 0, so that a caller can keep what belongs to it
/// (plugin, message, code) in a list of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiscountId(pub u32);

impl DiscountId {
    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What all promotions offer.
///
/// Say [`offer`](Self::offer) and then push its discounts; they belong to the offer that was begun last.
#[derive(Debug, Clone, Default)]
pub struct Offers<'a> {
    pub(super) heads: Vec<OfferHead<'a>>,
    pub(super) discounts: Vec<Discount<'a>>,
    pub(super) targets: Vec<LineTarget>,
}

#[derive(Debug, Clone)]
pub(super) struct OfferHead<'a> {
    pub(super) plugin: &'a str,
    pub(super) selection: Selection,
    pub(super) discounts: Range<u32>,
}

#[derive(Debug, Clone)]
pub(super) struct Discount<'a> {
    pub(super) class: Class,
    pub(super) terms: Terms<'a>,
    pub(super) offer: u32,
    /// Class line: the targets. Class order: the lines left out.
    pub(super) targets: Range<u32>,
}

impl<'a> Offers<'a> {
    /// No offers.
    pub const fn new() -> Self {
        Self { heads: Vec::new(), discounts: Vec::new(), targets: Vec::new() }
    }

    /// No offers yet, with room for so many.
    pub fn with_capacity(offers: usize, discounts: usize, targets: usize) -> Self {
        Self {
            heads: Vec::with_capacity(offers),
            discounts: Vec::with_capacity(discounts),
            targets: Vec::with_capacity(targets),
        }
    }

    /// Begins an offer of a plugin. `plugin` tells equal discounts apart, so give the plugin's name, which is unique
    /// in its store; offers of one plugin are told apart by the order in which they are begun.
    pub fn offer(&mut self, plugin: &'a str, selection: Selection) {
        let next = position(self.discounts.len());
        self.heads.push(OfferHead { plugin, selection, discounts: next..next });
    }

    /// A discount of class line.
    pub fn line_discount(&mut self, terms: Terms<'a>, targets: impl IntoIterator<Item = LineTarget>) -> DiscountId {
        self.push(Class::Line, terms, targets)
    }

    /// A discount of class order, off what all lines come to but the excluded ones.
    pub fn order_discount(&mut self, terms: Terms<'a>, excluded: impl IntoIterator<Item = u32>) -> DiscountId {
        self.push(Class::Order, terms, excluded.into_iter().map(LineTarget::whole))
    }

    /// A discount of class shipping.
    pub fn shipping_discount(&mut self, terms: Terms<'a>) -> DiscountId {
        self.push(Class::Shipping, terms, [])
    }

    /// How many discounts there are.
    pub fn len(&self) -> usize {
        self.discounts.len()
    }

    /// Whether there is no discount.
    pub fn is_empty(&self) -> bool {
        self.discounts.is_empty()
    }

    pub(super) fn targets_of(&self, discount: &Discount<'a>) -> &[LineTarget] {
        let range = discount.targets.start as usize..discount.targets.end as usize;
        self.targets.get(range).unwrap_or_default()
    }

    pub(super) fn plugin_of(&self, discount: &Discount<'a>) -> &'a str {
        self.heads.get(discount.offer as usize).map_or("", |offer| offer.plugin)
    }

    fn push(&mut self, class: Class, terms: Terms<'a>, targets: impl IntoIterator<Item = LineTarget>) -> DiscountId {
        if self.heads.is_empty() {
            self.offer("", Selection::All);
        }
        let from = position(self.targets.len());
        self.targets.extend(targets);
        let id = position(self.discounts.len());
        let offer = position(self.heads.len()).saturating_sub(1);
        self.discounts.push(Discount { class, terms, offer, targets: from..position(self.targets.len()) });
        if let Some(head) = self.heads.last_mut() {
            head.discounts.end = id + 1;
        }
        DiscountId(id)
    }
}

/// A position as it is stored. A list of 2³² entries does not fit in a 32-bit guest, and in a host it is refused long
/// before.
fn position(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
