//! The answer of `quotes.quote`, as far as it is shown.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PricedCart {
    pub(super) currency: String,
    pub(super) revision: String,
    pub(super) prices_include_tax: bool,
    pub(super) lines: Vec<Line>,
    pub(super) discounts: Vec<Discount>,
    pub(super) runners_up: Vec<RunnerUp>,
    pub(super) codes: Vec<Entered>,
    pub(super) shipping_options: Vec<Offered>,
    pub(super) shipping: Option<Shipping>,
    pub(super) loyalty: Points,
    pub(super) violations: Vec<Violation>,
    pub(super) totals: Totals,
    pub(super) plugins: Vec<Plugin>,
    #[serde(default)]
    pub(super) timings: Vec<Timing>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) sku: String,
    pub(super) quantity: u32,
    pub(super) base_unit: i64,
    pub(super) price_list: Option<String>,
    pub(super) unit: i64,
    pub(super) price: Option<PriceSource>,
    pub(super) discounts: Vec<Share>,
    pub(super) total: i64,
    pub(super) tax: i64,
    pub(super) gift: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct PriceSource {
    pub(super) plugin: String,
    pub(super) rule: String,
    pub(super) reasons: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Share {
    pub(super) amount: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Discount {
    pub(super) plugin: String,
    pub(super) message: String,
    pub(super) class: String,
    pub(super) amount: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct RunnerUp {
    pub(super) plugin: String,
    pub(super) message: String,
    pub(super) amount: i64,
    pub(super) why: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Entered {
    pub(super) code: String,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Offered {
    pub(super) code: String,
    pub(super) title: String,
    pub(super) price: i64,
    pub(super) min_days: Option<u16>,
    pub(super) max_days: Option<u16>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Shipping {
    pub(super) code: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Points {
    pub(super) earn: Vec<Credit>,
    pub(super) spent: u64,
    pub(super) worth: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Credit {
    pub(super) points: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Violation {
    pub(super) blocking: bool,
    pub(super) code: String,
    pub(super) message: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Totals {
    pub(super) items: i64,
    pub(super) discounts: i64,
    pub(super) shipping: i64,
    pub(super) tax: i64,
    pub(super) net: i64,
    pub(super) grand: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Plugin {
    pub(super) point: String,
    pub(super) source: Source,
    pub(super) fault: Option<Fault>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Source {
    pub(super) plugin: String,
    pub(super) version: String,
    pub(super) fuel: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Fault {
    pub(super) reason: String,
    pub(super) message: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Timing {
    pub(super) stage: String,
    pub(super) nanos: u64,
}
