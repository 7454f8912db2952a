//! Fixtures and cases.

use super::*;
use fondaco_sdk::testing::{cart, line};

fondaco_sdk::fixtures!(price_rule);

const TIERS: &str = r#"{"tiers": [{"from": 10, "percent": 5}, {"from": 50, "percent": 12.5}]}"#;

#[test]
fn the_highest_tier_counts() {
    for (quantity, unit) in [(9, None), (10, Some(949)), (49, Some(949)), (50, Some(874))] {
        let prices = Plugin::run(&cart("EUR", [line("MUG", quantity, 999)]), TIERS).unwrap();
        assert_eq!(prices.prices.first().map(|price| price.unit), unit, "{quantity}");
    }
}

#[test]
fn gifts_keep_their_price() {
    let mut gift = line("PEN", 100, 0);
    gift.gift = true;
    assert_eq!(Plugin::run(&cart("EUR", [gift]), TIERS).unwrap().prices, []);
}

#[test]
fn tiers_must_rise() {
    let fault = Plugin::run(&cart("EUR", []), r#"{"tiers": [{"from": 2, "percent": 5}, {"from": 2, "percent": 6}]}"#)
        .unwrap_err();
    assert_eq!(fault.message, "config: `tiers` must rise by `from`");
}
