//! Promotions: discounts, codes, gifts.

use super::house::House;
use super::words::{eur, fault, line, off_lines, off_order, offer, once, percent, request};
use fondaco_sdk::promotion::{AcceptedCode, Discount, FixedValue, Gift, Operation, RejectedCode, Value};
use rstest::rstest;
use service_pricing::contract::{CodeOutcome, CodeStatus, DiscountShare, Lost, Request};
use service_pricing::policy::LaneMode;

fn promoting(operations: Vec<Operation>) -> House {
    let mut house = House::default();
    house.promotions.push(("promo", Box::new(move |_, ()| Ok(operations.clone()))));
    house
}

fn accept(code: &str) -> Operation {
    Operation::AcceptCode(AcceptedCode { code: code.into(), message: "welcome".into() })
}

fn reject(code: &str) -> Operation {
    Operation::RejectCode(RejectedCode { code: code.into(), reason: "EXPIRED".into(), message: "too late".into() })
}

fn gift(sku: &str) -> Operation {
    Operation::AddGift(Gift { sku: sku.into(), product: sku.into(), quantity: 2, message: "a present".into() })
}

#[test]
fn line_then_order_discounts_are_explained_line_by_line() {
    let house = promoting(vec![offer(vec![off_order(once(500), "welcome"), off_lines(&[0], percent(10), "mugs")])]);
    let priced = house.quote(request(vec![line("mug", 3, 999), line("lamp", 1, 4_000)])).unwrap();
    let given: Vec<_> = priced.discounts.iter().map(|given| (given.message.as_str(), given.amount)).collect();
    assert_eq!(given, [("mugs", 300), ("welcome", 500)]);
    assert_eq!(
        priced.lines[0].discounts,
        [DiscountShare { discount: 0, amount: 300 }, DiscountShare { discount: 1, amount: 201 }]
    );
    assert_eq!(priced.lines[1].discounts, [DiscountShare { discount: 1, amount: 299 }]);
    assert_eq!((priced.totals.items, priced.totals.discounts, priced.totals.grand), (6_997, 800, 6_197));
}

#[test]
fn the_runner_up_of_a_lane_is_kept() {
    let house = promoting(vec![offer(vec![off_order(percent(5), "five"), off_order(percent(20), "twenty")])]);
    let priced = house.quote(request(vec![line("mug", 1, 1_000)])).unwrap();
    assert_eq!(priced.discounts.len(), 1);
    assert_eq!((priced.discounts[0].message.as_str(), priced.discounts[0].amount), ("twenty", 200));
    let lost = &priced.runners_up[0];
    assert_eq!((lost.message.as_str(), lost.amount, lost.why), ("five", 50, Lost::Lane));
}

#[test]
fn a_store_may_stack_a_lane() {
    let mut house = promoting(vec![offer(vec![off_order(percent(5), "five"), off_order(percent(20), "twenty")])]);
    house.policy.lane_mode = LaneMode::Stack;
    let priced = house.quote(request(vec![line("mug", 1, 1_000)])).unwrap();
    assert_eq!(priced.totals.discounts, 240);
}

#[test]
fn gifts_stand_behind_the_lines_with_free_ids() {
    let house = promoting(vec![gift("sticker"), gift("pin"), offer(vec![off_order(percent(10), "ten")])]);
    let mut house = house;
    house.validations.push(("none", Box::new(|_, _| Ok(vec![]))));
    let lines =
        vec![line("mug", 1, 1_000), service_pricing::contract::Line { id: Some("gift-1".into()), ..line("pot", 1, 1) }];
    let priced = house.quote(request(lines)).unwrap();
    let gifts: Vec<_> = priced.lines[2..]
        .iter()
        .map(|line| (line.id.as_str(), line.sku.as_str(), line.quantity, line.total, line.gift))
        .collect();
    assert_eq!(gifts, [("gift-2", "sticker", 2, 0, true), ("gift-3", "pin", 2, 0, true)]);
    let source = priced.lines[2].price.as_ref().unwrap();
    assert_eq!((source.plugin.as_str(), source.reasons.as_slice()), ("promo", ["a present".to_owned()].as_slice()));
    assert!(priced.lines[2].discounts.is_empty());
    assert_eq!(house.calls(), ["open", "promotions", "add-lines", "set-amounts", "validations"]);
}

fn coded(code: &str, discount: Discount) -> Discount {
    Discount { code: Some(code.into()), ..discount }
}

#[rstest]
#[case::accepted(vec![accept("C")], CodeStatus::Accepted, None, Some("welcome"))]
#[case::accepted_by_one_of_two(vec![reject("C"), accept("C")], CodeStatus::Accepted, None, Some("welcome"))]
#[case::rejected(vec![reject("C")], CodeStatus::Rejected, Some("EXPIRED"), Some("too late"))]
#[case::given(vec![offer(vec![coded("C", off_order(percent(5), "five"))])], CodeStatus::Accepted, None, Some("five"))]
#[case::beaten(
    vec![offer(vec![coded("C", off_order(percent(5), "five")), off_order(percent(9), "nine")])],
    CodeStatus::Rejected, Some("BETTER_DISCOUNT_GIVEN"), None
)]
#[case::idle(vec![offer(vec![coded("C", off_order(percent(0), "none"))])], CodeStatus::Rejected, Some("NOTHING_TO_DISCOUNT"), None)]
fn a_code_gets_its_answer(
    #[case] operations: Vec<Operation>,
    #[case] status: CodeStatus,
    #[case] reason: Option<&str>,
    #[case] message: Option<&str>,
) {
    let house = promoting(operations);
    let entered = Some(vec!["c".to_owned(), "other".to_owned()]);
    let priced = house.quote(Request { codes: entered, ..request(vec![line("mug", 1, 1_000)]) }).unwrap();
    let expected = CodeOutcome {
        code: "C".into(),
        status,
        plugin: Some("promo".into()),
        reason: reason.map(str::to_owned),
        message: message.map(str::to_owned),
    };
    assert_eq!(priced.codes[0], expected);
    assert_eq!((priced.codes[1].code.as_str(), priced.codes[1].status), ("OTHER", CodeStatus::Unknown));
}

#[test]
fn a_failed_promotion_gives_nothing_and_is_named() {
    let mut house = promoting(vec![offer(vec![off_order(percent(10), "ten")])]);
    house.promotions.push(("broken", Box::new(|_, ()| Err(fault("FUEL_EXHAUSTED")))));
    let priced = house.quote(request(vec![line("mug", 1, 1_000)])).unwrap();
    assert_eq!(priced.totals.discounts, 100);
    let outcomes: Vec<_> =
        priced.plugins.iter().map(|plugin| (plugin.source.plugin.as_str(), plugin.fault.is_some())).collect();
    assert_eq!(outcomes, [("promo", false), ("broken", true)]);
}

#[rstest]
#[case::foreign_currency(off_order(Value::Fixed(FixedValue { amount: fondaco_sdk::Money { minor: 5, currency: "USD".into() }, each: false }), ""))]
#[case::foreign_cap(Discount { cap: Some(fondaco_sdk::Money { minor: 5, currency: "USD".into() }), ..off_order(percent(5), "") })]
#[case::unknown_line(off_lines(&[7], percent(5), ""))]
#[case::negative(off_order(Value::Fixed(FixedValue { amount: eur(-5), each: false }), ""))]
fn discounts_that_make_no_sense_are_refused(#[case] discount: Discount) {
    let fault = promoting(vec![offer(vec![discount])]).quote(request(vec![line("mug", 1, 1_000)])).unwrap_err();
    assert_eq!(fault.reason, "INVALID_VERDICT");
}
