//! The policy for discounts, case by case.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use fondaco_commerce::{
    decimal::Decimal,
    stacking::{
        Class, LanePolicy, LineState, LineTarget, Offers, Outcome, Policy, Selection, StackingError, Terms, Value, Why,
        apply,
    },
};

fn percent(value: i64) -> Value {
    Value::Percent(Decimal::whole(value))
}

fn best_of(lines: &[LineState], shipping: Option<i64>, offers: &Offers<'_>) -> Outcome {
    apply(&Policy::default(), lines, shipping, offers).unwrap()
}

fn stacked(lines: &[LineState], offers: &Offers<'_>) -> Outcome {
    let policy = Policy { lanes: LanePolicy::Stack, ..Policy::default() };
    apply(&policy, lines, None, offers).unwrap()
}

/// (discount, amount) of all that is given.
fn given(outcome: &Outcome) -> Vec<(u32, i64)> {
    outcome.given().iter().map(|given| (given.discount.0, given.amount)).collect()
}

/// (discount, amount, why) of all that is lost.
fn lost(outcome: &Outcome) -> Vec<(u32, i64, Why)> {
    outcome.lost().iter().map(|lost| (lost.discount.0, lost.amount, lost.why)).collect()
}

#[test]
fn nothing_offered_nothing_changed() {
    let outcome = best_of(&[LineState::new(1, 100)], Some(5), &Offers::new());
    assert_eq!((outcome.line_totals(), outcome.shipping()), (&[100][..], Some(5)));
}

#[test]
fn classes_follow_each_other() {
    let lines = [LineState::new(2, 2000), LineState::new(1, 1000)];
    let mut offers = Offers::new();
    offers.offer("p", Selection::All);
    offers.shipping_discount(Terms::new(percent(50)));
    offers.order_discount(Terms::new(percent(10)).lane(1), []);
    offers.line_discount(Terms::new(percent(50)), [LineTarget::whole(0)]);
    let outcome = best_of(&lines, Some(499), &offers);
    // 10 % of what the line discount left: 2000.
    assert_eq!(given(&outcome), [(2, 1000), (1, 200), (0, 250)]);
    assert_eq!(outcome.line_totals(), [900, 900]);
    assert_eq!(outcome.shipping(), Some(249));
    assert_eq!(outcome.taken(Class::Order), 200);
}

#[test]
fn lanes_follow_each_other() {
    let mut offers = Offers::new();
    offers.offer("p", Selection::All);
    offers.line_discount(Terms::new(percent(10)).lane(200), [LineTarget::whole(0)]);
    offers.line_discount(Terms::new(percent(50)).lane(3), [LineTarget::whole(0)]);
    let outcome = best_of(&[LineState::new(1, 1000)], None, &offers);
    assert_eq!(given(&outcome), [(1, 500), (0, 50)]);
}

#[test]
fn line_discounts_compete_line_by_line() {
    let lines = [LineState::new(1, 1000), LineState::new(1, 1000), LineState::new(1, 1000)];
    let mut offers = Offers::new();
    offers.offer("everything", Selection::All);
    offers.line_discount(Terms::new(percent(10)), [0, 1, 2].map(LineTarget::whole));
    offers.offer("one", Selection::All);
    offers.line_discount(Terms::new(percent(30)), [LineTarget::whole(1)]);
    offers.line_discount(Terms::new(percent(5)), [LineTarget::whole(2)]);
    let outcome = best_of(&lines, None, &offers);
    assert_eq!(outcome.line_totals(), [900, 700, 900]);
    assert_eq!(given(&outcome), [(0, 200), (1, 300)]);
    assert_eq!(lost(&outcome), [(0, 100, Why::Lane), (2, 50, Why::Lane)]);
}

#[test]
fn order_discounts_compete_as_a_whole() {
    let lines = [LineState::new(1, 1000), LineState::new(1, 3000)];
    let mut offers = Offers::new();
    offers.offer("a", Selection::All);
    offers.order_discount(Terms::new(Value::FixedOnce(500)), []);
    offers.offer("b", Selection::All);
    offers.order_discount(Terms::new(percent(20)), [0]);
    let outcome = best_of(&lines, None, &offers);
    assert_eq!(given(&outcome), [(1, 600)]);
    assert_eq!(lost(&outcome), [(0, 500, Why::Lane)]);
    assert_eq!(outcome.line_totals(), [1000, 2400]);
}

#[test]
fn a_lane_can_stack() {
    let mut offers = Offers::new();
    offers.offer("a", Selection::All);
    offers.line_discount(Terms::new(percent(10)), [LineTarget::whole(0)]);
    offers.offer("b", Selection::All);
    offers.line_discount(Terms::new(Value::FixedOnce(500)), [LineTarget::whole(0)]);
    let outcome = stacked(&[LineState::new(1, 1000)], &offers);
    // The largest first, the other on what is left.
    assert_eq!(given(&outcome), [(1, 500), (0, 50)]);
    assert_eq!(outcome.line_totals(), [450]);
}

