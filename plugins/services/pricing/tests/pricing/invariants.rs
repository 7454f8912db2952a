//! What is true of every quote, whatever rules say.

use super::house::House;
use super::words::{
    anna, berlin, discount, eur, flat_tax, line, off_lines, off_order, off_shipping, offer, once, percent, prices,
    rate, request, whole,
};
use fondaco_commerce::rounding::Rounding;
use fondaco_sdk::loyalty::Redemption;
use fondaco_sdk::promotion::{Discount, DiscountClass, LineTarget, Operation, Selection, Target, Value};
use proptest::prelude::*;
use service_pricing::bindings::fondaco::loyalty::accounts::Account;
use service_pricing::contract::{PricedCart, Request};
use service_pricing::policy::{LaneMode, Policy, RoundingMode, TaxRounding};

fn policy() -> impl Strategy<Value = Policy> {
    (any::<bool>(), any::<bool>(), any::<bool>(), prop::sample::select(Rounding::ALL.to_vec())).prop_map(
        |(included, by_order, stack, rounding)| Policy {
            prices_include_tax: included,
            tax_rounding: if by_order { TaxRounding::Order } else { TaxRounding::Line },
            lane_mode: if stack { LaneMode::Stack } else { LaneMode::BestOf },
            rounding_mode: RoundingMode(rounding),
            shipping_tax_category: String::new(),
        },
    )
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0_i64..=100).prop_map(percent),
        (0_i64..5_000).prop_map(once),
        (0_i64..2_000).prop_map(|minor| Value::UnitPrice(eur(minor))),
    ]
}

fn some_discount(lines: u32) -> impl Strategy<Value = Discount> {
    let base = prop_oneof![
        (0..lines, value()).prop_map(|(line, value)| off_lines(&[line], value, "line")),
        (0..lines, value()).prop_map(|(line, value)| {
            let target = Target::Line(LineTarget { line, quantity: Some(1) });
            discount(DiscountClass::Line, vec![target], value, "one unit")
        }),
        (0_i64..=100).prop_map(|value| off_order(percent(value), "order")),
        (0_i64..9_000).prop_map(|minor| off_order(once(minor), "order")),
        (0_i64..=100).prop_map(|value| off_shipping(percent(value), "shipping")),
    ];
    (base, 99_u8..102, prop::option::of(0_i64..500), 0_u8..3).prop_map(|(discount, lane, cap, group)| Discount {
        lane,
        cap: cap.map(eur),
        exclusive_group: if group == 0 { "g".to_owned() } else { String::new() },
        ..discount
    })
}

fn operations(lines: u32) -> impl Strategy<Value = Vec<Operation>> {
    let selection = prop::sample::select(vec![Selection::All, Selection::First, Selection::Maximum]);
    let some = (selection, prop::collection::vec(some_discount(lines), 1..4)).prop_map(|(selection, discounts)| {
        let Operation::Offer(one) = offer(discounts) else { unreachable!() };
        Operation::Offer(fondaco_sdk::promotion::Offer { selection, ..one })
    });
    prop::collection::vec(some, 0..5)
}

#[derive(Clone, Debug)]
struct Case {
    policy: Policy,
    lines: Vec<(u32, i64)>,
    cheaper: i64,
    promotions: [Vec<Operation>; 2],
    tax: i64,
    points: u64,
}

fn case() -> impl Strategy<Value = Case> {
    prop::collection::vec((1_u32..9, 0_i64..9_000), 1..6).prop_flat_map(|lines| {
        let count = u32::try_from(lines.len()).unwrap();
        (policy(), Just(lines), 0_i64..9_000, [operations(count), operations(count)], 0_i64..40, 0_u64..20_000)
            .prop_map(|(policy, lines, cheaper, promotions, tax, points)| Case {
                policy,
                lines,
                cheaper,
                promotions,
                tax,
                points,
            })
    })
}

