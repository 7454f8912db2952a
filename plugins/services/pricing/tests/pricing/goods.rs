//! Lines that name nothing but a sku.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::house::House;
use super::words::{anna, berlin, by_sku, line, prices, request};
use fondaco_sdk::Code;
use fondaco_sdk::types::{Cart, PriceCandidate};
use rstest::rstest;
use service_pricing::contract::{Buyer, Line, Request, ViolationSubject};
use service_pricing::goods::{Goods, Offer};
use service_pricing::policy::Policy;

fn offer(price_list: &str, amount: i64) -> Offer {
    Offer { price_list: price_list.into(), currency: "EUR".into(), min_quantity: 1, amount, ..Offer::default() }
}

fn mug(offers: Vec<Offer>) -> Goods {
    Goods {
        product: "mug".into(),
        category: "kitchen".into(),
        tags: vec!["blue".into()],
        grams: 340,
        tax_category: "standard".into(),
        channels: vec!["*".into()],
        offers,
    }
}

/// A store that sells these.
fn store(goods: &[(&str, Goods)]) -> House {
    let goods: BTreeMap<String, Goods> = goods.iter().map(|(sku, goods)| ((*sku).to_owned(), goods.clone())).collect();
    let knows = move |skus: &[String]| Ok(skus.iter().map(|sku| goods.get(sku).cloned()).collect());
    House { goods: Some(Box::new(knows)), ..House::default() }
}

/// Keeps what rules see.
fn watch(house: &mut House) -> Rc<RefCell<Option<Cart>>> {
    let seen = Rc::new(RefCell::new(None));
    let keep = Rc::clone(&seen);
    let look = move |cart: &Cart, _: &_| {
        *keep.borrow_mut() = Some(cart.clone());
        Ok(vec![])
    };
    house.validations.push(("look", Box::new(look)));
    seen
}

#[test]
fn sku_and_quantity_are_enough() {
    let offers = vec![Offer { compare_at: Some(1_090), ..offer("web", 890) }];
    let mut house = store(&[("mug-blue", mug(offers))]);
    let seen = watch(&mut house);
    let priced = house.quote(request(vec![by_sku("mug-blue", 12)])).unwrap();
    assert_eq!((priced.totals.items, priced.lines[0].base_unit, priced.lines[0].unit), (10_680, 890, 890));
    assert_eq!(priced.lines[0].price_list.as_deref(), Some("web"));
    let cart = seen.take().unwrap();
    let expected = fondaco_sdk::types::Line {
        sku: "mug-blue".into(),
        product: "mug".into(),
        category: "kitchen".into(),
        tags: vec!["blue".into()],
        attributes: vec![],
        quantity: 12,
        unit: 890,
        compare_at: Some(1_090),
        total: 10_680,
        grams: 340,
        tax_category: "standard".into(),
        requires_shipping: true,
        gift: false,
        candidates: vec![],
    };
    assert_eq!(cart.lines, [expected]);
    assert_eq!(house.calls(), ["goods mug-blue", "open", "validations"]);
}

#[test]
fn what_a_line_says_itself_stands_and_whole_lines_are_not_asked_about() {
    let mut house = store(&[("mug-blue", mug(vec![offer("web", 890), offer("old", 950)]))]);
    let seen = watch(&mut house);
    let own = Line {
        product: Some("gift".into()),
        category: Some(String::new()),
        tags: Some(vec![]),
        grams: Some(0),
        tax_category: Some("none".into()),
        requires_shipping: Some(false),
        compare_at: Some(5),
        candidates: Some(vec![]),
        ..by_sku("mug-blue", 1)
    };
    let lines = vec![line("unheard-of", 2, 100), own, by_sku("mug-blue", 1)];
    let priced = house.quote(request(lines)).unwrap();
    let lists: Vec<_> = priced.lines.iter().map(|line| line.price_list.as_deref()).collect();
    assert_eq!((priced.totals.items, lists), (1_980, vec![None, Some("web"), Some("web")]));
    let lines = seen.take().unwrap().lines;
    assert_eq!((lines[0].unit, lines[0].product.as_str(), lines[0].category.as_str()), (100, "unheard-of", ""));
    let own = &lines[1];
    assert_eq!((own.product.as_str(), own.category.as_str(), own.tax_category.as_str()), ("gift", "", "none"));
    assert_eq!((own.tags.len(), own.grams, own.requires_shipping), (0, 0, false));
    assert_eq!((own.unit, own.compare_at, own.candidates.len()), (890, Some(5), 0));
    assert_eq!((lines[2].product.as_str(), lines[2].candidates.len()), ("mug", 2));
    // A sku once, however many lines have it.
    assert_eq!(house.calls(), ["goods mug-blue", "open", "validations"]);
}

