//! Standing, points, and validations.

use super::house::House;
use super::words::{anna, eur, line, off_order, offer, percent, request, whole};
use fondaco_sdk::loyalty::{Credit, Redemption};
use fondaco_sdk::validation::{Step, Subject, Violation};
use rstest::rstest;
use service_pricing::bindings::fondaco::loyalty::accounts::Account;
use service_pricing::contract::{Line, Request, ViolationSubject};

fn spending(points: u64) -> Request {
    Request { buyer: Some(anna()), spend_points: Some(points), ..request(vec![line("a", 1, 300), line("b", 1, 700)]) }
}

/// A point is worth a cent.
fn programme() -> House {
    let gold = Account { tier: "gold".into(), multiplier: whole(2), points: 400 };
    let mut house = House { standing: Some(gold), ..House::default() };
    house.burns.push((
        "points",
        Box::new(|_, want| {
            let worth = eur(i64::try_from(*want).unwrap());
            Ok(Some(Redemption { points: *want, worth, message: "points".into() }))
        }),
    ));
    house.earns.push((
        "points",
        Box::new(|cart, payable| {
            let standing = cart.context.buyer.as_ref().and_then(|buyer| buyer.standing.as_ref()).unwrap();
            let points = u64::try_from(*payable * standing.multiplier.coefficient / 100).unwrap();
            Ok(vec![Credit { ledger: "main".into(), points, active_ms: 0, expires_ms: None, reason: String::new() }])
        }),
    ));
    house
}

#[rstest]
#[case::some(100, 100, 900, 18)]
#[case::no_more_than_there_are(5_000, 400, 600, 12)]
#[case::none(0, 0, 1_000, 20)]
fn points_are_spent_and_earned(#[case] want: u64, #[case] spent: u64, #[case] grand: i64, #[case] earned: u64) {
    let priced = programme().quote(spending(want)).unwrap();
    assert_eq!((priced.loyalty.spent, priced.loyalty.worth), (spent, 1_000 - grand));
    assert_eq!((priced.totals.grand, priced.loyalty.earn[0].points), (grand, earned));
    let discounts: i64 = priced.discounts.iter().map(|discount| discount.amount).sum();
    assert_eq!(discounts, priced.loyalty.worth);
}

#[test]
fn points_come_after_promotions_and_only_as_many_go_as_are_needed() {
    let mut house = programme();
    house.promotions.push(("sale", Box::new(|_, ()| Ok(vec![offer(vec![off_order(percent(75), "sale")])]))));
    let priced = house.quote(spending(400)).unwrap();
    assert_eq!((priced.loyalty.spent, priced.loyalty.worth, priced.totals.grand), (250, 250, 0));
    assert_eq!(house.calls(), ["standing", "open", "promotions", "set-amounts", "burn", "set-amounts", "earn"]);
}

#[test]
fn a_stranger_has_no_points_to_spend() {
    let house = House { standing: None, earns: vec![], ..programme() };
    let priced = house.quote(spending(100)).unwrap();
    assert_eq!((priced.loyalty.spent, priced.totals.grand), (0, 1_000));
}

#[test]
fn two_programmes_share_the_points() {
    let mut house = programme();
    house.burns.push((
        "other",
        Box::new(|_, want| Ok(Some(Redemption { points: *want, worth: eur(1), message: "other".into() }))),
    ));
    let priced = house.quote(spending(100)).unwrap();
    assert_eq!((priced.loyalty.spent, priced.loyalty.worth), (100, 100));
}

#[test]
fn violations_name_lines_by_their_ids() {
    let mut house = House::default();
    house.validations.push((
        "limits",
        Box::new(|_, step| {
            assert_eq!(*step, Step::Payment);
            let violation =
                |subject| Violation { subject, blocking: true, code: "TOO_MANY".into(), message: "no".into() };
            Ok(vec![violation(Subject::Line(1)), violation(Subject::Cart), violation(Subject::Code("C".into()))])
        }),
    ));
    let lines = vec![line("a", 1, 1), Line { id: Some("second".into()), ..line("b", 1, 1) }];
    let priced = house.quote(Request { step: Some(Step::Payment), ..request(lines) }).unwrap();
    let subjects: Vec<_> = priced.violations.into_iter().map(|violation| violation.subject).collect();
    assert_eq!(
        subjects,
        [ViolationSubject::Line("second".into()), ViolationSubject::Cart, ViolationSubject::Code("C".into())]
    );
}
