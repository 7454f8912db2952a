//! Tables of good and broken operations.

use rstest::rstest;

use super::*;
use crate::invalid::MAX_AMOUNT;
use crate::promotion::{AcceptedCode, FixedValue, RejectedCode, Selection};
use crate::samples::{cart_of, reason_of};
use crate::wit::{Decimal, Money};

fn euros(minor: i64) -> Money {
    Money { minor, currency: "EUR".into() }
}

fn yen(minor: i64) -> Money {
    Money { minor, currency: "JPY".into() }
}

fn percent_of(coefficient: i64, scale: u8) -> Value {
    Value::Percent(Decimal { coefficient, scale })
}

fn line(line: u32, quantity: Option<u32>) -> Target {
    Target::Line(LineTarget { line, quantity })
}

fn fixed(amount: Money) -> Value {
    Value::Fixed(FixedValue { amount, each: false })
}

/// A good one: 10% off the first line.
fn discount() -> Discount {
    Discount {
        targets: vec![line(0, None)],
        value: percent_of(10, 0),
        cap: None,
        class: DiscountClass::Line,
        lane: 100,
        exclusive_group: String::new(),
        code: None,
        message: "10% off".into(),
    }
}

fn order(targets: Vec<Target>) -> Discount {
    Discount { class: DiscountClass::Order, targets, ..discount() }
}

fn shipping(targets: Vec<Target>) -> Discount {
    Discount { class: DiscountClass::Shipping, targets, ..discount() }
}

fn offer(discounts: Vec<Discount>) -> Operation {
    Operation::Offer(Offer { selection: Selection::All, discounts })
}

fn gift(sku: &str, quantity: u32) -> Operation {
    Operation::AddGift(Gift { sku: sku.into(), product: "P".into(), quantity, message: "free".into() })
}

fn accept(code: &str, message: &str) -> Operation {
    Operation::AcceptCode(AcceptedCode { code: code.into(), message: message.into() })
}

fn reject(code: &str, reason: &str) -> Operation {
    Operation::RejectCode(RejectedCode { code: code.into(), reason: reason.into(), message: "no".into() })
}

#[rstest]
#[case::good(discount(), "ok")]
#[case::no_targets(Discount { targets: vec![], ..discount() }, "ok")]
#[case::some_units(Discount { targets: vec![line(0, Some(2)), line(1, Some(1))], ..discount() }, "ok")]
#[case::unknown_line(Discount { targets: vec![line(2, None)], ..discount() }, "UNKNOWN_LINE")]
#[case::twice(Discount { targets: vec![line(1, None), line(1, Some(1))], ..discount() }, "DUPLICATE_LINE")]
#[case::above(Discount { targets: vec![line(0, Some(3))], ..discount() }, "QUANTITY_ABOVE_LINE")]
#[case::zero(Discount { targets: vec![line(0, Some(0))], ..discount() }, "ZERO_QUANTITY")]
#[case::flood(Discount { targets: vec![line(0, None); 4], ..discount() }, "TOO_MANY_TARGETS")]
#[case::order(order(vec![Target::OrderSubtotal(vec![1])]), "ok")]
#[case::order_unknown(order(vec![Target::OrderSubtotal(vec![2])]), "UNKNOWN_LINE")]
#[case::order_twice_out(order(vec![Target::OrderSubtotal(vec![1, 1])]), "DUPLICATE_LINE")]
#[case::order_flood(order(vec![Target::OrderSubtotal(vec![0, 1, 0])]), "TOO_MANY_LINES")]
#[case::order_twice(order(vec![Target::OrderSubtotal(vec![]), Target::OrderSubtotal(vec![])]), "DUPLICATE_TARGET")]
#[case::shipping(shipping(vec![Target::Shipping]), "ok")]
#[case::shipping_twice(shipping(vec![Target::Shipping, Target::Shipping]), "DUPLICATE_TARGET")]
#[case::order_of_line(order(vec![line(0, None)]), "TARGET_CLASS_MISMATCH")]
#[case::line_of_order(Discount { targets: vec![Target::OrderSubtotal(vec![])], ..discount() }, "TARGET_CLASS_MISMATCH")]
#[case::shipping_of_line(shipping(vec![line(0, None)]), "TARGET_CLASS_MISMATCH")]
#[case::hundred(Discount { value: percent_of(1_000, 1), ..discount() }, "ok")]
#[case::above_hundred(Discount { value: percent_of(1_001, 1), ..discount() }, "PERCENT_OUT_OF_RANGE")]
#[case::negative_percent(Discount { value: percent_of(-1, 0), ..discount() }, "PERCENT_OUT_OF_RANGE")]
#[case::scale(Discount { value: percent_of(1, 19), ..discount() }, "INVALID_DECIMAL")]
#[case::fixed(Discount { value: fixed(euros(MAX_AMOUNT)), ..discount() }, "ok")]
#[case::fixed_yen(Discount { value: fixed(yen(1)), ..discount() }, "FOREIGN_CURRENCY")]
#[case::fixed_negative(Discount { value: fixed(euros(-1)), ..discount() }, "NEGATIVE_AMOUNT")]
#[case::fixed_large(Discount { value: fixed(euros(i64::MAX)), ..discount() }, "AMOUNT_OUT_OF_RANGE")]
#[case::unit(Discount { value: Value::UnitPrice(euros(0)), ..discount() }, "ok")]
#[case::unit_negative(Discount { value: Value::UnitPrice(euros(-1)), ..discount() }, "NEGATIVE_PRICE")]
#[case::unit_yen(Discount { value: Value::UnitPrice(yen(1)), ..discount() }, "FOREIGN_CURRENCY")]
#[case::cap_yen(Discount { cap: Some(yen(1)), ..discount() }, "FOREIGN_CURRENCY")]
#[case::cap_negative(Discount { cap: Some(euros(-1)), ..discount() }, "NEGATIVE_AMOUNT")]
#[case::code(Discount { code: Some("WELCOME".into()), ..discount() }, "ok")]
#[case::unknown_code(Discount { code: Some("welcome".into()), ..discount() }, "UNKNOWN_CODE")]
#[case::group(Discount { exclusive_group: "g".repeat(257), ..discount() }, "TEXT_TOO_LONG")]
#[case::message(Discount { message: "m".repeat(257), ..discount() }, "TEXT_TOO_LONG")]
fn discounts(#[case] discount: Discount, #[case] expected: &str) {
    assert_eq!(reason_of(operations(&[offer(vec![discount])], &cart_of(2))), expected);
}

