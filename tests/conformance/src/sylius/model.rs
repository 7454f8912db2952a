//! A Sylius case as it stands in the data. Unknown fields are refused: they may mean something.

use crate::number::Exact;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

type ByChannel = BTreeMap<String, i64>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    #[serde(rename = "id")]
    _id: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "line")]
    _line: Value,
    #[serde(default, rename = "title")]
    _title: Value,
    #[serde(default, rename = "tags")]
    _tags: Value,
    #[serde(default, rename = "pins")]
    _pins: Value,
    #[serde(default, rename = "note")]
    _note: Value,
    #[serde(default, rename = "derived")]
    _derived: Value,
    #[serde(default, rename = "contested")]
    _contested: Value,
    pub(super) now: String,
    pub(super) given: Given,
    pub(super) when: When,
    pub(super) then: Then,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    pub(super) currency: String,
    pub(super) channel: String,
    #[serde(default, rename = "channels")]
    _channels: Value,
    #[serde(default)]
    pub(super) products: Vec<Product>,
    /// Memberships are exact in Sylius's rules, so a taxon's parents do not matter.
    #[serde(default, rename = "taxon_parents")]
    _taxon_parents: Value,
    #[serde(default)]
    pub(super) promotions: Vec<Promotion>,
    #[serde(default)]
    pub(super) tax_rates: Vec<TaxRate>,
    #[serde(default)]
    pub(super) zones: BTreeMap<String, Zone>,
    pub(super) default_tax_zone: Option<String>,
    #[serde(default, rename = "prices_include_tax")]
    _prices_include_tax: Value,
    #[serde(default)]
    pub(super) tax_strategy: Strategy,
    #[serde(default)]
    pub(super) shipping_methods: Vec<Method>,
    pub(super) customer: Option<Customer>,
    #[serde(default)]
    pub(super) exchange_rates: Vec<ExchangeRate>,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Strategy {
    #[default]
    OrderItems,
    OrderItemUnits,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Product {
    pub(super) sku: String,
    #[serde(default, rename = "name")]
    _name: Value,
    #[serde(rename = "product")]
    pub(super) parent: Option<String>,
    pub(super) price: i64,
    #[serde(default)]
    pub(super) prices: ByChannel,
    pub(super) original_price: Option<i64>,
    pub(super) min_price: Option<i64>,
    #[serde(default)]
    pub(super) taxons: Vec<String>,
    pub(super) tax_category: Option<String>,
    pub(super) shipping_category: Option<String>,
    #[serde(default = "yes")]
    pub(super) requires_shipping: bool,
    pub(super) weight: Option<Exact>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the switches of the data, as they stand there")]
pub(super) struct Promotion {
    pub(super) code: String,
    pub(super) kind: Kind,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) priority: i64,
    #[serde(default)]
    pub(super) exclusive: bool,
    #[serde(default = "yes")]
    pub(super) applies_to_discounted: bool,
    #[serde(default)]
    pub(super) coupon_based: bool,
    #[serde(default)]
    pub(super) coupons: Vec<Coupon>,
    pub(super) channels: Option<Vec<String>>,
    pub(super) starts: Option<String>,
    pub(super) ends: Option<String>,
    pub(super) usage_limit: Option<u64>,
    #[serde(default)]
    pub(super) used: u64,
    #[serde(default)]
    pub(super) rules: Vec<Rule>,
    #[serde(default)]
    pub(super) actions: Vec<Action>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Catalog,
    Cart,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Coupon {
    pub(super) code: String,
    pub(super) expires: Option<String>,
    pub(super) usage_limit: Option<u64>,
    pub(super) per_customer_limit: Option<u64>,
    #[serde(default)]
    pub(super) used: u64,
    #[serde(default)]
    pub(super) used_by_customer: u64,
    /// `used` and `used_by_customer` are effective counts already.
    #[serde(default, rename = "reusable_from_cancelled")]
    _reusable_from_cancelled: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) config: RuleConfig,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleConfig {
    pub(super) count: Option<u64>,
    pub(super) amount: Option<i64>,
    #[serde(default, rename = "amounts")]
    _amounts: Value,
    pub(super) taxon: Option<String>,
    #[serde(default)]
    pub(super) taxons: Vec<String>,
    #[serde(default)]
    pub(super) skus: Vec<String>,
    #[serde(default)]
    pub(super) products: Vec<String>,
    pub(super) nth: Option<u64>,
    pub(super) group: Option<String>,
    pub(super) weight: Option<Exact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) config: ActionConfig,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionConfig {
    pub(super) amount: Option<i64>,
    #[serde(default, rename = "amounts")]
    _amounts: Value,
    pub(super) percentage: Option<Exact>,
    #[serde(default)]
    pub(super) filters: Filters,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Filters {
    pub(super) price_range: Option<PriceRange>,
    pub(super) taxons: Option<Vec<String>>,
    pub(super) skus: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceRange {
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaxRate {
    #[serde(default, rename = "name")]
    _name: Value,
    pub(super) category: String,
    pub(super) zone: String,
    pub(super) rate: Exact,
    #[serde(default)]
    pub(super) included: bool,
    pub(super) calculator: Option<String>,
    pub(super) starts: Option<String>,
    pub(super) ends: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Zone {
    #[serde(default)]
    pub(super) countries: Vec<String>,
    #[serde(default)]
    pub(super) rest_of_world: bool,
    #[serde(default)]
    pub(super) except: Vec<String>,
    pub(super) scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Method {
    pub(super) code: String,
    pub(super) fee: i64,
    #[serde(default)]
    pub(super) fees: ByChannel,
    pub(super) calculator: String,
    pub(super) zone: Option<String>,
    #[serde(default)]
    pub(super) rules: Vec<Rule>,
    pub(super) shipping_category: Option<String>,
    pub(super) category_requirement: Option<String>,
    pub(super) tax_category: Option<String>,
    #[serde(default, rename = "position")]
    pub(super) position: Option<i64>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    pub(super) channels: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Customer {
    #[serde(default, rename = "logged_in")]
    _logged_in: Value,
    #[serde(default, rename = "guest")]
    _guest: Value,
    #[serde(default, rename = "history")]
    _history: Value,
    pub(super) group: Option<String>,
    #[serde(default)]
    pub(super) orders_placed: u64,
    #[serde(default)]
    pub(super) orders_cancelled: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExchangeRate {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) rate: Exact,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    pub(super) cart: Option<Vec<CartLine>>,
    pub(super) view: Option<Vec<String>>,
    pub(super) coupon: Option<String>,
    pub(super) address: Option<Address>,
    pub(super) shipping_method: Option<String>,
    pub(super) shipping_method_by: Option<String>,
    pub(super) display_currency: Option<String>,
    /// How the cart came about; it is the final one already.
    #[serde(default, rename = "steps")]
    _steps: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CartLine {
    pub(super) sku: String,
    pub(super) quantity: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    pub(super) country: String,
}

type BySku<T> = BTreeMap<String, T>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Then {
    pub(super) total: Option<i64>,
    pub(super) base_total: Option<i64>,
    pub(super) discount: Option<i64>,
    pub(super) items_total: Option<i64>,
    pub(super) shipping: Option<i64>,
    pub(super) shipping_discount: Option<i64>,
    #[serde(default)]
    pub(super) shipping_fees: BySku<i64>,
    pub(super) tax: Option<i64>,
    pub(super) tax_included: Option<i64>,
    #[serde(default)]
    pub(super) unit_prices: BySku<i64>,
    #[serde(default)]
    pub(super) original_prices: BySku<i64>,
    #[serde(default)]
    pub(super) line_totals: BySku<i64>,
    #[serde(default)]
    pub(super) line_subtotals: BySku<i64>,
    #[serde(default)]
    pub(super) unit_discounts: BySku<Vec<i64>>,
    pub(super) coupon: Option<String>,
    pub(super) applied: Option<Vec<String>>,
    #[serde(default)]
    pub(super) applied_by_sku: BySku<Vec<String>>,
    pub(super) applied_count: Option<u64>,
    pub(super) empty: Option<bool>,
    pub(super) currency: Option<String>,
}
