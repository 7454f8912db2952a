//! What holds for every cart and every offer.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use fondaco_commerce::{
    decimal::Decimal,
    rounding::Rounding,
    stacking::{
        Class, LanePolicy, LineState, LineTarget, Offers, Outcome, Policy, Selection, Terms, Value, Why, apply,
    },
};
use proptest::{collection::vec, prelude::*, sample::Index};

#[derive(Debug, Clone)]
struct Discount {
    class: Class,
    lines: Vec<(Index, Option<Index>)>,
    value: Value,
    cap: Option<i64>,
    lane: u8,
    group: &'static str,
}

type Plugin = Vec<(Selection, Vec<Discount>)>;

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![0..50_i64, 0..100_000_i64, 0..(1_i64 << 50)]
}

fn line() -> impl Strategy<Value = LineState> {
    (1..=1_000_000_u32, amount(), any::<Index>(), prop::bool::weighted(0.9)).prop_map(
        |(quantity, total, floor, discountable)| {
            let floor = if floor.index(4) == 0 { total / 2 } else { 0 };
            LineState { quantity, total, floor, discountable }
        },
    )
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..=10_000_i64).prop_map(|hundredths| Value::Percent(Decimal::new(hundredths, 2).unwrap())),
        amount().prop_map(Value::FixedEach),
        amount().prop_map(Value::FixedOnce),
        amount().prop_map(Value::UnitPrice),
    ]
}

fn discount() -> impl Strategy<Value = Discount> {
    (
        prop::sample::select(vec![Class::Line, Class::Line, Class::Order, Class::Shipping]),
        vec((any::<Index>(), prop::option::of(any::<Index>())), 0..5),
        value(),
        prop::option::weighted(0.3, amount()),
        0..3_u8,
        prop::sample::select(vec!["", "", "g", "h"]),
    )
        .prop_map(|(class, lines, value, cap, lane, group)| Discount { class, lines, value, cap, lane, group })
}

fn plugin() -> impl Strategy<Value = Plugin> {
    let selection = prop::sample::select(vec![Selection::First, Selection::Maximum, Selection::All]);
    vec((selection, vec(discount(), 0..4)), 0..3)
}

fn policy() -> impl Strategy<Value = Policy> {
    (any::<bool>(), prop::sample::select(Rounding::ALL.to_vec())).prop_map(|(stack, rounding)| Policy {
        lanes: if stack { LanePolicy::Stack } else { LanePolicy::BestOf },
        rounding,
    })
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Pushes the plugins' offers in the order given; answers for each discount the plugin and its number in it.
fn offers_of<'a>(lines: &[LineState], plugins: &[(&'a str, &Plugin)]) -> (Offers<'a>, Vec<(&'a str, usize)>) {
    let mut offers = Offers::new();
    let mut names = Vec::new();
    for (name, plugin) in plugins {
        let before = names.len();
        for (selection, discounts) in *plugin {
            offers.offer(name, *selection);
            for discount in discounts {
                names.push((*name, names.len() - before));
                push(&mut offers, lines, discount);
            }
        }
    }
    (offers, names)
}

fn push(offers: &mut Offers<'_>, lines: &[LineState], discount: &Discount) {
    let mut terms = Terms::new(discount.value).lane(discount.lane).group(discount.group);
    terms.cap = discount.cap;
    let mut targets: Vec<LineTarget> = Vec::new();
    for (line, quantity) in &discount.lines {
        let line = line.index(lines.len());
        let quantity =
            quantity.map(|quantity| u32::try_from(quantity.index(lines[line].quantity as usize)).unwrap() + 1);
        if targets.iter().all(|target| target.line as usize != line) {
            targets.push(LineTarget { line: u32::try_from(line).unwrap(), quantity });
        }
    }
    match discount.class {
        Class::Line => offers.line_discount(terms, targets),
        Class::Order => offers.order_discount(terms, targets.into_iter().map(|target| target.line)),
        Class::Shipping => offers.shipping_discount(terms),
    };
}

fn named(plugins: &[Plugin]) -> Vec<(&'static str, &Plugin)> {
    NAMES.into_iter().zip(plugins).collect()
}

/// Plugin, the number of the discount in its answer, amount, shares, why it lost.
type Told<'a> = (&'a str, usize, i64, Vec<(u32, i64)>, Option<Why>);

