//! net + tax = gross, whatever the level.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use fondaco_commerce::{
    decimal::Decimal,
    rounding::Rounding,
    tax::{Item, Level, Part, Policy, TaxError, added_to, assess, included_in},
};
use proptest::{collection::vec, prelude::*};

fn rate(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn parts_share_one_net_base() {
    // 5 % and 15 % in 12.00: net 10.00, of which 0.50 and 1.50.
    let parts = [Part::new(0, rate("5")), Part::new(1, rate("15"))];
    let policy = Policy { included: true, ..Policy::default() };
    let assessment = assess(&policy, &[Item { amount: 1200, parts: &parts }]).unwrap();
    let item = &assessment.items()[0];
    assert_eq!((item.net, item.tax, item.gross), (1000, 200, 1200));
    assert_eq!(assessment.parts(item), [50, 150]);
}

#[test]
fn free_is_free() {
    let parts = [Part::new(0, rate("19")), Part::new(1, rate("2.5"))];
    for included in [true, false] {
        for level in [Level::Line, Level::Order] {
            for rounding in Rounding::ALL {
                let policy = Policy { included, level, rounding };
                let assessment = assess(&policy, &[Item { amount: 0, parts: &parts }; 3]).unwrap();
                assert_eq!(assessment.tax(), 0);
                assert!(assessment.items().iter().all(|item| (item.net, item.gross) == (0, 0)));
            }
        }
    }
}

#[test]
fn order_level_rounds_once_a_tax() {
    let standard = [Part::new(0, rate("19"))];
    let reduced = [Part::new(0, rate("7"))];
    let items = [
        Item { amount: 33, parts: &standard },
        Item { amount: 50, parts: &reduced },
        Item { amount: 33, parts: &standard },
        Item { amount: 33, parts: &standard },
    ];
    let policy = Policy { level: Level::Order, ..Policy::default() };
    let assessment = assess(&policy, &items).unwrap();
    // 99 × 19 % = 18.81 → 19: 7, 6, 6 by largest remainder; 50 × 7 % = 3.5 → 4.
    let taxes: Vec<i64> = assessment.items().iter().map(|item| item.tax).collect();
    assert_eq!(taxes, [7, 4, 6, 6]);
}

#[test]
fn known_amounts_stand() {
    let fee = Part { amount: Some(100), ..Part::new(1, Decimal::ZERO) };
    let parts = [Part::new(0, rate("10")), fee];
    let item = [Item { amount: 1200, parts: &parts }];
    let included = assess(&Policy { included: true, ..Policy::default() }, &item).unwrap();
    assert_eq!(included.parts(&included.items()[0]), [100, 100]);
    assert_eq!(included.items()[0].net, 1000);
    let added = assess(&Policy::default(), &item).unwrap();
    assert_eq!(added.parts(&added.items()[0]), [120, 100]);
    let too_little = [Item { amount: 99, parts: &parts }];
    let refused = assess(&Policy { included: true, ..Policy::default() }, &too_little);
    assert_eq!(refused, Err(TaxError::ExceedsPrice { item: 0 }));
}

#[test]
fn nonsense_is_refused() {
    let negative = [Part::new(0, rate("-1"))];
    assert_eq!(
        assess(&Policy::default(), &[Item { amount: 1, parts: &negative }]),
        Err(TaxError::Negative { item: 0 })
    );
    assert_eq!(assess(&Policy::default(), &[Item { amount: -1, parts: &[] }]), Err(TaxError::Negative { item: 0 }));
    let huge = [Part::new(0, Decimal::whole(i64::MAX))];
    assert_eq!(assess(&Policy::default(), &[Item { amount: i64::MAX, parts: &huge }]), Err(TaxError::Overflow));
    let twice = [Item { amount: i64::MAX, parts: &[] }; 2];
    assert!(assess(&Policy { level: Level::Order, ..Policy::default() }, &twice).is_err());
}

fn part() -> impl Strategy<Value = Part> {
    let amount = prop_oneof![9 => Just(None), 1 => (0..5_i64).prop_map(Some)];
    (0..3_u32, 0..4000_i64, 0..3_u8, amount).prop_map(|(key, coefficient, scale, amount)| Part {
        key,
        rate: Decimal::new(coefficient, scale).unwrap(),
        amount,
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    (any::<bool>(), any::<bool>(), prop::sample::select(Rounding::ALL.to_vec())).prop_map(
        |(included, order, rounding)| Policy {
            included,
            level: if order { Level::Order } else { Level::Line },
            rounding,
        },
    )
}

proptest! {
    /// I2: net + tax = gross, item by item; the parts are the tax; nothing is below zero; the given side stays.
    #[test]
    fn net_and_tax_are_gross(
        policy in policy(),
        items in vec((prop_oneof![0..10_i64, 50..100_000_i64, 50..1_000_000_000_000_i64], vec(part(), 0..4)), 0..12),
    ) {
        let items: Vec<Item<'_>> = items.iter().map(|(amount, parts)| Item { amount: *amount, parts }).collect();
        let assessment = match assess(&policy, &items) {
            Ok(assessment) => assessment,
            Err(TaxError::ExceedsPrice { item }) => {
                let known: i64 = items[item].parts.iter().filter_map(|part| part.amount).sum();
                prop_assert!(policy.included && known > items[item].amount);
                return Ok(());
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        prop_assert_eq!(assessment.items().len(), items.len());
        for (taxed, item) in assessment.items().iter().zip(&items) {
            prop_assert_eq!(taxed.net + taxed.tax, taxed.gross);
            prop_assert_eq!(assessment.parts(taxed).iter().sum::<i64>(), taxed.tax);
            prop_assert!(taxed.net >= 0 && assessment.parts(taxed).iter().all(|&part| part >= 0));
            prop_assert_eq!(if policy.included { taxed.gross } else { taxed.net }, item.amount);
        }
    }

    /// What is added comes out again.
    #[test]
    fn added_and_included_agree(net in 0..10_000_000_i64, coefficient in 0..3000_i64) {
        let rate = Decimal::new(coefficient, 2).unwrap();
        let tax = added_to(net, rate, Rounding::HalfEven).unwrap();
        let back = included_in(net + tax, rate, Rounding::HalfEven).unwrap();
        prop_assert!((tax - back).abs() <= 1);
    }

    #[test]
    fn never_panics(amount in any::<i64>(), coefficient in any::<i64>(), scale in 0..=18_u8, policy in policy()) {
        let parts = [Part::new(0, Decimal::new(coefficient, scale).unwrap()), Part::new(1, Decimal::whole(coefficient))];
        let _ = assess(&policy, &[Item { amount, parts: &parts }, Item { amount, parts: &parts[..1] }]);
        let _ = added_to(amount, parts[0].rate, policy.rounding);
        let _ = included_in(amount, parts[0].rate, policy.rounding);
    }
}
