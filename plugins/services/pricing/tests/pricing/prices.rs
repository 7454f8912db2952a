//! Price rules.

use super::house::House;
use super::words::{fault, line, prices, request};
use fondaco_sdk::price_rule::Prices;
use service_pricing::contract::PriceSource;

#[test]
fn rules_are_chained_and_the_last_price_counts() {
    let mut house = House::default();
    house.price_rules.push(("tiers", Box::new(|_, ()| Ok(prices(&[(0, 900), (1, 90)])))));
    house.price_rules.push(("half", Box::new(|cart, ()| Ok(prices(&[(0, cart.lines[0].unit / 2)])))));
    house.validations.push(("none", Box::new(|_, _| Ok(vec![]))));
    let priced = house.quote(request(vec![line("mug", 3, 1_000), line("lamp", 1, 100), line("pot", 1, 7)])).unwrap();
    let units: Vec<_> =
        priced.lines.iter().map(|line| (line.base_unit, line.unit, line.subtotal, line.total)).collect();
    assert_eq!(units, [(1_000, 450, 1_350, 1_350), (100, 90, 90, 90), (7, 7, 7, 7)]);
    let set_by =
        |plugin: &str| Some(PriceSource { plugin: plugin.into(), rule: "tier".into(), reasons: vec!["volume".into()] });
    assert_eq!(priced.lines[0].price, set_by("half"));
    assert_eq!(priced.lines[1].price, set_by("tiers"));
    assert_eq!(priced.lines[2].price, None);
    assert_eq!(priced.totals.grand, 1_447);
    assert_eq!(house.calls(), ["open", "price-rules", "validations"]);
}

#[test]
fn a_failed_rule_stands_among_the_plugins_and_changes_nothing() {
    let mut house = House::default();
    house.price_rules.push(("broken", Box::new(|_, ()| Err(fault("TRAP")))));
    let priced = house.quote(request(vec![line("mug", 1, 1_000)])).unwrap();
    assert_eq!(priced.totals.grand, 1_000);
    assert_eq!((priced.plugins[0].point.as_str(), priced.plugins[0].source.plugin.as_str()), ("price-rule", "broken"));
    assert_eq!(priced.plugins[0].fault.as_ref().unwrap().reason, "TRAP");
}

#[test]
fn prices_that_make_no_sense_are_refused() {
    let foreign = Prices { currency: "USD".into(), ..prices(&[]) };
    let unruled = Prices { rules: vec![], ..prices(&[(0, 5)]) };
    for bad in [foreign, unruled, prices(&[(1, 5)]), prices(&[(0, -5)]), prices(&[(0, i64::MAX)])] {
        let mut house = House::default();
        house.price_rules.push(("odd", Box::new(move |_, ()| Ok(bad.clone()))));
        let fault = house.quote(request(vec![line("mug", 2, 1_000)])).unwrap_err();
        assert_eq!(fault.reason, "INVALID_VERDICT");
    }
}
