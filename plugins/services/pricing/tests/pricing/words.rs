//! Short words for requests and for what rules say.

use fondaco_sdk::{
    Code, Decimal, Fault, Money,
    price_rule::{Price, Prices, Rule},
    promotion::{Discount, DiscountClass, FixedValue, LineTarget, Offer, Operation, Selection, Target, Value},
    shipping_rate::Rate,
    tax::{Item, ItemTax, Part, Taxables, Taxation},
    types::Address,
};
use service_pricing::contract::{Buyer, Line, Request};

pub(crate) fn request(lines: Vec<Line>) -> Request {
    Request {
        request_id: Some("r-1".into()),
        now_ms: Some(1_000),
        utc_offset_minutes: None,
        channel: None,
        currency: "EUR".into(),
        locale: None,
        country: None,
        buyer: None,
        lines,
        codes: None,
        destination: None,
        shipping: None,
        spend_points: None,
        step: None,
        timings: None,
    }
}

pub(crate) fn line(sku: &str, quantity: u32, unit: i64) -> Line {
    Line { unit: Some(unit), ..by_sku(sku, quantity) }
}

/// A line that says nothing else.
pub(crate) fn by_sku(sku: &str, quantity: u32) -> Line {
    Line {
        id: None,
        sku: sku.into(),
        product: None,
        category: None,
        tags: None,
        attributes: None,
        quantity,
        unit: None,
        compare_at: None,
        grams: None,
        tax_category: None,
        requires_shipping: None,
        candidates: None,
    }
}

pub(crate) fn berlin() -> Address {
    Address {
        country: "DE".into(),
        region: String::new(),
        postal_code: "10115".into(),
        city: "Berlin".into(),
        street: vec![],
    }
}

pub(crate) fn anna() -> Buyer {
    Buyer { id: "anna".into(), groups: None, orders: None, spent: None }
}

pub(crate) fn eur(minor: i64) -> Money {
    Money { minor, currency: "EUR".into() }
}

pub(crate) fn whole(value: i64) -> Decimal {
    Decimal { coefficient: value, scale: 0 }
}

pub(crate) fn fault(reason: &str) -> Fault {
    Fault { code: Code::FailedPrecondition, reason: reason.into(), message: "no".into(), metadata: vec![] }
}

pub(crate) fn prices(units: &[(u32, i64)]) -> Prices {
    let price = |(line, unit): &(u32, i64)| Price { line: *line, unit: *unit, rule: 0 };
    let rules = vec![Rule { name: "tier".into(), reasons: vec!["volume".into()] }];
    Prices { currency: "EUR".into(), rules, prices: units.iter().map(price).collect() }
}

pub(crate) fn discount(class: DiscountClass, targets: Vec<Target>, value: Value, message: &str) -> Discount {
    Discount {
        targets,
        value,
        cap: None,
        class,
        lane: 100,
        exclusive_group: String::new(),
        code: None,
        message: message.into(),
    }
}

pub(crate) fn off_lines(lines: &[u32], value: Value, message: &str) -> Discount {
    let target = |line: &u32| Target::Line(LineTarget { line: *line, quantity: None });
    discount(DiscountClass::Line, lines.iter().map(target).collect(), value, message)
}

pub(crate) fn off_order(value: Value, message: &str) -> Discount {
    discount(DiscountClass::Order, vec![Target::OrderSubtotal(vec![])], value, message)
}

pub(crate) fn off_shipping(value: Value, message: &str) -> Discount {
    discount(DiscountClass::Shipping, vec![Target::Shipping], value, message)
}

pub(crate) fn percent(value: i64) -> Value {
    Value::Percent(whole(value))
}

pub(crate) fn once(minor: i64) -> Value {
    Value::Fixed(FixedValue { amount: eur(minor), each: false })
}

pub(crate) fn offer(discounts: Vec<Discount>) -> Operation {
    Operation::Offer(Offer { selection: Selection::All, discounts })
}

pub(crate) fn rate(code: &str, minor: i64) -> Rate {
    Rate {
        code: code.into(),
        title: code.into(),
        price: eur(minor),
        min_days: Some(1),
        max_days: Some(3),
        reasons: vec![],
    }
}

pub(crate) fn part(name: &str, rate: Decimal) -> Part {
    Part { jurisdiction: "DE".into(), name: name.into(), rate, amount: None }
}

/// One rate on all items.
pub(crate) fn flat_tax(taxables: &Taxables, name: &str, rate: i64) -> Taxation {
    let tax = |item: Item| ItemTax { item, parts: vec![part(name, whole(rate))] };
    Taxation { currency: "EUR".into(), items: taxables.items.iter().map(|taxable| tax(taxable.item)).collect() }
}