#[test]
fn stacking_ends_at_zero() {
    let mut offers = Offers::new();
    for plugin in ["a", "b", "c"] {
        offers.offer(plugin, Selection::All);
        offers.line_discount(Terms::new(Value::FixedOnce(600)), [LineTarget::whole(0)]);
    }
    let outcome = stacked(&[LineState::new(1, 1000)], &offers);
    assert_eq!(given(&outcome), [(0, 600), (1, 400)]);
    assert_eq!(lost(&outcome), [(2, 0, Why::NothingLeft)]);
    assert_eq!(outcome.line_totals(), [0]);
}

#[test]
fn selections() {
    let lines = [LineState::new(1, 1000)];
    let offered = |selection| {
        let mut offers = Offers::new();
        offers.offer("p", selection);
        offers.shipping_discount(Terms::new(percent(100)));
        offers.line_discount(Terms::new(percent(10)).lane(1), [LineTarget::whole(0)]);
        offers.line_discount(Terms::new(percent(20)).lane(2), [LineTarget::whole(0)]);
        best_of(&lines, None, &offers)
    };
    let first = offered(Selection::First);
    assert_eq!(given(&first), [(1, 100)]);
    assert_eq!(lost(&first), [(0, 0, Why::NothingLeft), (2, 200, Why::Selection)]);
    let maximum = offered(Selection::Maximum);
    assert_eq!(given(&maximum), [(2, 200)]);
    assert_eq!(lost(&maximum), [(0, 0, Why::NothingLeft), (1, 100, Why::Selection)]);
    let all = offered(Selection::All);
    assert_eq!(given(&all), [(1, 100), (2, 180)]);
}

#[test]
fn of_equals_the_first_is_selected() {
    let mut offers = Offers::new();
    offers.offer("p", Selection::Maximum);
    offers.line_discount(Terms::new(Value::FixedOnce(100)), [LineTarget::whole(0)]);
    offers.line_discount(Terms::new(percent(10)), [LineTarget::whole(0)]);
    let outcome = best_of(&[LineState::new(1, 1000)], None, &offers);
    assert_eq!(given(&outcome), [(0, 100)]);
}

#[test]
fn one_of_a_group_in_the_whole_cart() {
    let lines = [LineState::new(1, 1000), LineState::new(1, 2000)];
    let mut offers = Offers::new();
    offers.offer("a", Selection::All);
    offers.line_discount(Terms::new(percent(10)).group("welcome"), [LineTarget::whole(0)]);
    offers.offer("b", Selection::All);
    offers.order_discount(Terms::new(percent(10)).group("welcome"), []);
    offers.offer("c", Selection::All);
    offers.shipping_discount(Terms::new(percent(10)).group("welcome"));
    let outcome = best_of(&lines, Some(500), &offers);
    assert_eq!(given(&outcome), [(1, 300)]);
    assert_eq!(lost(&outcome), [(0, 100, Why::Group), (2, 50, Why::Group)]);
}

#[test]
fn the_groups_next_follows_when_its_best_is_beaten() {
    let lines = [LineState::new(1, 1000), LineState::new(1, 1000)];
    let mut offers = Offers::new();
    offers.offer("a", Selection::All);
    offers.line_discount(Terms::new(percent(20)).group("g"), [LineTarget::whole(0)]);
    offers.line_discount(Terms::new(percent(10)).group("g"), [LineTarget::whole(1)]);
    offers.offer("b", Selection::All);
    offers.line_discount(Terms::new(percent(30)), [LineTarget::whole(0)]);
    let outcome = best_of(&lines, None, &offers);
    assert_eq!(given(&outcome), [(1, 100), (2, 300)]);
    assert_eq!(lost(&outcome), [(0, 200, Why::Lane)]);
}

#[test]
fn groups_wait_for_selections() {
    let lines = [LineState::new(1, 1000)];
    let mut offers = Offers::new();
    offers.offer("a", Selection::All);
    offers.line_discount(Terms::new(percent(10)).group("g"), [LineTarget::whole(0)]);
    offers.offer("b", Selection::First);
    offers.order_discount(Terms::new(percent(5)).group("g"), []);
    offers.order_discount(Terms::new(percent(50)).group("g"), []);
    let outcome = best_of(&lines, None, &offers);
    // Of b, only the first takes part; it loses against a.
    assert_eq!(given(&outcome), [(0, 100)]);
    assert_eq!(lost(&outcome), [(2, 500, Why::Selection), (1, 50, Why::Group)]);
}

#[test]
fn values_off_some_units() {
    let lines = [LineState::new(3, 3000)];
    let off = |value| {
        let mut offers = Offers::new();
        offers.offer("p", Selection::All);
        offers.line_discount(Terms::new(value), [LineTarget::units(0, 2)]);
        best_of(&lines, None, &offers).taken(Class::Line)
    };
    assert_eq!(off(percent(10)), 200);
    assert_eq!(off(percent(100)), 2000);
    assert_eq!(off(Value::FixedEach(150)), 300);
    assert_eq!(off(Value::FixedEach(1500)), 2000);
    assert_eq!(off(Value::FixedOnce(150)), 150);
    assert_eq!(off(Value::FixedOnce(9999)), 2000);
    assert_eq!(off(Value::UnitPrice(750)), 500);
    assert_eq!(off(Value::UnitPrice(1500)), 0);
}

