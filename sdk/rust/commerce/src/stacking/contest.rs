//! Who gets what: selections, groups, lanes.

use super::{
    LanePolicy, LineState, Policy, StackingError,
    cart::Cart,
    entry::{Entry, entries_of, grouped, own, ranked, stage},
    offers::{Class, OfferHead, Offers, Selection},
    outcome::{Given, Lost, Outcome, Share, Why},
};
use alloc::vec::Vec;
use core::ops::Range;

/// One line's share of a discount that competes for it.
#[derive(Clone, Copy)]
struct Best {
    share: i64,
    amount: i64,
    rank: u32,
}

struct Contest<'a, 'e> {
    policy: Policy,
    offers: &'a Offers<'a>,
    cart: Cart<'a>,
    /// By id.
    entries: &'e [Entry<'a>],
    /// Entries that have a group, by group and rank.
    groups: &'e [&'e Entry<'a>],
    /// For each offer, whether its selection is done.
    selected: Vec<bool>,
    outcome: Outcome,
    round: u32,
    bids: Vec<Share>,
    best: Vec<Best>,
}

/// Runs all classes and lanes.
pub(super) fn run(
    policy: Policy,
    lines: &[LineState],
    shipping: Option<i64>,
    offers: &Offers<'_>,
) -> Result<Outcome, StackingError> {
    let mut cart = Cart::new(policy, lines, shipping);
    let mut outcome = Outcome::default();
    if !offers.is_empty() {
        let entries = entries_of(offers);
        let order = ranked(offers, &entries);
        let groups = grouped(&entries);
        let mut contest = Contest {
            policy,
            offers,
            cart,
            entries: &entries,
            groups: &groups,
            selected: offers.heads.iter().map(is_selected).collect(),
            outcome,
            round: 0,
            bids: Vec::new(),
            best: Vec::new(),
        };
        for lane in order.chunk_by(|a, b| stage(a) == stage(b)) {
            contest.lane(lane)?;
        }
        cart = contest.cart;
        outcome = contest.outcome;
    }
    (outcome.line_totals, outcome.shipping) = cart.into_parts();
    Ok(outcome)
}

/// Whether there is nothing to select.
fn is_selected(offer: &OfferHead<'_>) -> bool {
    offer.selection == Selection::All || offer.discounts.len() < 2
}

impl<'a, 'e> Contest<'a, 'e> {
    /// One lane of one class: from what is offered to what is taken.
    fn lane(&mut self, lane: &[&'e Entry<'a>]) -> Result<(), StackingError> {
        for entry in lane {
            self.select(entry)?;
        }
        self.collect_bids(lane)?;
        match self.policy.lanes {
            LanePolicy::BestOf => self.compete(lane),
            LanePolicy::Stack => self.stack(lane),
        }
    }

    /// Decides which of an offer's discounts take part, unless that is done.
    fn select(&mut self, entry: &Entry<'a>) -> Result<(), StackingError> {
        let index = entry.discount.offer as usize;
        match self.selected.get_mut(index) {
            Some(done) if !*done => *done = true,
            _ => return Ok(()),
        }
        let Some(offer) = self.offers.heads.get(index) else {
            return Ok(());
        };
        let members = self.entries.get(range(&offer.discounts)).unwrap_or_default();
        for member in members {
            self.measure(member)?;
        }
        let mut chosen: Option<&Entry<'a>> = None;
        for member in members.iter().filter(|member| member.amount.get() > 0) {
            let better = match (chosen, offer.selection) {
                (None, _) => true,
                (Some(best), Selection::Maximum) => member.amount.get() > best.amount.get(),
                (Some(_), _) => false,
            };
            if better {
                chosen = Some(member);
            }
        }
        for member in members {
            if chosen.is_none_or(|chosen| chosen.id != member.id) {
                self.lose(member, member.amount.get(), Why::Selection);
            }
        }
        Ok(())
    }

    /// What an entry would take off now.
    fn measure(&mut self, entry: &Entry<'a>) -> Result<(), StackingError> {
        let from = self.bids.len();
        let amount = self.cart.bid(self.offers, entry.discount, &mut self.bids)?;
        self.bids.truncate(from);
        entry.amount.set(amount);
        Ok(())
    }

