//! Answers of the right type that no honest promotion gives.

use fondaco_sdk::prelude::*;

/// A lie.
#[derive(Config)]
pub(crate) enum Lie {
    /// An amount in a currency that is not the cart's.
    ForeignCurrency,
    /// A discount on a line that the cart has not.
    UnknownLine,
    /// More units than the line has.
    QuantityAboveLine,
    /// The same line twice in one discount.
    DuplicateLine,
    /// The greatest amount that there is.
    OverflowingAmount,
    /// The greatest amount that there is, off each unit.
    OverflowingEach,
    /// Minus one.
    NegativeAmount,
    /// 101 percent.
    TooManyPercent,
    /// A decimal with 255 digits behind its point.
    OddDecimal,
    /// One more discount than an offer may hold.
    TooManyDiscounts,
    /// A code that the buyer did not enter.
    UnknownCode,
    /// More gifts than one may give.
    TooManyGifts,
    /// A class line discount off the order.
    ClassMismatch,
    /// A message longer than 256 bytes.
    LongMessage,
}

/// Tells it.
pub(crate) fn tell(lie: &Lie, cart: &Cart) -> Vec<Operation> {
    let one = |minor| Money { minor, currency: cart.context.currency.clone() };
    let first = cart.lines.first().map_or(1, |line| line.quantity);
    let beyond = u32::try_from(cart.lines.len()).unwrap_or(u32::MAX);
    let discount = match lie {
        Lie::ForeignCurrency => Discount::fixed(Money { minor: 100, currency: "XTS".into() }).on_line(0),
        Lie::UnknownLine => Discount::fixed(one(100)).on_line(beyond),
        Lie::QuantityAboveLine => Discount::fixed(one(100)).on_units(0, first.saturating_add(1)),
        Lie::DuplicateLine => Discount::fixed(one(100)).on_line(0).on_line(0),
        Lie::OverflowingAmount => Discount::fixed(one(i64::MAX)).on_line(0),
        Lie::OverflowingEach => Discount::fixed_each(one(i64::MAX)).on_line(0),
        Lie::NegativeAmount => Discount::fixed(one(-1)).on_line(0),
        Lie::TooManyPercent => Discount::percent(101).on_line(0),
        Lie::OddDecimal => Discount::percent(Decimal { coefficient: 1, scale: 255 }).on_line(0),
        Lie::TooManyDiscounts => {
            return vec![Offer::all((0..1_001).map(|_| Discount::percent(1).on_line(0))).into()];
        }
        Lie::UnknownCode => return vec![Operation::accept("NEVER-ENTERED", "")],
        Lie::TooManyGifts => {
            let gift = Gift { sku: "GIFT".into(), product: "GIFT".into(), quantity: u32::MAX, message: String::new() };
            return vec![gift.into()];
        }
        Lie::ClassMismatch => Discount { class: DiscountClass::Line, ..Discount::percent(1).on_order() },
        Lie::LongMessage => Discount::percent(1).on_line(0).message("x".repeat(257)),
    };
    vec![discount.into()]
}
