//! Short questions to a cart.

use crate::types::{Buyer, Cart, Line, LineIndex};

impl Cart {
    /// The lines that rules may price and discount, each with its index. Gifts are left out.
    pub fn items(&self) -> impl Iterator<Item = (LineIndex, &Line)> {
        (0..).zip(&self.lines).filter(|(_, line)| !line.gift)
    }

    /// The indices of [`Cart::items`].
    pub fn indices(&self) -> impl Iterator<Item = LineIndex> {
        self.items().map(|(index, _)| index)
    }

    /// The line at `index`.
    pub fn line(&self, index: LineIndex) -> Option<&Line> {
        self.lines.get(usize::try_from(index).ok()?)
    }

    /// What all lines come to now. More than 64 bits hold count as the most that they hold.
    pub fn subtotal(&self) -> i64 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.total))
    }

    /// How many units the lines have together.
    pub fn units(&self) -> u64 {
        self.items().map(|(_, line)| u64::from(line.quantity)).sum()
    }

    /// Whether the buyer entered `code`, in whatever case the config writes it.
    pub fn has_code(&self, code: &str) -> bool {
        self.codes.iter().any(|entered| entered.eq_ignore_ascii_case(code))
    }

    /// The buyer, if known.
    pub fn buyer(&self) -> Option<&Buyer> {
        self.context.buyer.as_ref()
    }

    /// Whether the buyer is known and belongs to `group`.
    pub fn buyer_in(&self, group: &str) -> bool {
        self.buyer().is_some_and(|buyer| buyer.groups.iter().any(|member| member == group))
    }

    /// The store's local time in milliseconds: for "on Tuesdays" and "until noon".
    pub fn local_ms(&self) -> i64 {
        let now = i64::try_from(self.context.now_ms).unwrap_or(i64::MAX);
        now.saturating_add(i64::from(self.context.utc_offset_minutes) * 60_000)
    }
}

impl Line {
    /// Whether the product has `tag`.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }

    /// The property `name` of this line.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}