    /// What each entry of a lane would take off which line, if it were alone.
    fn collect_bids(&mut self, lane: &[&'e Entry<'a>]) -> Result<(), StackingError> {
        self.bids.clear();
        for entry in lane.iter().filter(|entry| entry.open.get()) {
            let from = length(&self.bids);
            let amount = self.cart.bid(self.offers, entry.discount, &mut self.bids)?;
            entry.amount.set(amount);
            entry.bids.set((from, length(&self.bids)));
            if amount == 0 {
                self.lose(entry, 0, Why::NothingLeft);
            }
        }
        Ok(())
    }

    /// The best of the lane wins: line by line, or as a whole.
    fn compete(&mut self, lane: &[&'e Entry<'a>]) -> Result<(), StackingError> {
        loop {
            self.judge_groups(lane)?;
            let mut standing = lane.iter().filter(|entry| entry.stands());
            if let (Some(alone), None) = (standing.next(), standing.next()) {
                self.take_all(alone);
                self.close_groups(lane);
                return Ok(());
            }
            self.find_best(lane);
            if !self.retire_beaten(lane) {
                break;
            }
        }
        let bids = core::mem::take(&mut self.bids);
        for entry in lane.iter().filter(|entry| entry.stands()) {
            let won = self.won(entry, &bids);
            let beaten = entry.amount.get() - won;
            if won > 0 {
                self.give(entry, won, own(entry, &bids));
            }
            if beaten > 0 {
                self.lose(entry, beaten, Why::Lane);
            }
        }
        self.bids = bids;
        self.close_groups(lane);
        Ok(())
    }

    /// Gives an entry all that it bids.
    fn take_all(&mut self, entry: &Entry<'a>) {
        let bids = core::mem::take(&mut self.bids);
        self.take(entry, entry.amount.get(), own(entry, &bids).iter().copied());
        self.bids = bids;
    }

    /// All of the lane, the largest first, each on what the former left.
    fn stack(&mut self, lane: &[&'e Entry<'a>]) -> Result<(), StackingError> {
        self.judge_groups(lane)?;
        let mut order: Vec<&Entry<'a>> = lane.iter().copied().filter(|entry| entry.stands()).collect();
        order.sort_unstable_by(|a, b| b.amount.get().cmp(&a.amount.get()).then(a.rank.get().cmp(&b.rank.get())));
        for entry in order {
            let mut bids = core::mem::take(&mut self.bids);
            bids.clear();
            let amount = self.cart.bid(self.offers, entry.discount, &mut bids)?;
            if amount > 0 {
                self.take(entry, amount, bids.iter().copied());
            } else {
                self.lose(entry, 0, Why::NothingLeft);
            }
            self.bids = bids;
        }
        self.close_groups(lane);
        Ok(())
    }

    /// Finds, for each group that has a member in this lane, the one that takes its place.
    fn judge_groups(&mut self, lane: &[&'e Entry<'a>]) -> Result<(), StackingError> {
        if self.groups.is_empty() {
            return Ok(());
        }
        self.round += 1;
        let here = lane.first().map(|entry| stage(entry));
        for entry in lane.iter().filter(|entry| entry.open.get()) {
            let members = self.members_of(entry);
            if members.is_empty() || entry.judged.get() == self.round {
                continue;
            }
            let mut best: Option<&Entry<'a>> = None;
            for member in members {
                if Some(stage(member)) != here {
                    self.select(member)?;
                    if member.open.get() {
                        self.measure(member)?;
                    }
                }
                member.judged.set(self.round);
                if member.open.get() && best.is_none_or(|best| member.is_better_than(best)) {
                    best = Some(member);
                }
            }
            for member in members {
                member.outranked.set(best.is_some_and(|best| best.id != member.id));
            }
        }
        Ok(())
    }

