//! A store with a catalog, price lists and plugins, opened as a merchant opens it.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Draw, LINES};
use crate::host::{Host, Release};
use crate::load::Ask;
use crate::scene;

/// Products that come in through the import; a larger catalog repeats them.
pub(super) const IMPORTED: usize = 100;

const EU_VAT_CONFIG: &str = r#"{"origin":"DE","rates":{"DE":{"standard":19,"reduced":7}},"reduced":["books"]}"#;
const PLUGINS: [(&str, &str, &str); 3] = [
    ("price-rule", "volume-tiers", scene::VOLUME_TIERS_CONFIG),
    ("promotion", "tiered-spend", scene::TIERED_SPEND_CONFIG),
    ("tax", "eu-vat", EU_VAT_CONFIG),
];

/// One store.
pub(super) struct Shop {
    pub(super) tenant: String,
    pub(super) products: usize,
}

impl Shop {
    pub(super) fn new(tenant: &str, products: usize) -> Self {
        Self { tenant: tenant.to_owned(), products }
    }

    pub(super) fn name(&self) -> String {
        format!("{} products", self.products)
    }

    /// Imports so many products with their prices in two lists, and releases the plugins.
    pub(super) async fn open(&self, host: &Host, products: usize) -> Result<()> {
        for (code, group) in [("base", ""), ("retail", "retail")] {
            let list = json!({
                "code": code, "title": code, "currency": "EUR", "channel": "", "customerGroup": group, "country": "",
                "priority": 0, "taxIncluded": false, "enabled": true,
            });
            host.post("/v1/price-book/lists", &self.tenant, &list).await?;
        }
        self.import(host, "catalog", &catalog(products)).await?;
        self.import(host, "price-book", &prices(products)).await?;
        for (point, name, config) in PLUGINS {
            host.push(&self.tenant, name, "1.0.0", host.component(&format!("merchants/{name}"))?).await?;
            let tenant = &self.tenant;
            host.release(&Release { tenant, point, name, version: "1.0.0", position: 0, config }).await?;
        }
        Ok(())
    }

    async fn import(&self, host: &Host, service: &str, csv: &str) -> Result<()> {
        let chunk = json!({ "format": "csv", "text": csv, "firstRow": 1 });
        let report = host.post(&format!("/v1/{service}/transfer/import-chunk"), &self.tenant, &chunk).await?;
        let failed = report.get("failed").and_then(Value::as_u64);
        ensure!(failed == Some(0), "import into {service}: {report}");
        Ok(())
    }

    /// One quote, looked at: all lines have their price from the list that wins, and all plugins took part.
    pub(super) async fn check(&self, host: &Host) -> Result<()> {
        let last = self.products - 1;
        let quote = host.quote(&self.tenant, &request([0, last].into_iter())).await?;
        let lines = quote.get("lines").and_then(Value::as_array).context("a quote without lines")?;
        for (line, product) in lines.iter().zip([0, last]) {
            let found = (line.get("baseUnit").and_then(Value::as_u64), line.get("priceList").and_then(Value::as_str));
            let wanted = (Some(retail(product)), Some("retail"));
            ensure!(found == wanted, "a line of {}: {found:?} instead of {wanted:?}: {line}", self.tenant);
        }
        let violations = quote.get("violations").and_then(Value::as_array).map(Vec::len);
        let plugins = quote.get("plugins").and_then(Value::as_array).map(Vec::len);
        ensure!((violations, plugins) == (Some(0), Some(3)), "an odd quote of {}: {quote}", self.tenant);
        Ok(())
    }

    /// The n-th cart, of products that are drawn.
    pub(super) fn cart(&self, number: usize, draw: Draw) -> Ask {
        self.cart_of(|line| draw(number * LINES + line, self.products))
    }

    /// A cart of these products.
    pub(super) fn cart_of(&self, product: impl Fn(usize) -> usize) -> Ask {
        let body = request((0..LINES).map(product)).to_string().into();
        Ask { tenant: Some(self.tenant.clone()), body }
    }
}

/// Lines of nothing but sku and quantity.
fn request(products: impl Iterator<Item = usize>) -> Value {
    let line = |(number, product)| json!({ "sku": sku(product), "quantity": 1 + number % 7 });
    json!({
        "currency": "EUR",
        "country": "DE",
        "buyer": {"id": "anna", "groups": ["retail"]},
        "lines": products.enumerate().map(line).collect::<Vec<_>>(),
    })
}

/// The sku of a product. Behind those that were imported, theirs are repeated with a number: see `bulk`.
pub(super) fn sku(product: usize) -> String {
    match product / IMPORTED {
        0 => format!("sku-{product:02}"),
        copy => format!("sku-{:02}-{copy}", product % IMPORTED),
    }
}

/// What one costs for retail customers, in cents: 10% less than the base price.
fn retail(product: usize) -> u64 {
    let base = 1_000 + 10 * (product % IMPORTED) as u64;
    base - base / 10
}

fn catalog(products: usize) -> String {
    let mut csv = "sku,product,title,description,tags,attributes,tax_category,grams\n".to_owned();
    for product in 0..products {
        let (sku, description) = (sku(product), "Thrown by hand, glazed twice, and good for a dishwasher.");
        let _infallible = writeln!(
            csv,
            "{sku},product-{product:02},Mug no. {product},\"{description}\",sale;ceramics,Material=Stoneware,standard,350"
        );
    }
    csv
}

fn prices(products: usize) -> String {
    let mut csv = "price_list,sku,min_quantity,amount\n".to_owned();
    for product in 0..products {
        let (sku, retail) = (sku(product), retail(product));
        let base = 1_000 + 10 * product;
        let _infallible = writeln!(csv, "base,{sku},1,{base}\nretail,{sku},1,{retail}");
    }
    csv
}
