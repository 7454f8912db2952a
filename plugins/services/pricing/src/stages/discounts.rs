//! From offers to discounts: hands them to the stacking of the commerce crate, and books what comes of it.

use fondaco_commerce::decimal::Decimal;
use fondaco_commerce::stacking::{
    self, Class, LineState, LineTarget, Offers, Outcome, Policy, Selection, Terms, Value, Why,
};
use fondaco_sdk::bindings::fondaco::plugin::promotion as wit;
use fondaco_sdk::bindings::fondaco::plugin::types::ChosenShipping;
use fondaco_sdk::bindings::fondaco::types::faults::{Code, Fault};
use fondaco_sdk::bindings::fondaco::types::money::Money;

use crate::bindings::exports::fondaco::pricing::quotes::{DiscountShare, GivenDiscount, Lost, RunnerUp};
use crate::desk::Desk;
use crate::faults::{bad_verdict, fault};

/// Whose a discount is, and what the buyer reads of it.
#[derive(Clone, Copy)]
pub(crate) struct Label<'a> {
    pub(crate) plugin: &'a str,
    pub(crate) message: &'a str,
    pub(crate) code: Option<&'a str>,
}

/// Offers, and for each of their discounts, in the order of their ids, its label.
#[derive(Default)]
pub(crate) struct Labelled<'a> {
    pub(crate) offers: Offers<'a>,
    pub(crate) labels: Vec<Label<'a>>,
}

impl<'a> Labelled<'a> {
    /// Adds an offer of a promotion.
    pub(crate) fn add(&mut self, plugin: &'a str, offer: &'a wit::Offer, currency: &str) -> Result<(), Fault> {
        let selection = match offer.selection {
            wit::Selection::First => Selection::First,
            wit::Selection::Maximum => Selection::Maximum,
            wit::Selection::All => Selection::All,
        };
        self.offers.offer(plugin, selection);
        for discount in &offer.discounts {
            let terms = terms(discount, currency).map_err(|problem| bad_verdict(plugin, problem))?;
            self.add_discount(terms, discount);
            self.labels.push(Label { plugin, message: &discount.message, code: discount.code.as_deref() });
        }
        Ok(())
    }

    fn add_discount(&mut self, terms: Terms<'a>, discount: &wit::Discount) {
        let targets = discount.targets.iter();
        match discount.class {
            wit::DiscountClass::Line => self.offers.line_discount(terms, targets.filter_map(line_target)),
            wit::DiscountClass::Order => self.offers.order_discount(terms, targets.flat_map(excluded).copied()),
            wit::DiscountClass::Shipping => self.offers.shipping_discount(terms),
        };
    }
}

fn line_target(target: &wit::Target) -> Option<LineTarget> {
    match target {
        wit::Target::Line(target) => Some(LineTarget { line: target.line, quantity: target.quantity }),
        wit::Target::OrderSubtotal(_) | wit::Target::Shipping => None,
    }
}

fn excluded(target: &wit::Target) -> &[u32] {
    match target {
        wit::Target::OrderSubtotal(excluded) => excluded,
        wit::Target::Line(_) | wit::Target::Shipping => &[],
    }
}

fn terms<'a>(discount: &'a wit::Discount, currency: &str) -> Result<Terms<'a>, String> {
    let value = match &discount.value {
        wit::Value::Percent(percent) => {
            let percent = Decimal::new(percent.coefficient, percent.scale).map_err(|error| error.to_string())?;
            Value::Percent(percent)
        }
        wit::Value::Fixed(fixed) if fixed.each => Value::FixedEach(minor(&fixed.amount, currency)?),
        wit::Value::Fixed(fixed) => Value::FixedOnce(minor(&fixed.amount, currency)?),
        wit::Value::UnitPrice(price) => Value::UnitPrice(minor(price, currency)?),
    };
    let cap = discount.cap.as_ref().map(|cap| minor(cap, currency)).transpose()?;
    Ok(Terms { value, cap, lane: discount.lane, group: &discount.exclusive_group })
}

fn minor(money: &Money, currency: &str) -> Result<i64, String> {
    if money.currency == currency {
        return Ok(money.minor);
    }
    Err(format!("an amount in {}, and the cart is in {currency}", money.currency))
}

/// Applies offers to the desk's lines and shipping, as they stand.
pub(crate) fn stack<E>(desk: &Desk<E>, policy: Policy, offers: &Offers<'_>) -> Result<Outcome, Fault> {
    let state = |line: &fondaco_sdk::bindings::fondaco::plugin::types::Line| {
        if line.gift { LineState::gift(line.quantity) } else { LineState::new(line.quantity, line.total) }
    };
    let lines: Vec<LineState> = desk.cart.lines.iter().map(state).collect();
    let shipping = desk.cart.shipping.as_ref().map(|shipping| shipping.total);
    stacking::apply(&policy, &lines, shipping, offers)
        .map_err(|error| fault(Code::FailedPrecondition, "INVALID_VERDICT", format!("Discounts: {error}.")))
}

/// Books an outcome: new amounts, discounts, runner-ups.
pub(crate) fn book<E: crate::ports::Evaluation>(desk: &mut Desk<E>, outcome: &Outcome, labels: &[Label<'_>]) {
    for given in outcome.given() {
        let Some(label) = labels.get(given.discount.index()) else {
            continue;
        };
        let discount = u32::try_from(desk.discounts.len()).unwrap_or(u32::MAX);
        for share in outcome.shares(given) {
            if let Some(work) = desk.lines.get_mut(share.line as usize) {
                work.shares.push(DiscountShare { discount, amount: share.amount });
            }
        }
        desk.discounts.push(GivenDiscount {
            plugin: label.plugin.to_owned(),
            message: label.message.to_owned(),
            class: class(given.class),
            lane: given.lane,
            code: label.code.map(str::to_owned),
            amount: given.amount,
        });
    }
    for lost in outcome.lost() {
        let Some(label) = labels.get(lost.discount.index()) else {
            continue;
        };
        desk.runners_up.push(RunnerUp {
            plugin: label.plugin.to_owned(),
            message: label.message.to_owned(),
            class: class(lost.class),
            amount: lost.amount,
            why: why(lost.why),
        });
    }
    enter_amounts(desk, outcome);
}

fn enter_amounts<E: crate::ports::Evaluation>(desk: &mut Desk<E>, outcome: &Outcome) {
    if outcome.given().is_empty() {
        return;
    }
    for (line, total) in desk.cart.lines.iter_mut().zip(outcome.line_totals()) {
        line.total = *total;
    }
    desk.touch_amounts();
    if let (Some(shipping), Some(total)) = (&desk.cart.shipping, outcome.shipping()) {
        let shipping = ChosenShipping { code: shipping.code.clone(), total, ..*shipping };
        desk.set_shipping(shipping);
    }
}

fn class(class: Class) -> wit::DiscountClass {
    match class {
        Class::Line => wit::DiscountClass::Line,
        Class::Order => wit::DiscountClass::Order,
        Class::Shipping => wit::DiscountClass::Shipping,
    }
}

fn why(why: Why) -> Lost {
    match why {
        Why::Lane => Lost::Lane,
        Why::Group => Lost::Group,
        Why::Selection => Lost::Selection,
        Why::NothingLeft => Lost::NothingLeft,
    }
}
