//! Solidus taxes: zones and rates as facts, everything after that by `fondaco_commerce::tax`.

use crate::{
    case::{Problem, field, not_mapped, only, same},
    number::{decimal, exponent, minor, too_large},
};
use fondaco_commerce::{
    decimal::Decimal,
    rounding::Rounding,
    tax::{self, Item, Level, Part, Policy},
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

const MODE: Rounding = Rounding::HalfAwayFromZero;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    #[serde(rename = "price_list")]
    _price_list: String,
    home_vat_country: Option<String>,
    zones: BTreeMap<String, Zone>,
    rates: Vec<Rate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Zone {
    #[serde(default)]
    countries: Vec<String>,
    #[serde(default)]
    states: Vec<String>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Rate {
    id: String,
    amount: Value,
    included_in_price: bool,
    categories: Vec<String>,
    zone: String,
}

#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields)]
struct Address {
    country: Option<String>,
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Goods {
    #[serde(rename = "product")]
    _product: String,
    listed_price: Value,
    quantity: i64,
    tax_category: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shipping {
    price: Value,
    tax_category: String,
}

/// What one item comes to.
struct Taxed {
    price: i64,
    included: Vec<(String, i64)>,
    added: Vec<(String, i64)>,
}

impl Scenario {
    fn rates_for(&self, category: &str, address: &Address) -> Vec<Rate> {
        let inside = |rate: &&Rate| self.zones.get(&rate.zone).is_some_and(|zone| zone.holds(address));
        let of_category = self.rates.iter().filter(|rate| rate.categories.iter().any(|name| name == category));
        of_category.filter(inside).cloned().collect()
    }
}

impl Zone {
    fn holds(&self, address: &Address) -> bool {
        let Some(country) = &address.country else {
            return false;
        };
        let state = address.state.as_ref().map(|state| format!("{country}-{state}"));
        self.countries.contains(country) || state.is_some_and(|state| self.states.contains(&state))
    }
}

pub(crate) fn judge(case: &Value, whole: &Value) -> Result<(), Problem> {
    only(case, &["id", "source", "scenario", "address", "items", "shipping", "then", "expected", "note", "contested"])?;
    let name = field(case, "scenario")?.as_str().unwrap_or_default();
    let scenario: Scenario = serde_json::from_value(field(field(whole, "scenarios")?, name)?.clone())?;
    let address = address_of(case)?;
    let expected = field(case, "expected")?;
    only(expected, &["item", "items", "shipment", "order"])?;
    if let Some(expected) = expected.get("item") {
        let goods: Vec<Goods> = serde_json::from_value(field(case, "items")?.clone())?;
        let [goods] = goods.as_slice() else {
            return not_mapped("several items, and one expected");
        };
        compare(&item(&scenario, &address, goods)?, expected)?;
    }
    if let Some(expected) = expected.get("items").and_then(Value::as_array) {
        let goods: Vec<Goods> = serde_json::from_value(field(case, "items")?.clone())?;
        same("how many items", goods.len(), expected.len())?;
        for (goods, expected) in goods.iter().zip(expected) {
            compare(&item(&scenario, &address, goods)?, expected)?;
        }
    }
    if let Some(expected) = expected.get("shipment") {
        let shipping: Shipping = serde_json::from_value(field(case, "shipping")?.clone())?;
        let rates = scenario.rates_for(&shipping.tax_category, &address);
        compare(&taxed(cents(&shipping.price)?, &rates)?, expected)?;
    }
    if expected.get("order").is_some() {
        return not_mapped("figures of the whole order");
    }
    Ok(())
}

fn address_of(case: &Value) -> Result<Address, Problem> {
    match case.get("then").and_then(Value::as_str) {
        None => Ok(serde_json::from_value(case.get("address").cloned().unwrap_or_default()).unwrap_or_default()),
        Some("the address is removed and the order recalculated") => Ok(Address::default()),
        Some(other) => not_mapped(format!("the mapping does not know the step `{other}`")),
    }
}

fn item(scenario: &Scenario, address: &Address, goods: &Goods) -> Result<Taxed, Problem> {
    let rates = scenario.rates_for(&goods.tax_category, address);
    let unit = cents(&goods.listed_price)?;
    let price = repriced(scenario, goods, address, unit)?.checked_mul(goods.quantity).ok_or_else(too_large)?;
    taxed(price, &rates)
}

/// A listed price contains the tax at home. For elsewhere it is the net price with the taxes there.
fn repriced(scenario: &Scenario, goods: &Goods, address: &Address, unit: i64) -> Result<i64, Problem> {
    let Some(home) = &scenario.home_vat_country else {
        return Ok(unit);
    };
    let home = Address { country: Some(home.clone()), state: None };
    if address.country.is_none() {
        return Ok(unit);
    }
    let included = |rates: Vec<Rate>| rates.into_iter().filter(|rate| rate.included_in_price).collect::<Vec<_>>();
    let at_home = included(scenario.rates_for(&goods.tax_category, &home));
    let there = included(scenario.rates_for(&goods.tax_category, address));
    let ids = |rates: &[Rate]| rates.iter().map(|rate| rate.id.clone()).collect::<Vec<_>>();
    if ids(&at_home) == ids(&there) {
        return Ok(unit);
    }
    // From the exact net price, not from the rounded one: unit × (100 + there) / (100 + home).
    let hundred = Decimal::whole(100);
    let scale = 6;
    let part = |percent: Decimal| {
        hundred.checked_add(percent).ok_or_else(too_large)?.to_units(scale, MODE).map_err(Problem::from)
    };
    let (there, home) = (part(sum_of(&there)?)?, part(sum_of(&at_home)?)?);
    let price = MODE.divide(i128::from(unit) * i128::from(there), i128::from(home));
    price.and_then(|price| i64::try_from(price).ok()).ok_or_else(too_large)
}

fn sum_of(rates: &[Rate]) -> Result<Decimal, Problem> {
    rates.iter().try_fold(Decimal::ZERO, |sum, rate| sum.checked_add(percent(&rate.amount)?).ok_or_else(too_large))
}

/// 0.19 in the data is 19 here.
fn percent(rate: &Value) -> Result<Decimal, Problem> {
    decimal(rate)?.checked_mul(Decimal::whole(100)).ok_or_else(too_large)
}

fn taxed(price: i64, rates: &[Rate]) -> Result<Taxed, Problem> {
    let assess = |included: bool| -> Result<Vec<(String, i64)>, Problem> {
        let rates: Vec<&Rate> = rates.iter().filter(|rate| rate.included_in_price == included).collect();
        let mut parts = Vec::new();
        for (key, rate) in (0..).zip(&rates) {
            parts.push(Part::new(key, percent(&rate.amount)?));
        }
        let policy = Policy { included, level: Level::Line, rounding: MODE };
        let assessment = tax::assess(&policy, &[Item { amount: price, parts: &parts }])?;
        let amounts = assessment.items().first().map(|item| assessment.parts(item)).unwrap_or_default();
        Ok(rates.iter().map(|rate| rate.id.clone()).zip(amounts.iter().copied()).collect())
    };
    Ok(Taxed { price, included: assess(true)?, added: assess(false)? })
}

fn compare(found: &Taxed, expected: &Value) -> Result<(), Problem> {
    only(expected, &["price", "gross", "net", "tax_lines", "included_tax", "additional_tax", "tax_total"])?;
    let sum = |parts: &[(String, i64)]| parts.iter().map(|(_, amount)| amount).sum::<i64>();
    let (included, added) = (sum(&found.included), sum(&found.added));
    let figures = [
        ("price", found.price),
        ("gross", found.price + added),
        ("net", found.price - included),
        ("included_tax", included),
        ("additional_tax", added),
        ("tax_total", included + added),
    ];
    for (name, figure) in figures {
        if let Some(expected) = expected.get(name) {
            same(name, figure, cents(expected)?)?;
        }
    }
    let lines: Vec<&(String, i64)> = found.included.iter().chain(&found.added).collect();
    match expected.get("tax_lines") {
        None => Ok(()),
        Some(Value::Array(expected)) => {
            let expected = expected.iter().map(|line| {
                only(line, &["rate", "amount"])?;
                Ok((field(line, "rate")?.as_str().unwrap_or_default().to_owned(), cents(field(line, "amount")?)?))
            });
            let mut expected = expected.collect::<Result<Vec<_>, Problem>>()?;
            let mut lines: Vec<(String, i64)> = lines.into_iter().cloned().collect();
            expected.sort();
            lines.sort();
            same("tax lines", lines, expected)
        }
        Some(count) => same("how many tax lines", Some(lines.len() as u64), count.as_u64()),
    }
}

fn cents(value: &Value) -> Result<i64, Problem> {
    minor(decimal(value)?, exponent("USD")?).ok_or_else(|| Problem::NotMapped(format!("{value} is not in cents")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalculatorCase {
    #[serde(rename = "id")]
    _id: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(default, rename = "note")]
    _note: Option<String>,
    #[serde(default, rename = "contested")]
    _contested: Option<Value>,
    rate: Option<Value>,
    #[serde(default)]
    included_in_price: bool,
    rate_active: bool,
    flat_fee: Option<Value>,
    applies_to: String,
    #[serde(default)]
    lines: Vec<CalculatorLine>,
    adjustment: Option<Value>,
    expected_tax: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalculatorLine {
    price: Value,
    quantity: i64,
    taxed: bool,
}

pub(crate) fn judge_calculator(case: &Value, _: &Value) -> Result<(), Problem> {
    let case: CalculatorCase = serde_json::from_value(case.clone())?;
    let level = match case.applies_to.as_str() {
        "order" => Level::Order,
        "line_item" | "shipment" | "shipping_rate" => Level::Line,
        other => return not_mapped(format!("the mapping does not know taxes on `{other}`")),
    };
    let expected = cents(&case.expected_tax)?;
    let policy = Policy { included: case.included_in_price, level, rounding: MODE };
    let parts = match (&case.rate, &case.flat_fee, case.rate_active) {
        (_, _, false) => Vec::new(),
        (Some(rate), None, true) => vec![Part::new(0, percent(rate)?)],
        (None, Some(fee), true) => vec![Part { amount: Some(cents(fee)?), ..Part::new(0, Decimal::ZERO) }],
        _ => return not_mapped("neither a rate nor a fee"),
    };
    if case.flat_fee.is_some() {
        let assessment = tax::assess(&policy, &[Item { amount: 0, parts: &parts }])?;
        return same("tax", assessment.tax(), expected);
    }
    let mut amounts = Vec::new();
    for line in &case.lines {
        let price = decimal(&line.price)?.checked_mul(Decimal::whole(line.quantity)).ok_or_else(too_large)?;
        amounts.push((price, line.taxed));
    }
    if let (Some(adjustment), Some((first, _))) = (&case.adjustment, amounts.first_mut()) {
        *first = first.checked_add(decimal(adjustment)?).ok_or_else(too_large)?;
    }
    let in_cents: Option<Vec<(i64, bool)>> =
        amounts.iter().map(|(amount, taxed)| minor(*amount, 2).map(|cents| (cents, *taxed))).collect();
    let Some(in_cents) = in_cents else {
        return finer_than_cents(&amounts, &case, expected);
    };
    let items: Vec<Item<'_>> = in_cents
        .iter()
        .map(|(amount, taxed)| Item { amount: *amount, parts: if *taxed { &parts } else { &[] } })
        .collect();
    same("tax", tax::assess(&policy, &items)?.tax(), expected)
}

/// Prices of less than a cent are no amounts here; the exact product is, and it is rounded once.
fn finer_than_cents(amounts: &[(Decimal, bool)], case: &CalculatorCase, expected: i64) -> Result<(), Problem> {
    let (false, true, Some(rate)) = (case.included_in_price, case.rate_active, &case.rate) else {
        return not_mapped("prices finer than cents");
    };
    let taxed = amounts.iter().filter(|(_, taxed)| *taxed);
    let sum = taxed.map(|(amount, _)| *amount).try_fold(Decimal::ZERO, Decimal::checked_add).ok_or_else(too_large)?;
    let tax = sum.checked_mul(decimal(rate)?).ok_or_else(too_large)?;
    same("tax", tax.to_units(2, MODE)?, expected)
}