#[test]
fn whole_lines_ask_nobody() {
    let house = store(&[("mug-blue", mug(vec![offer("web", 890)]))]);
    let priced = house.quote(request(vec![line("mug-blue", 1, 5)])).unwrap();
    assert_eq!((priced.totals.items, house.calls()), (5, vec!["open".to_owned()]));
}

fn now(now_ms: u64) -> Request {
    Request { now_ms: Some(now_ms), ..request(vec![by_sku("mug", 1)]) }
}

fn many(quantity: u32) -> Request {
    request(vec![by_sku("mug", quantity)])
}

fn of_groups(groups: &[&str]) -> Request {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Request { buyer: Some(Buyer { groups: Some(groups), ..anna() }), ..many(1) }
}

#[rstest]
#[case::base(many(1), 1_000)]
#[case::below_the_tier(many(9), 1_000)]
#[case::tier(many(10), 900)]
#[case::group(of_groups(&["vip", "staff"]), 700)]
#[case::another_group(of_groups(&["staff"]), 1_000)]
#[case::before_the_sale(now(4_999), 1_000)]
#[case::the_sale_begins(now(5_000), 800)]
#[case::its_last_moment(now(5_999), 800)]
#[case::after_the_sale(now(6_000), 1_000)]
#[case::another_channel(Request { channel: Some("app".into()), ..many(1) }, 950)]
#[case::country(Request { country: Some("ch".into()), ..many(1) }, 1_200)]
#[case::destination(Request { destination: Some(berlin()), ..many(1) }, 1_000)]
#[case::currency(Request { currency: "USD".into(), ..many(1) }, 1_111)]
fn the_first_price_that_holds_wins(#[case] request: Request, #[case] unit: i64) {
    let offers = vec![
        Offer { group: "vip".into(), ..offer("vip", 700) },
        Offer { channel: "app".into(), ..offer("app", 950) },
        Offer { country: "CH".into(), ..offer("swiss", 1_200) },
        Offer { from_ms: Some(5_000), until_ms: Some(6_000), ..offer("sale", 800) },
        Offer { min_quantity: 10, ..offer("base", 900) },
        offer("base", 1_000),
        Offer { currency: "USD".into(), ..offer("dollars", 1_111) },
    ];
    let house = store(&[("mug", mug(offers))]);
    assert_eq!(house.quote(request).unwrap().lines[0].base_unit, unit);
}

#[test]
fn price_rules_choose_from_all_prices_that_hold_for_the_buyer() {
    let offers = vec![
        Offer { group: "vip".into(), ..offer("vip", 700) },
        Offer { group: "staff".into(), ..offer("staff", 500) },
        Offer { from_ms: Some(0), until_ms: Some(9_000), ..offer("sale", 800) },
        Offer { from_ms: Some(8_000), ..offer("next", 750) },
        Offer { min_quantity: 50, ..offer("base", 850) },
        Offer { min_quantity: 10, ..offer("base", 900) },
        offer("base", 1_000),
        Offer { tax_included: true, ..offer("with-tax", 1_190) },
    ];
    let mut house = store(&[("mug", mug(offers))]);
    let seen = watch(&mut house);
    let cheapest = |cart: &Cart, (): &()| {
        let lowest = cart.lines[0].candidates.iter().map(|candidate| candidate.unit).min();
        Ok(prices(&[(0, lowest.unwrap())]))
    };
    house.price_rules.push(("cheapest", Box::new(cheapest)));
    let priced = house.quote(of_groups(&["vip"])).unwrap();
    assert_eq!((priced.lines[0].base_unit, priced.lines[0].unit), (700, 700));
    let expected = |id: &str, unit, tier: (u32, Option<u32>)| PriceCandidate {
        id: id.into(),
        unit,
        min_quantity: tier.0,
        max_quantity: tier.1,
        group: None,
        from_ms: None,
        until_ms: None,
    };
    let candidates = seen.take().unwrap().lines.remove(0).candidates;
    assert_eq!(
        candidates,
        [
            PriceCandidate { group: Some("vip".into()), ..expected("vip", 700, (1, None)) },
            PriceCandidate { from_ms: Some(0), until_ms: Some(9_000), ..expected("sale", 800, (1, None)) },
            expected("base", 850, (50, None)),
            expected("base", 900, (10, Some(49))),
            expected("base", 1_000, (1, Some(9))),
        ]
    );
}