/// The outcome in words that do not depend on positions.
fn told<'a>(outcome: &Outcome, names: &[(&'a str, usize)]) -> Vec<Told<'a>> {
    let given = outcome.given().iter().map(|given| {
        let (plugin, number) = names[given.discount.index()];
        let shares = outcome.shares(given).iter().map(|share| (share.line, share.amount)).collect();
        (plugin, number, given.amount, shares, None)
    });
    let lost = outcome.lost().iter().map(|lost| {
        let (plugin, number) = names[lost.discount.index()];
        (plugin, number, lost.amount, Vec::new(), Some(lost.why))
    });
    let mut told: Vec<_> = given.collect();
    let mut rest: Vec<_> = lost.collect();
    rest.sort_by_key(|entry| (entry.0, entry.1));
    told.extend(rest);
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// I1: the shares are the discount; it is never more than its base; no line below its floor, gifts untouched.
    #[test]
    fn adds_up(
        policy in policy(),
        lines in vec(line(), 1..8),
        shipping in prop::option::of(amount()),
        plugins in vec(plugin(), 0..5),
    ) {
        let (offers, names) = offers_of(&lines, &named(&plugins));
        let outcome = apply(&policy, &lines, shipping, &offers).unwrap();
        let mut left: Vec<i64> = lines.iter().map(|line| line.total).collect();
        let mut shipping_left = shipping;
        for given in outcome.given() {
            prop_assert!(given.amount > 0);
            let shares = outcome.shares(given);
            if given.class == Class::Shipping {
                prop_assert!(shares.is_empty());
                shipping_left = shipping_left.map(|amount| amount - given.amount);
            } else {
                prop_assert_eq!(shares.iter().map(|share| share.amount).sum::<i64>(), given.amount);
            }
            for share in shares {
                prop_assert!(share.amount > 0 && lines[share.line as usize].discountable);
                left[share.line as usize] -= share.amount;
            }
        }
        prop_assert_eq!(outcome.line_totals(), &left[..]);
        prop_assert_eq!(outcome.shipping(), shipping_left);
        prop_assert!(shipping_left.is_none_or(|amount| amount >= 0));
        prop_assert!(left.iter().zip(&lines).all(|(left, line)| *left >= line.floor));
        // Each discount has an answer; one given in part may have two.
        let mut answered: Vec<u32> = outcome.given().iter().map(|given| given.discount.0).collect();
        answered.extend(outcome.lost().iter().map(|lost| lost.discount.0));
        answered.sort_unstable();
        answered.dedup();
        prop_assert_eq!(answered.len(), names.len());
    }

    /// I18: the order in which plugins answered changes nothing.
    #[test]
    fn order_of_plugins_is_irrelevant(
        policy in policy(),
        lines in vec(line(), 1..6),
        shipping in prop::option::of(amount()),
        (plugins, order) in vec(plugin(), 2..5).prop_flat_map(|plugins| {
            let order: Vec<usize> = (0..plugins.len()).collect();
            (Just(plugins), Just(order).prop_shuffle())
        }),
    ) {
        let straight = named(&plugins);
        let shuffled: Vec<_> = order.iter().map(|&index| straight[index]).collect();
        let (offers, names) = offers_of(&lines, &straight);
        let (other_offers, other_names) = offers_of(&lines, &shuffled);
        let outcome = apply(&policy, &lines, shipping, &offers).unwrap();
        let other = apply(&policy, &lines, shipping, &other_offers).unwrap();
        prop_assert_eq!(told(&outcome, &names), told(&other, &other_names));
        prop_assert_eq!(outcome.line_totals(), other.line_totals());
    }

    /// At most one discount of a group is given, caps hold, and of an offer with a selection at most one is given.
    #[test]
    fn promises_hold(
        policy in policy(),
        lines in vec(line(), 1..6),
        shipping in prop::option::of(amount()),
        plugins in vec(plugin(), 0..5),
    ) {
        let (offers, _) = offers_of(&lines, &named(&plugins));
        let outcome = apply(&policy, &lines, shipping, &offers).unwrap();
        let flat: Vec<(usize, Selection, &Discount)> = plugins
            .iter()
            .flatten()
            .enumerate()
            .flat_map(|(offer, (selection, discounts))| discounts.iter().map(move |discount| (offer, *selection, discount)))
            .collect();
        let given: Vec<_> = outcome.given().iter().map(|given| (given, flat[given.discount.index()])).collect();
        for group in ["g", "h"] {
            prop_assert!(given.iter().filter(|(_, (_, _, discount))| discount.group == group).count() <= 1);
        }
        for (entry, (offer, selection, discount)) in &given {
            prop_assert!(discount.cap.is_none_or(|cap| entry.amount <= cap));
            let siblings = given.iter().filter(|(_, (other, _, _))| other == offer).count();
            prop_assert!(*selection == Selection::All || siblings == 1);
        }
    }

    /// Under best-of, no line has two discounts of one lane.
    #[test]
    fn one_discount_a_lane_and_line(lines in vec(line(), 1..6), plugins in vec(plugin(), 0..5)) {
        let (offers, _) = offers_of(&lines, &named(&plugins));
        let outcome = apply(&Policy::default(), &lines, None, &offers).unwrap();
        let mut seen = Vec::new();
        for given in outcome.given() {
            for share in outcome.shares(given) {
                seen.push((given.class, given.lane, share.line));
            }
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len(), count);
    }

    /// I4: a line that takes no part never lowers the discount.
    #[test]
    fn an_ineligible_line_changes_nothing(lines in vec(line(), 1..6), discount in discount(), extra in line()) {
        let with = |lines: &[LineState], excluded: Option<u32>| {
            let mut offers = Offers::new();
            offers.offer("p", Selection::All);
            let terms = Terms::new(discount.value);
            offers.order_discount(terms, excluded);
            apply(&Policy::default(), lines, None, &offers).unwrap()
        };
        let mut more = lines.clone();
        more.push(extra);
        let last = u32::try_from(lines.len()).unwrap();
        let alone = with(&lines, None);
        let excluded = with(&more, Some(last));
        prop_assert_eq!(alone.taken(Class::Order), excluded.taken(Class::Order));
        prop_assert_eq!(alone.line_totals(), &excluded.line_totals()[..lines.len()]);
        prop_assert_eq!(excluded.line_totals().last(), Some(&extra.total));
    }

    /// A hundred percent is all of it, and leaves exactly nothing.
    #[test]
    fn all_off_is_zero(lines in vec((1..=1_000_000_u32, 0..=i64::MAX / 16), 1..8), stack in any::<bool>()) {
        let lines: Vec<LineState> = lines.into_iter().map(|(quantity, total)| LineState::new(quantity, total)).collect();
        let lanes = if stack { LanePolicy::Stack } else { LanePolicy::BestOf };
        let mut offers = Offers::new();
        offers.offer("p", Selection::All);
        offers.order_discount(Terms::new(Value::Percent(Decimal::whole(100))), []);
        let outcome = apply(&Policy { lanes, ..Policy::default() }, &lines, None, &offers).unwrap();
        prop_assert!(outcome.line_totals().iter().all(|&total| total == 0));
    }

    /// Whatever the numbers, an answer or an error; never a panic.
    #[test]
    fn never_panics(
        lines in vec((any::<u32>(), any::<i64>(), any::<i64>()), 0..4),
        shipping in any::<Option<i64>>(),
        values in vec((any::<i64>(), 0..=18_u8, any::<Option<i64>>(), any::<u32>(), any::<Option<u32>>()), 0..6),
        policy in policy(),
    ) {
        let lines: Vec<LineState> = lines
            .into_iter()
            .map(|(quantity, total, floor)| LineState { quantity, total, floor, discountable: true })
            .collect();
        let mut offers = Offers::new();
        offers.offer("p", Selection::Maximum);
        for (number, scale, cap, line, quantity) in values {
            let target = LineTarget { line: line % 4, quantity };
            for value in [
                Value::Percent(Decimal::new(number, scale).unwrap()),
                Value::FixedEach(number),
                Value::FixedOnce(number),
                Value::UnitPrice(number),
            ] {
                let terms = Terms { cap, ..Terms::new(value) };
                offers.line_discount(terms, [target]);
                offers.order_discount(terms, []);
                offers.shipping_discount(terms);
            }
        }
        let _ = apply(&policy, &lines, shipping, &offers);
    }
}

/// The largest cart that the contract allows: nothing overflows, nothing is expanded.
#[test]
fn a_million_units_of_each_line() {
    let lines = [LineState::new(1_000_000, 1_000_000 * 9_999_999); 500];
    let mut offers = Offers::new();
    offers.offer("p", Selection::All);
    let fraction = Value::Percent("12.345678".parse().unwrap());
    offers.line_discount(Terms::new(fraction), (0..500).map(|line| LineTarget::units(line, 999_999)));
    offers.order_discount(Terms::new(fraction), []);
    let outcome = apply(&Policy::default(), &lines, None, &offers).unwrap();
    assert_eq!(outcome.given().len(), 2);
    let left: i64 = outcome.line_totals().iter().sum();
    assert_eq!(left + outcome.taken(Class::Line) + outcome.taken(Class::Order), 500 * 1_000_000 * 9_999_999);
}
