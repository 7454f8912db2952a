//! Discounts, offers and answers to codes.

use crate::{
    Decimal, Money,
    promotion::{
        AcceptedCode, Discount, DiscountClass, FixedValue, Gift, LineTarget, Offer, Operation, RejectedCode, Selection,
        Target, Value,
    },
    types::LineIndex,
};

/// The lane of discounts that name no other.
const LANE: u8 = 100;

impl Discount {
    /// So many percent off: 0 to 100.
    pub fn percent(percent: impl Into<Decimal>) -> Self {
        Self::of(Value::Percent(percent.into()))
    }

    /// An amount off, once, spread over the targets.
    pub fn fixed(amount: Money) -> Self {
        Self::of(Value::Fixed(FixedValue { amount, each: false }))
    }

    /// An amount off each targeted unit.
    pub fn fixed_each(amount: Money) -> Self {
        Self::of(Value::Fixed(FixedValue { amount, each: true }))
    }

    /// So much off that each targeted unit comes to `price`.
    pub fn unit_price(price: Money) -> Self {
        Self::of(Value::UnitPrice(price))
    }

    /// All of it off.
    pub fn free() -> Self {
        Self::percent(Decimal::whole(100))
    }

    fn of(value: Value) -> Self {
        Self {
            targets: Vec::new(),
            value,
            cap: None,
            class: DiscountClass::Line,
            lane: LANE,
            exclusive_group: String::new(),
            code: None,
            message: String::new(),
        }
    }

    /// Off a whole line.
    pub fn on_line(self, line: LineIndex) -> Self {
        self.on(DiscountClass::Line, Target::Line(LineTarget { line, quantity: None }))
    }

    /// Off some of a line's units.
    pub fn on_units(self, line: LineIndex, quantity: u32) -> Self {
        self.on(DiscountClass::Line, Target::Line(LineTarget { line, quantity: Some(quantity) }))
    }

    /// Off whole lines.
    pub fn on_lines(self, lines: impl IntoIterator<Item = LineIndex>) -> Self {
        lines.into_iter().fold(self, Self::on_line)
    }

    /// Off what all lines come to.
    pub fn on_order(self) -> Self {
        self.on_order_without([])
    }

    /// Off what all lines but these come to.
    pub fn on_order_without(self, lines: impl IntoIterator<Item = LineIndex>) -> Self {
        self.on(DiscountClass::Order, Target::OrderSubtotal(lines.into_iter().collect()))
    }

    /// Off the chosen shipping option.
    pub fn on_shipping(self) -> Self {
        self.on(DiscountClass::Shipping, Target::Shipping)
    }

    fn on(mut self, class: DiscountClass, target: Target) -> Self {
        self.class = class;
        self.targets.push(target);
        self
    }

    /// Never more than `cap` in all.
    pub fn cap(self, cap: impl Into<Option<Money>>) -> Self {
        Self { cap: cap.into(), ..self }
    }

    /// Its lane: the best of a lane is given, and lanes follow each other from the lowest number.
    pub fn lane(self, lane: u8) -> Self {
        Self { lane, ..self }
    }

    /// At most one discount of this group is given in the whole cart.
    pub fn exclusive(self, group: impl Into<String>) -> Self {
        Self { exclusive_group: group.into(), ..self }
    }

    /// The entered code that earned it.
    pub fn code(self, code: impl Into<String>) -> Self {
        Self { code: Some(code.into()), ..self }
    }

    /// What the buyer reads.
    pub fn message(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }
}

impl Offer {
    /// All of these.
    pub fn all(discounts: impl IntoIterator<Item = Discount>) -> Self {
        Self::select(Selection::All, discounts)
    }

    /// The one that takes most off.
    pub fn best(discounts: impl IntoIterator<Item = Discount>) -> Self {
        Self::select(Selection::Maximum, discounts)
    }

    /// The first that takes anything off.
    pub fn first(discounts: impl IntoIterator<Item = Discount>) -> Self {
        Self::select(Selection::First, discounts)
    }

    fn select(selection: Selection, discounts: impl IntoIterator<Item = Discount>) -> Self {
        Self { selection, discounts: discounts.into_iter().collect() }
    }
}

impl Operation {
    /// This code is good.
    pub fn accept(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::AcceptCode(AcceptedCode { code: code.into(), message: message.into() })
    }

    /// This code is known, and not good here. `reason` is `UPPER_SNAKE`.
    pub fn reject(code: impl Into<String>, reason: &str, message: impl Into<String>) -> Self {
        Self::RejectCode(RejectedCode { code: code.into(), reason: reason.into(), message: message.into() })
    }
}

impl From<Offer> for Operation {
    fn from(offer: Offer) -> Self {
        Self::Offer(offer)
    }
}

impl From<Discount> for Operation {
    fn from(discount: Discount) -> Self {
        Self::Offer(Offer::all([discount]))
    }
}

impl From<Gift> for Operation {
    fn from(gift: Gift) -> Self {
        Self::AddGift(gift)
    }
}
