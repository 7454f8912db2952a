//! The bounds of `promotion.operation`.

use super::{Discount, DiscountClass, Gift, LineTarget, Offer, Operation, Target, Value};
use crate::invalid::{At, Check, Invalid, MAX_ID, MAX_MESSAGE, count, money, name, percent, reason, text};
use crate::lines::{Seen, known, quantity};
use crate::wit::Cart;

/// Operations in one answer.
const MAX_OPERATIONS: usize = 1_000;
/// Discounts in one offer.
const MAX_DISCOUNTS: usize = 1_000;
/// Discounts in one answer, all offers together: what the stacking has to look at.
const MAX_DISCOUNTS_IN_ALL: usize = 4_000;
/// Units of a gift.
const MAX_GIFT: u32 = 1_000;

/// Whether `answer` speaks of this `cart` only, within bounds.
pub(super) fn operations(answer: &[Operation], cart: &Cart) -> Check {
    count(answer.len(), MAX_OPERATIONS, "TOO_MANY_OPERATIONS").at(|| "operations".into())?;
    let discounts = answer.iter().map(discounts_in).sum();
    count(discounts, MAX_DISCOUNTS_IN_ALL, "TOO_MANY_DISCOUNTS").at(|| "operations".into())?;
    for (index, operation) in answer.iter().enumerate() {
        check(operation, cart).at(|| format!("operations[{index}]"))?;
    }
    Ok(())
}

fn discounts_in(operation: &Operation) -> usize {
    match operation {
        Operation::Offer(offer) => offer.discounts.len(),
        _ => 0,
    }
}

fn check(operation: &Operation, cart: &Cart) -> Check {
    match operation {
        Operation::Offer(offer) => check_offer(offer, cart),
        Operation::AcceptCode(accepted) => {
            entered(&accepted.code, cart)?;
            text(&accepted.message, MAX_MESSAGE).at(|| "message".into())
        }
        Operation::RejectCode(rejected) => {
            entered(&rejected.code, cart)?;
            reason(&rejected.reason).at(|| "reason".into())?;
            text(&rejected.message, MAX_MESSAGE).at(|| "message".into())
        }
        Operation::AddGift(gift) => check_gift(gift),
    }
}

fn check_offer(offer: &Offer, cart: &Cart) -> Check {
    count(offer.discounts.len(), MAX_DISCOUNTS, "TOO_MANY_DISCOUNTS").at(|| "discounts".into())?;
    for (index, discount) in offer.discounts.iter().enumerate() {
        check_discount(discount, cart).at(|| format!("discounts[{index}]"))?;
    }
    Ok(())
}

fn check_discount(discount: &Discount, cart: &Cart) -> Check {
    check_targets(discount, cart)?;
    check_value(&discount.value, cart).at(|| "value".into())?;
    if let Some(cap) = &discount.cap {
        money(cap, &cart.context.currency, "NEGATIVE_AMOUNT").at(|| "cap".into())?;
    }
    text(&discount.exclusive_group, MAX_ID).at(|| "exclusiveGroup".into())?;
    if let Some(code) = &discount.code {
        entered(code, cart)?;
    }
    text(&discount.message, MAX_MESSAGE).at(|| "message".into())
}

/// Class `line` takes lines, class `order` the subtotal once, class `shipping` shipping once.
fn check_targets(discount: &Discount, cart: &Cart) -> Check {
    // No cart has more distinct targets than lines and one more; this also bounds the work of the loop.
    count(discount.targets.len(), cart.lines.len() + 1, "TOO_MANY_TARGETS").at(|| "targets".into())?;
    let mut seen = Seen::of(cart);
    for (index, target) in discount.targets.iter().enumerate() {
        let verdict = match (discount.class, target) {
            (DiscountClass::Line, Target::Line(line)) => check_line(line, cart, &mut seen),
            (DiscountClass::Order, Target::OrderSubtotal(without)) => {
                only(index).and_then(|()| check_lines(without, cart))
            }
            (DiscountClass::Shipping, Target::Shipping) => only(index),
            (class, _) => {
                let problem = format!("is not what a discount of class {} is off", class_name(class));
                Err(Invalid::new("TARGET_CLASS_MISMATCH", "", problem))
            }
        };
        verdict.at(|| format!("targets[{index}]"))?;
    }
    Ok(())
}

fn check_line(target: &LineTarget, cart: &Cart, seen: &mut Seen) -> Check {
    let line = known(cart, target.line)?;
    seen.once(target.line)?;
    target.quantity.map_or(Ok(()), |units| quantity(units, line))
}

fn check_lines(lines: &[u32], cart: &Cart) -> Check {
    count(lines.len(), cart.lines.len(), "TOO_MANY_LINES")?;
    let mut seen = Seen::of(cart);
    for &line in lines {
        known(cart, line)?;
        seen.once(line)?;
    }
    Ok(())
}

fn only(index: usize) -> Check {
    if index == 0 {
        return Ok(());
    }
    Err(Invalid::new("DUPLICATE_TARGET", "", "names again what the first target names"))
}

fn check_value(value: &Value, cart: &Cart) -> Check {
    match value {
        Value::Percent(rate) => percent(*rate, 100, "PERCENT_OUT_OF_RANGE").at(|| "percent".into()),
        Value::Fixed(fixed) => money(&fixed.amount, &cart.context.currency, "NEGATIVE_AMOUNT").at(|| "fixed".into()),
        Value::UnitPrice(unit) => money(unit, &cart.context.currency, "NEGATIVE_PRICE").at(|| "unitPrice".into()),
    }
}

fn entered(code: &str, cart: &Cart) -> Check {
    if cart.codes.iter().any(|entered| entered == code) {
        return Ok(());
    }
    let found: String = code.chars().take(64).collect();
    Err(Invalid::new("UNKNOWN_CODE", "code", format!("is `{found}`, which the buyer did not enter")))
}

fn check_gift(gift: &Gift) -> Check {
    name(&gift.sku, MAX_ID).at(|| "sku".into())?;
    text(&gift.product, MAX_ID).at(|| "product".into())?;
    text(&gift.message, MAX_MESSAGE).at(|| "message".into())?;
    if (1..=MAX_GIFT).contains(&gift.quantity) {
        return Ok(());
    }
    let problem = format!("is {}; 1 to {MAX_GIFT} was expected", gift.quantity);
    Err(Invalid::new("QUANTITY_OUT_OF_RANGE", "quantity", problem))
}

fn class_name(class: DiscountClass) -> &'static str {
    match class {
        DiscountClass::Line => "line",
        DiscountClass::Order => "order",
        DiscountClass::Shipping => "shipping",
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
