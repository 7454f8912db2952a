//! Shipping.

use super::house::House;
use super::words::{berlin, fault, line, off_shipping, offer, once, rate, request};
use rstest::rstest;
use service_pricing::contract::{Line, Request, ViolationSubject};

fn shipping(chosen: Option<&str>) -> Request {
    Request { destination: Some(berlin()), shipping: chosen.map(str::to_owned), ..request(vec![line("mug", 1, 1_000)]) }
}

fn carrier() -> House {
    let mut house = House::default();
    house.rates.push(("dhl", Box::new(|_, _| Ok(vec![rate("express", 990), rate("parcel", 490)]))));
    house.rates.push(("bike", Box::new(|_, shipment| Ok(vec![rate(&shipment.zone, 490)]))));
    house
}

#[test]
fn options_stand_cheapest_first() {
    let priced = carrier().quote(shipping(None)).unwrap();
    let options: Vec<_> = priced
        .shipping_options
        .iter()
        .map(|option| (option.plugin.as_str(), option.code.as_str(), option.price))
        .collect();
    assert_eq!(options, [("bike", "domestic", 490), ("dhl", "parcel", 490), ("dhl", "express", 990)]);
    assert_eq!((priced.shipping, priced.totals.shipping), (None, 0));
}

#[test]
fn the_chosen_option_is_priced_discounted_and_shown_to_promotions() {
    let mut house = carrier();
    house.promotions.push((
        "free",
        Box::new(|cart, ()| {
            let price = cart.shipping.as_ref().unwrap().price;
            Ok(vec![offer(vec![off_shipping(once(price - 90), "nearly free")])])
        }),
    ));
    house.validations.push(("none", Box::new(|_, _| Ok(vec![]))));
    let priced = house.quote(shipping(Some("express"))).unwrap();
    let chosen = priced.shipping.unwrap();
    assert_eq!((chosen.price, chosen.discount, chosen.total, chosen.gross), (990, 900, 90, 90));
    assert_eq!(
        (priced.totals.items, priced.totals.discounts, priced.totals.shipping, priced.totals.grand),
        (1_000, 900, 90, 1_090)
    );
    let calls =
        ["open", "zone", "shipping-rates", "set-shipping", "promotions", "set-amounts", "set-shipping", "validations"];
    assert_eq!(house.calls(), calls);
}

#[rstest]
#[case::no_destination(Request { destination: None, ..shipping(None) })]
#[case::nothing_to_ship(request(vec![Line { requires_shipping: Some(false), ..line("book", 1, 100) }]))]
fn the_zone_is_not_asked_for_in_vain(#[case] request: Request) {
    let house = carrier();
    house.quote(request).unwrap();
    assert_eq!(house.calls(), ["open"]);
}

#[test]
fn without_rates_no_zone() {
    let house = House::default();
    house.quote(shipping(None)).unwrap();
    assert_eq!(house.calls(), ["open"]);
}

#[test]
fn where_a_store_does_not_ship_the_rest_of_the_quote_stands() {
    let house = House { zone: Some(Err(fault("NO_ZONE"))), ..carrier() };
    let priced = house.quote(shipping(None)).unwrap();
    assert_eq!(priced.totals.grand, 1_000);
    let violation = &priced.violations[0];
    assert_eq!((violation.code.as_str(), violation.blocking), ("NO_ZONE", true));
    assert_eq!(violation.subject, ViolationSubject::Address("country".into()));
}

#[test]
fn another_fault_of_the_shipping_service_ends_the_quote() {
    let house = House { zone: Some(Err(fault("UNAVAILABLE"))), ..carrier() };
    assert_eq!(house.quote(shipping(None)).unwrap_err().reason, "UNAVAILABLE");
}

#[test]
fn an_option_that_is_not_offered_is_a_violation() {
    let priced = carrier().quote(shipping(Some("drone"))).unwrap();
    assert_eq!(priced.shipping, None);
    assert_eq!((priced.violations[0].code.as_str(), priced.violations[0].blocking), ("SHIPPING_NOT_OFFERED", true));
}
