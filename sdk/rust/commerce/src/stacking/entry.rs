//! A discount on its way from offered to given or lost, and the order in which discounts have their turn.

use super::{
    contest::range,
    offers::{Class, Discount, DiscountId, Offers},
    outcome::Share,
};
use alloc::vec::Vec;
use core::{cell::Cell, cmp::Reverse};

/// A discount on its way.
pub(super) struct Entry<'a> {
    pub(super) id: DiscountId,
    pub(super) discount: &'a Discount<'a>,
    /// Its place among all: class, lane, plugin, the plugin's own order. Tells equals apart.
    pub(super) rank: Cell<u32>,
    /// False once it is given or lost.
    pub(super) open: Cell<bool>,
    /// What it would take off, when its lane began.
    pub(super) amount: Cell<i64>,
    /// Its shares among the bids of the lane.
    pub(super) bids: Cell<(u32, u32)>,
    /// Its group's members, as a range of [`Contest::groups`]; empty without a group.
    pub(super) group: Cell<(u32, u32)>,
    /// Whether another member of its group takes its place for now, and in which round that was found.
    pub(super) outranked: Cell<bool>,
    pub(super) judged: Cell<u32>,
}

impl Entry<'_> {
    pub(super) fn stands(&self) -> bool {
        self.open.get() && !self.outranked.get()
    }

    /// Most off first, equals by rank.
    pub(super) fn is_better_than(&self, other: &Self) -> bool {
        let key = |entry: &Self| (entry.amount.get(), Reverse(entry.rank.get()));
        key(self) > key(other)
    }
}

pub(super) fn entries_of<'a>(offers: &'a Offers<'a>) -> Vec<Entry<'a>> {
    let entry = |(id, discount)| Entry {
        id: DiscountId(id),
        discount,
        rank: Cell::new(0),
        open: Cell::new(true),
        amount: Cell::new(0),
        bids: Cell::new((0, 0)),
        group: Cell::new((0, 0)),
        outranked: Cell::new(false),
        judged: Cell::new(0),
    };
    (0..).zip(&offers.discounts).map(entry).collect()
}

pub(super) fn stage(entry: &Entry<'_>) -> (Class, u8) {
    (entry.discount.class, entry.discount.terms.lane)
}

/// All entries in the order in which they have their turn, whatever the order in which the plugins answered.
pub(super) fn ranked<'a, 'e>(offers: &Offers<'a>, entries: &'e [Entry<'a>]) -> Vec<&'e Entry<'a>> {
    let mut order: Vec<&Entry<'a>> = entries.iter().collect();
    order.sort_unstable_by(|a, b| {
        let by_stage = stage(a).cmp(&stage(b));
        by_stage
            .then_with(|| offers.plugin_of(a.discount).cmp(offers.plugin_of(b.discount)))
            .then_with(|| a.id.cmp(&b.id))
    });
    for (rank, entry) in (0..).zip(&order) {
        entry.rank.set(rank);
    }
    order
}

/// Entries that have a group, by group and rank; each entry learns the range of its group.
pub(super) fn grouped<'a, 'e>(entries: &'e [Entry<'a>]) -> Vec<&'e Entry<'a>> {
    let group = |entry: &Entry<'a>| entry.discount.terms.group;
    let mut groups: Vec<&Entry<'a>> = entries.iter().filter(|entry| !group(entry).is_empty()).collect();
    groups.sort_unstable_by(|a, b| group(a).cmp(group(b)).then_with(|| a.rank.get().cmp(&b.rank.get())));
    let mut start = 0;
    for members in groups.chunk_by(|a, b| group(a) == group(b)) {
        let end = start + u32::try_from(members.len()).unwrap_or(u32::MAX);
        for member in members {
            member.group.set((start, end));
        }
        start = end;
    }
    groups
}

/// The bids of an entry.
pub(super) fn own<'b>(entry: &Entry<'_>, bids: &'b [Share]) -> &'b [Share] {
    let (start, end) = entry.bids.get();
    bids.get(range(&(start..end))).unwrap_or_default()
}