#[test]
fn units_share_what_is_left() {
    let mut offers = Offers::new();
    offers.offer("p", Selection::All);
    // One of three free, then half off one: of the 2000 that are left, a unit is 666⅔.
    offers.line_discount(Terms::new(percent(100)).lane(1), [LineTarget::units(0, 1)]);
    offers.line_discount(Terms::new(percent(50)).lane(2), [LineTarget::units(0, 1)]);
    let outcome = best_of(&[LineState::new(3, 3000)], None, &offers);
    assert_eq!(given(&outcome), [(0, 1000), (1, 333)]);
}

#[test]
fn caps_are_shared() {
    let lines = [LineState::new(1, 12_000), LineState::new(1, 23_000), LineState::new(1, 30_000)];
    let mut offers = Offers::new();
    offers.offer("p", Selection::All);
    offers.line_discount(Terms::new(percent(10)).cap(5000), [0, 1, 2].map(LineTarget::whole));
    let outcome = best_of(&lines, None, &offers);
    let shares: Vec<i64> = outcome.shares(&outcome.given()[0]).iter().map(|share| share.amount).collect();
    assert_eq!(shares, [923, 1769, 2308]);

    let mut offers = Offers::new();
    offers.offer("p", Selection::All);
    offers.order_discount(Terms::new(percent(10)).cap(5000), []);
    offers.shipping_discount(Terms::new(percent(100)).cap(300));
    let outcome = best_of(&lines, Some(499), &offers);
    assert_eq!(given(&outcome), [(0, 5000), (1, 300)]);
}

#[test]
fn order_discounts_are_spread_by_largest_remainder() {
    let lines = [LineState::new(1, 100), LineState::new(1, 100), LineState::new(1, 100)];
    let mut offers = Offers::new();
    offers.offer("p", Selection::All);
    offers.order_discount(Terms::new(Value::FixedOnce(100)), []);
    assert_eq!(best_of(&lines, None, &offers).line_totals(), [66, 67, 67]);
}

#[test]
fn gifts_take_no_discount() {
    let lines = [LineState::new(1, 1000), LineState::gift(1)];
    let mut offers = Offers::new();
    offers.offer("p", Selection::All);
    offers.order_discount(Terms::new(percent(10)), []);
    offers.line_discount(Terms::new(percent(100)), [LineTarget::whole(1)]);
    let outcome = best_of(&lines, None, &offers);
    assert_eq!(given(&outcome), [(0, 100)]);
    assert_eq!(outcome.shares(&outcome.given()[0]).len(), 1);
    assert_eq!(lost(&outcome), [(1, 0, Why::NothingLeft)]);
}

#[test]
fn floors_hold_and_hand_on() {
    let floor = |total, floor| LineState { floor, ..LineState::new(1, total) };
    let lines = [LineState::new(1, 1000), floor(2000, 1900), floor(5000, 5000), floor(3000, 2600)];
    let mut offers = Offers::new();
    offers.offer("p", Selection::All);
    offers.order_discount(Terms::new(Value::FixedOnce(1200)), []);
    assert_eq!(best_of(&lines, None, &offers).line_totals(), [300, 1900, 5000, 2600]);

    let mut offers = Offers::new();
    offers.offer("p", Selection::All);
    offers.line_discount(Terms::new(percent(50)), [0, 1, 2, 3].map(LineTarget::whole));
    assert_eq!(best_of(&lines, None, &offers).line_totals(), [500, 1900, 5000, 2600]);
}

#[test]
fn mistakes_are_told() {
    let lines = [LineState::new(2, 200)];
    let refused = |targets: Vec<LineTarget>, value| {
        let mut offers = Offers::new();
        offers.offer("p", Selection::All);
        offers.line_discount(Terms::new(value), targets);
        apply(&Policy::default(), &lines, None, &offers).unwrap_err()
    };
    assert!(matches!(refused(vec![LineTarget::whole(1)], percent(1)), StackingError::UnknownLine { line: 1, .. }));
    assert!(matches!(
        refused(vec![LineTarget::whole(0), LineTarget::units(0, 1)], percent(1)),
        StackingError::DuplicateLine { line: 0, .. }
    ));
    for quantity in [0, 3] {
        let error = refused(vec![LineTarget::units(0, quantity)], percent(1));
        assert!(matches!(error, StackingError::QuantityOutOfRange { available: 2, .. }));
    }
    assert!(matches!(refused(vec![], percent(-1)), StackingError::NegativeValue { .. }));
    assert!(matches!(refused(vec![], Value::FixedEach(-1)), StackingError::NegativeValue { .. }));
    let bad_cart = apply(&Policy::default(), &[LineState::new(0, 1)], None, &Offers::new());
    assert_eq!(bad_cart, Err(StackingError::InvalidCart));
    let too_large = apply(&Policy::default(), &[LineState::new(1, i64::MAX); 2], None, &Offers::new());
    assert_eq!(too_large, Err(StackingError::Overflow));
}