    fn members_of(&self, entry: &Entry<'a>) -> &'e [&'e Entry<'a>] {
        let (start, end) = entry.group.get();
        self.groups.get(range(&(start..end))).unwrap_or_default()
    }

    /// The best entry for each line; for order and shipping, the best entry of all.
    fn find_best(&mut self, lane: &[&'e Entry<'a>]) {
        const NONE: Best = Best { share: 0, amount: 0, rank: u32::MAX };
        self.best.clear();
        for entry in lane.iter().filter(|entry| entry.stands()) {
            let (amount, rank) = (entry.amount.get(), entry.rank.get());
            let mut offer = |slot: usize, share: i64| {
                if slot >= self.best.len() {
                    self.best.resize(slot + 1, NONE);
                }
                if let Some(best) = self.best.get_mut(slot)
                    && (share, amount, best.rank) > (best.share, best.amount, rank)
                {
                    *best = Best { share, amount, rank };
                }
            };
            if entry.discount.class == Class::Line {
                for bid in own(entry, &self.bids) {
                    offer(bid.line as usize, bid.amount);
                }
            } else {
                offer(0, amount);
            }
        }
    }

    /// Whether `entry` is the best at a slot of [`find_best`](Self::find_best).
    fn wins(&self, entry: &Entry<'a>, slot: usize) -> bool {
        self.best.get(slot).is_some_and(|best| best.rank == entry.rank.get())
    }

    /// What an entry won.
    fn won(&self, entry: &Entry<'a>, bids: &[Share]) -> i64 {
        if entry.discount.class == Class::Line {
            let won = own(entry, bids).iter().filter(|bid| self.wins(entry, bid.line as usize));
            return won.map(|bid| bid.amount).sum();
        }
        if self.wins(entry, 0) { entry.amount.get() } else { 0 }
    }

    /// Members that took their group's place and then won nothing make room for the group's next. Whether there were
    /// any.
    fn retire_beaten(&mut self, lane: &[&'e Entry<'a>]) -> bool {
        if self.groups.is_empty() {
            return false;
        }
        let mut retired = false;
        for entry in lane.iter().filter(|entry| entry.stands()) {
            let has_rivals = self.members_of(entry).iter().any(|rival| rival.open.get() && rival.id != entry.id);
            if has_rivals && self.won(entry, &self.bids) == 0 {
                self.lose(entry, entry.amount.get(), Why::Lane);
                retired = true;
            }
        }
        retired
    }

    /// All that were outranked in this lane have lost, wherever in the cart they stand.
    fn close_groups(&mut self, lane: &[&'e Entry<'a>]) {
        for entry in lane {
            for member in self.members_of(entry) {
                if member.open.get() && member.outranked.get() && member.judged.get() == self.round {
                    self.lose(member, member.amount.get(), Why::Group);
                }
            }
        }
    }

    /// Gives what an entry won.
    fn give(&mut self, entry: &Entry<'a>, amount: i64, bids: &[Share]) {
        let best = core::mem::take(&mut self.best);
        let wins = |bid: &&Share| best.get(bid.line as usize).is_some_and(|best| best.rank == entry.rank.get());
        if entry.discount.class == Class::Line {
            self.take(entry, amount, bids.iter().filter(wins).copied());
        } else {
            self.take(entry, amount, bids.iter().copied());
        }
        self.best = best;
    }

    fn take(&mut self, entry: &Entry<'a>, amount: i64, shares: impl Iterator<Item = Share>) {
        entry.open.set(false);
        let from = length(&self.outcome.shares);
        self.outcome.shares.extend(shares);
        let to = length(&self.outcome.shares);
        self.cart.take(self.outcome.shares.get(range(&(from..to))).unwrap_or_default());
        if entry.discount.class == Class::Shipping {
            self.cart.take_shipping(amount);
        }
        let (class, lane) = stage(entry);
        self.outcome.given.push(Given { discount: entry.id, class, lane, amount, shares: from..to });
    }

    fn lose(&mut self, entry: &Entry<'a>, amount: i64, why: Why) {
        entry.open.set(false);
        let why = if amount == 0 { Why::NothingLeft } else { why };
        self.outcome.lost.push(Lost { discount: entry.id, class: entry.discount.class, amount, why });
    }
}

pub(super) fn range(of: &Range<u32>) -> Range<usize> {
    of.start as usize..of.end as usize
}

fn length(shares: &[Share]) -> u32 {
    u32::try_from(shares.len()).unwrap_or(u32::MAX)
}