fn house(case: &Case, reversed: bool) -> House {
    let mut house = House { policy: case.policy.clone(), ..House::default() };
    house.standing = Some(Account { tier: String::new(), multiplier: whole(1), points: 10_000 });
    let Case { cheaper, tax, promotions: [first, second], .. } = case.clone();
    house.price_rules.push(("tiers", Box::new(move |_, ()| Ok(prices(&[(0, cheaper)])))));
    house.promotions.push(("first", Box::new(move |_, ()| Ok(first.clone()))));
    house.promotions.push(("second", Box::new(move |_, ()| Ok(second.clone()))));
    if reversed {
        house.promotions.reverse();
    }
    house.rates.push(("dhl", Box::new(|_, _| Ok(vec![rate("parcel", 490)]))));
    house.taxes.push(("vat", Box::new(move |_, taxables| Ok(flat_tax(taxables, "VAT", tax)))));
    house.taxes.push(("city", Box::new(|_, taxables| Ok(flat_tax(taxables, "city", 3)))));
    house.burns.push((
        "points",
        Box::new(|_, want| {
            let worth = eur(i64::try_from(want / 3).unwrap());
            Ok(Some(Redemption { points: *want, worth, message: "points".into() }))
        }),
    ));
    house
}

fn wanted(case: &Case) -> Request {
    let lines = case.lines.iter().map(|(quantity, unit)| line("sku", *quantity, *unit)).collect();
    Request {
        buyer: Some(anna()),
        destination: Some(berlin()),
        shipping: Some("parcel".into()),
        spend_points: Some(case.points),
        ..request(lines)
    }
}

fn check(priced: &PricedCart, case: &Case) -> Result<(), TestCaseError> {
    let totals = &priced.totals;
    let shipping = priced.shipping.as_ref().unwrap();
    // I1: shares sum to the discount, nothing is below zero.
    for (index, given) in (0_u32..).zip(&priced.discounts) {
        let shares = priced.lines.iter().flat_map(|line| &line.discounts).filter(|share| share.discount == index);
        let shared: i64 = shares.map(|share| share.amount).sum();
        prop_assert!(given.amount > 0);
        prop_assert_eq!(shared, if given.class == DiscountClass::Shipping { 0 } else { given.amount });
    }
    for line in &priced.lines {
        let shares: i64 = line.discounts.iter().map(|share| share.amount).sum();
        prop_assert!(line.total >= 0 && line.tax >= 0 && line.net >= 0);
        prop_assert_eq!(line.subtotal, line.unit * i64::from(line.quantity));
        prop_assert_eq!(line.total, line.subtotal - shares);
        // I2: net and tax make gross; the price stays what it was.
        prop_assert_eq!(line.net + line.tax, line.gross);
        prop_assert_eq!(line.tax, line.taxes.iter().map(|tax| tax.amount).sum::<i64>());
        prop_assert_eq!(line.total, if case.policy.prices_include_tax { line.gross } else { line.net });
        prop_assert!(line.total > 0 || line.tax == 0);
    }
    prop_assert_eq!(shipping.total, shipping.price - shipping.discount);
    prop_assert_eq!(shipping.net + shipping.tax, shipping.gross);
    prop_assert_eq!(totals.net + totals.tax, totals.grand);
    prop_assert_eq!(totals.items, priced.lines.iter().map(|line| line.subtotal).sum::<i64>());
    prop_assert_eq!(totals.discounts, priced.discounts.iter().map(|given| given.amount).sum::<i64>());
    prop_assert_eq!(totals.grand, priced.lines.iter().map(|line| line.gross).sum::<i64>() + shipping.gross);
    prop_assert_eq!(totals.tax, priced.lines.iter().map(|line| line.tax).sum::<i64>() + shipping.tax);
    let before_tax = totals.items - totals.discounts + shipping.price;
    prop_assert_eq!(before_tax, if case.policy.prices_include_tax { totals.grand } else { totals.net });
    // Points: no more than wanted and there, and worth what they take off.
    prop_assert!(priced.loyalty.spent <= case.points.min(10_000));
    Ok(())
}

proptest! {
    #[test]
    fn sums_are_true(case in case()) {
        let priced = house(&case, false).quote(wanted(&case)).unwrap();
        check(&priced, &case)?;
    }

    /// I16 and I18: the same again, whatever the order in which plugins of a lane were released.
    #[test]
    fn the_same_request_gives_the_same_answer(case in case()) {
        let one = house(&case, false).quote(wanted(&case)).unwrap();
        let again = house(&case, false).quote(wanted(&case)).unwrap();
        prop_assert_eq!(&one, &again);
        let reversed = house(&case, true).quote(wanted(&case)).unwrap();
        prop_assert_eq!(one.totals, reversed.totals);
        prop_assert_eq!(one.discounts, reversed.discounts);
        prop_assert_eq!(one.lines, reversed.lines);
    }
}
