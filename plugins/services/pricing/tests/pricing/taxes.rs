//! Taxes.

use super::house::House;
use super::words::{berlin, flat_tax, line, part, rate, request, whole};
use fondaco_sdk::Decimal;
use fondaco_sdk::tax::{Item, ItemTax, Part, Taxation};
use rstest::rstest;
use service_pricing::contract::{Request, TaxPart};
use service_pricing::policy::TaxRounding;

fn taxed(included: bool, rounding: TaxRounding) -> House {
    let mut house = House::default();
    house.policy.prices_include_tax = included;
    house.policy.tax_rounding = rounding;
    house.taxes.push(("vat", Box::new(|_, taxables| Ok(flat_tax(taxables, "VAT", 10)))));
    house
}

#[rstest]
#[case::on_top_by_line(false, TaxRounding::Line, [9, 9, 9], 27, 282, 309)]
#[case::on_top_by_order(false, TaxRounding::Order, [10, 9, 9], 28, 282, 310)]
#[case::included_by_line(true, TaxRounding::Line, [9, 9, 9], 27, 255, 282)]
#[case::included_by_order(true, TaxRounding::Order, [9, 9, 8], 26, 256, 282)]
fn tax_is_rounded_where_the_policy_says(
    #[case] included: bool,
    #[case] rounding: TaxRounding,
    #[case] by_line: [i64; 3],
    #[case] tax: i64,
    #[case] net: i64,
    #[case] grand: i64,
) {
    let priced =
        taxed(included, rounding).quote(request(vec![line("a", 1, 94), line("b", 1, 94), line("c", 1, 94)])).unwrap();
    let taxes: Vec<i64> = priced.lines.iter().map(|line| line.tax).collect();
    assert_eq!(taxes, by_line);
    assert_eq!((priced.totals.tax, priced.totals.net, priced.totals.grand), (tax, net, grand));
    assert_eq!(priced.prices_include_tax, included);
}

#[test]
fn two_plugins_and_shipping() {
    let mut house = taxed(false, TaxRounding::Line);
    house.rates.push(("dhl", Box::new(|_, _| Ok(vec![rate("parcel", 500)]))));
    house.taxes.push((
        "eco",
        Box::new(|_, _| {
            let fee = Part { amount: Some(25), ..part("eco fee", whole(0)) };
            Ok(Taxation { currency: "EUR".into(), items: vec![ItemTax { item: Item::Line(1), parts: vec![fee] }] })
        }),
    ));
    let wanted = Request {
        destination: Some(berlin()),
        shipping: Some("parcel".into()),
        ..request(vec![line("a", 1, 1_000), line("b", 1, 2_000)])
    };
    let priced = house.quote(wanted).unwrap();
    let tax = |name: &str, rate: &str, amount| TaxPart {
        jurisdiction: "DE".into(),
        name: name.into(),
        rate: rate.into(),
        amount,
    };
    assert_eq!(priced.lines[0].taxes, [tax("VAT", "10", 100)]);
    assert_eq!(priced.lines[1].taxes, [tax("VAT", "10", 200), tax("eco fee", "0", 25)]);
    assert_eq!((priced.lines[1].net, priced.lines[1].tax, priced.lines[1].gross), (2_000, 225, 2_225));
    assert_eq!(priced.shipping.unwrap().taxes, [tax("VAT", "10", 50)]);
    assert_eq!((priced.totals.tax, priced.totals.grand), (375, 3_875));
}

#[test]
fn rates_are_written_as_they_are_read() {
    let mut house = House::default();
    house.taxes.push((
        "vat",
        Box::new(|_, _| {
            let parts = |coefficient, scale| vec![part("VAT", Decimal { coefficient, scale })];
            let items = vec![
                ItemTax { item: Item::Line(0), parts: parts(190, 1) },
                ItemTax { item: Item::Line(1), parts: parts(19, 0) },
                ItemTax { item: Item::Line(2), parts: parts(77, 1) },
            ];
            Ok(Taxation { currency: "EUR".into(), items })
        }),
    ));
    let priced = house.quote(request(vec![line("a", 1, 100), line("b", 1, 100), line("c", 1, 100)])).unwrap();
    let rates: Vec<&str> = priced.lines.iter().map(|line| line.taxes[0].rate.as_str()).collect();
    assert_eq!(rates, ["19", "19", "7.7"]);
}

#[rstest]
#[case::foreign(Taxation { currency: "USD".into(), items: vec![] })]
#[case::no_line(Taxation { currency: "EUR".into(), items: vec![ItemTax { item: Item::Line(1), parts: vec![] }] })]
#[case::no_shipping(Taxation { currency: "EUR".into(), items: vec![ItemTax { item: Item::Shipping, parts: vec![] }] })]
#[case::below_zero(Taxation { currency: "EUR".into(), items: vec![ItemTax { item: Item::Line(0), parts: vec![part("VAT", whole(-1))] }] })]
fn taxes_that_make_no_sense_are_refused(#[case] taxation: Taxation) {
    let mut house = House::default();
    house.taxes.push(("odd", Box::new(move |_, _| Ok(taxation.clone()))));
    assert_eq!(house.quote(request(vec![line("a", 1, 100)])).unwrap_err().reason, "INVALID_VERDICT");
}
