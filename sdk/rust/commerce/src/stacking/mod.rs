//! Which discounts a buyer gets, and how much each takes off each line.
//!
//! Promotions say what they would offer; this module decides, by one policy for the whole store:
//!
//! 1. **Classes** follow each other: lines, then the order (off what the lines then come to), then shipping.
//! 2. In a class, **lanes** follow each other from the lowest number, each on what the lanes before it left.
//! 3. In a lane, discounts **compete** ([`LanePolicy::BestOf`]): line discounts line by line, so that on each line the
//!    one that takes most off that line is given; order and shipping discounts as a whole. Under
//!    [`LanePolicy::Stack`] all of a lane are given instead, the largest first, each on what the former left.
//! 4. Of an **exclusive group** at most one discount is given in the whole cart: the one that would take most off
//!    when the first of the group has its turn. If it is beaten in its lane on every line, the group's next follows.
//! 5. Of an **offer**, [`Selection`] chooses when the first of its discounts (or of their groups) has its turn, before
//!    groups and lanes.
//! 6. No discount takes more than its cap, nor more than is there; a line never falls below its floor (zero), and
//!    lines that take no discount (gifts) never share in one.
//!
//! The units of a line share evenly what is left of it, so that a discount on some units needs no list of units.
//! What is spread over lines is spread by largest remainder, weighted by what the lines come to.
//!
//! The result does not depend on the order in which plugins answered: equal discounts are told apart by the plugin's
//! name, then by their order in that plugin's own answer.

mod cart;
mod contest;
mod entry;
mod offers;
mod outcome;
mod validate;

pub use offers::{Class, DiscountId, LineTarget, Offers, Selection, Terms, Value};
pub use outcome::{Given, Lost, Outcome, Share, Why};

use crate::rounding::Rounding;

/// What merchants may want differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// What happens between the discounts of one lane.
    pub lanes: LanePolicy,
    /// How a percentage is rounded to minor units.
    pub rounding: Rounding,
}

/// What happens between the discounts of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LanePolicy {
    /// They compete, and the best for the buyer is given.
    #[default]
    BestOf,
    /// All are given, the largest first, each on what the former left.
    Stack,
}

/// A line before discounts (or after those that are settled already).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineState {
    /// How many units. At least 1.
    pub quantity: u32,
    /// What the line comes to, in minor units; 0 or more.
    pub total: i64,
    /// What no discount may take it below; 0 to `total`.
    pub floor: i64,
    /// False for a gift: it takes no discount and has no share in one.
    pub discountable: bool,
}

impl LineState {
    /// A line of `quantity` units that together come to `total`.
    pub const fn new(quantity: u32, total: i64) -> Self {
        Self { quantity, total, floor: 0, discountable: true }
    }

    /// A line that takes no discount.
    pub const fn gift(quantity: u32) -> Self {
        Self { quantity, total: 0, floor: 0, discountable: false }
    }
}

/// Why no outcome could be found. Each is a mistake of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StackingError {
    /// A discount names a line that the cart does not have.
    #[error("discount {discount:?} names line {line}, which does not exist")]
    UnknownLine {
        /// Which discount.
        discount: DiscountId,
        /// The line it names.
        line: u32,
    },
    /// A discount names a line twice.
    #[error("discount {discount:?} names line {line} more than once")]
    DuplicateLine {
        /// Which discount.
        discount: DiscountId,
        /// The line it names.
        line: u32,
    },
    /// A discount names no unit, or more units than the line has.
    #[error("discount {discount:?} names {quantity} units of line {line}, which has {available}")]
    QuantityOutOfRange {
        /// Which discount.
        discount: DiscountId,
        /// The line it names.
        line: u32,
        /// The units it names.
        quantity: u32,
        /// The units there are.
        available: u32,
    },
    /// A value or a cap is below zero.
    #[error("discount {discount:?} has a negative value or cap")]
    NegativeValue {
        /// Which discount.
        discount: DiscountId,
    },
    /// A line has no units, or its total or floor is out of range, or shipping is below zero.
    #[error("an amount or quantity of the cart is out of range")]
    InvalidCart,
    /// The amounts do not fit in 64 bits.
    #[error("the amounts are too large")]
    Overflow,
}

/// Applies `offers` to `lines` and the chosen shipping option (its price, if one is chosen).
///
/// A discount that has nothing to act on (shipping where none is chosen, no line left) is lost with
/// [`Why::NothingLeft`].
pub fn apply(
    policy: &Policy,
    lines: &[LineState],
    shipping: Option<i64>,
    offers: &Offers<'_>,
) -> Result<Outcome, StackingError> {
    validate::check(lines, shipping, offers)?;
    contest::run(*policy, lines, shipping, offers)
}