#[rstest]
#[case(vec![], "ok")]
#[case(vec![gift("S", 1)], "ok")]
#[case(vec![gift("S", 1_000)], "ok")]
#[case(vec![gift("S", 0)], "QUANTITY_OUT_OF_RANGE")]
#[case(vec![gift("S", 1_001)], "QUANTITY_OUT_OF_RANGE")]
#[case(vec![gift("", 1)], "EMPTY_TEXT")]
#[case(vec![gift(&"s".repeat(257), 1)], "TEXT_TOO_LONG")]
#[case(vec![accept("WELCOME", "hi")], "ok")]
#[case(vec![accept("OTHER", "hi")], "UNKNOWN_CODE")]
#[case(vec![accept("WELCOME", &"x".repeat(257))], "TEXT_TOO_LONG")]
#[case(vec![reject("WELCOME", "EXPIRED")], "ok")]
#[case(vec![reject("WELCOME", "it expired")], "INVALID_REASON")]
#[case(vec![reject("OTHER", "EXPIRED")], "UNKNOWN_CODE")]
#[case(vec![gift("S", 1); MAX_OPERATIONS], "ok")]
#[case(vec![gift("S", 1); MAX_OPERATIONS + 1], "TOO_MANY_OPERATIONS")]
#[case(vec![offer(vec![discount(); MAX_DISCOUNTS])], "ok")]
#[case(vec![offer(vec![discount(); MAX_DISCOUNTS + 1])], "TOO_MANY_DISCOUNTS")]
#[case(vec![offer(vec![discount(); MAX_DISCOUNTS]); 5], "TOO_MANY_DISCOUNTS")]
fn answers(#[case] answer: Vec<Operation>, #[case] expected: &str) {
    assert_eq!(reason_of(operations(&answer, &cart_of(2))), expected);
}

#[test]
fn the_path_names_the_field() {
    let broken = Discount { targets: vec![line(0, None), line(1, Some(9))], ..discount() };
    let invalid = operations(&[gift("S", 1), offer(vec![broken])], &cart_of(2)).unwrap_err();
    assert_eq!(invalid.path, "operations[1].discounts[0].targets[1].quantity");
    assert_eq!(invalid.problem, "is 9; the line has 2");
}