#[test]
fn a_line_that_cannot_be_priced_is_named() {
    let dear = Goods { offers: vec![], ..mug(vec![]) };
    let house = store(&[("mug", mug(vec![offer("web", 890)])), ("dear", dear)]);
    let fault = |skus: &[&str], currency: &str| {
        let lines = skus.iter().map(|sku| by_sku(sku, 1)).collect();
        house.quote(Request { currency: currency.into(), ..request(lines) }).unwrap_err()
    };
    let unknown = fault(&["mug", "nothing", "dear", "nil"], "EUR");
    assert_eq!((unknown.code, unknown.reason.as_str()), (Code::FailedPrecondition, "UNKNOWN_SKU"));
    let detail = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let named =
        [detail("path", "lines[1].sku"), detail("sku", "nothing"), detail("paths", "lines[1].sku,lines[3].sku")];
    assert_eq!(unknown.metadata, named);
    let unpriced = fault(&["mug", "dear"], "EUR");
    assert_eq!(unpriced.reason, "NO_PRICE");
    assert_eq!(unpriced.metadata, [detail("path", "lines[1].sku"), detail("sku", "dear")]);
    let foreign = fault(&["mug"], "USD");
    assert_eq!(foreign.reason, "NO_PRICE");
    assert!(foreign.message.starts_with("lines[0].sku: `mug` has no price in USD"), "{}", foreign.message);
    // Nobody asked the rules.
    assert!(!house.calls().contains(&"open".to_owned()));
}

#[test]
fn a_list_with_tax_is_no_list_for_a_store_without() {
    let mut house = store(&[("mug", mug(vec![Offer { tax_included: true, ..offer("web", 890) }]))]);
    let fault = house.quote(many(1)).unwrap_err();
    assert_eq!(fault.reason, "TAX_INCLUSION_DIFFERS");
    assert!(fault.message.contains("`web` has prices with tax"), "{}", fault.message);
    house.policy = Policy { prices_include_tax: true, ..Policy::default() };
    assert_eq!(house.quote(many(1)).unwrap().totals.grand, 890);
}

#[test]
fn what_is_not_sold_here_is_priced_and_may_not_be_bought() {
    let app_only = Goods { channels: vec!["app".into()], ..mug(vec![offer("web", 890)]) };
    let house = store(&[("mug", app_only), ("plate", mug(vec![offer("web", 10)]))]);
    let cart = |channel: &str| {
        let lines = vec![by_sku("plate", 1), Line { id: Some("mugs".into()), ..by_sku("mug", 2) }];
        Request { channel: Some(channel.into()), ..request(lines) }
    };
    let priced = house.quote(cart("web")).unwrap();
    assert_eq!(priced.totals.grand, 1_790);
    let violation = &priced.violations[0];
    assert_eq!((violation.plugin.as_str(), violation.code.as_str()), ("catalog", "NOT_FOR_SALE"));
    assert_eq!((violation.blocking, &violation.subject), (true, &ViolationSubject::Line("mugs".into())));
    assert_eq!(priced.violations.len(), 1);
    assert!(house.quote(cart("app")).unwrap().violations.is_empty());
}

#[test]
fn a_cart_holds_no_more_tags_than_rules_are_handed() {
    let tags = (0..64).map(|number| number.to_string()).collect();
    let mut house = store(&[("mug", Goods { tags, ..mug(vec![offer("web", 1)]) })]);
    let seen = watch(&mut house);
    house.quote(many(1)).unwrap();
    assert_eq!(seen.take().unwrap().lines[0].tags.len(), 32);
}
