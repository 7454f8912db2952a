//! The demo's goods, brought in as any shop would: over HTTP, by the code of `fondaco import`. What is there already is
//! left alone.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::{RowFormat, Stock};
use crate::client::Client;
use crate::demo::goods::MadeUp;
use crate::demo::{Demo, DemoKeys, Goods};
use crate::failure::Failure;
use crate::output::Output;
use crate::rows::{Import, Tally};

/// Brings in what the demo's stores sell. One that fails is told of, and changes nothing for the others.
pub(in crate::host) async fn stock(folder: &Path, keys: &DemoKeys, address: SocketAddr, output: Output) {
    let demo = match Demo::load(folder) {
        Ok(demo) => demo,
        Err(error) => return output.note(format!("{error:#}")),
    };
    let stores = demo.tenants.iter().filter_map(|tenant| {
        let key = keys.tenants.get(&tenant.name)?;
        Some(store(folder, &tenant.name, tenant.goods.as_ref()?, key, address, output))
    });
    join_all(stores).await;
}

async fn store(folder: &Path, name: &str, goods: &Goods, key: &str, address: SocketAddr, output: Output) {
    let begun = Instant::now();
    let outcome = async { Store { client: &Client::of(address, key)?, folder, name, goods, output }.fill().await };
    match outcome.await {
        Ok(None) => {}
        Ok(Some((rows, prices))) => {
            let took = begun.elapsed().as_secs_f32();
            output.note(format!("{name}: {rows} variants and {prices} prices brought in ({took:.1} s)"));
        }
        Err(failure) => output.note(format!("{name}: goods are left out, start again to try again: {failure}")),
    }
}

struct Store<'a> {
    client: &'a Client,
    folder: &'a Path,
    name: &'a str,
    goods: &'a Goods,
    output: Output,
}

#[derive(Deserialize)]
struct Sheet {
    offers: Vec<Offer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    price_list: String,
}

impl Store<'_> {
    /// How many variants and prices; none where they were there.
    async fn fill(&self) -> Result<Option<(u64, u64)>, Failure> {
        let made_up = MadeUp(self.goods);
        if self.is_full(&made_up).await? {
            return Ok(None);
        }
        self.categories().await?;
        for collection in MadeUp::collections() {
            self.make(&["v1", "catalog", "collections"], &collection, "SLUG_TAKEN").await?;
        }
        for list in made_up.price_lists() {
            self.make(&["v1", "price-book", "lists"], &list, "CODE_TAKEN").await?;
        }
        let variants = self.import(Stock::Catalog, &self.read(&self.goods.catalog)?).await?;
        let more = self.import(Stock::Catalog, &made_up.catalog_csv()).await?;
        let prices = self.import(Stock::PriceBook, &self.read(&self.goods.prices)?).await?;
        let many = self.import(Stock::PriceBook, &made_up.prices_csv()).await?;
        Ok(Some((variants.rows + more.rows, prices.rows + many.rows)))
    }

    /// Whether what is brought in last is there.
    async fn is_full(&self, made_up: &MadeUp<'_>) -> Result<bool, Failure> {
        let Some((sku, list)) = made_up.last() else { return Ok(false) };
        let asked = json!({ "skus": [sku], "sinceMs": 0 });
        let sheets: Vec<Sheet> = self.client.call(&["v1", "price-book", "prices", "sheets"], &asked).await?;
        Ok(sheets.iter().flat_map(|sheet| &sheet.offers).any(|offer| offer.price_list == list))
    }

    async fn categories(&self) -> Result<(), Failure> {
        for (parent, mut category) in MadeUp::categories() {
            if let Some(parent) = parent
                && let Some(category) = category.as_object_mut()
            {
                let target: Value = self.client.get(&["v1", "catalog", "slugs", parent], &[]).await?;
                let id = target.get("category").cloned().unwrap_or_default();
                category.insert("parent".to_owned(), id);
            }
            self.make(&["v1", "catalog", "categories"], &category, "SLUG_TAKEN").await?;
        }
        Ok(())
    }

    /// Makes something, unless it is there: then the service refuses it for this reason.
    async fn make(&self, path: &[&str], what: &Value, there: &str) -> Result<(), Failure> {
        match self.client.call::<Value>(path, what).await {
            Err(Failure::Fault(problem)) if problem.reason == there => Ok(()),
            made => made.map(drop),
        }
    }

    async fn import(&self, stock: Stock, csv: &str) -> Result<Tally, Failure> {
        let (name, service) = (self.name, stock.service());
        let bar = self.output.bar(format!("{name}: {service}"), Some(csv.len() as u64));
        let import = Import { client: self.client, stock, format: RowFormat::Csv };
        let mut first = None;
        let note = |row: &crate::rows::RowReport| {
            first =
                first.take().or_else(|| row.fault.as_ref().map(|fault| format!("row {}: {}", row.row, fault.message)));
            Ok(())
        };
        let done = import.run(csv.as_bytes(), note, |bytes| bar.set_position(bytes)).await;
        bar.finish_and_clear();
        let tally = done?;
        match first {
            None => Ok(tally),
            Some(first) => {
                Err(Failure::Local(format!("{} rows for {service} failed, the first: {first}", tally.failed)))
            }
        }
    }

    fn read(&self, file: &Path) -> Result<String, Failure> {
        let path = self.folder.join(file);
        std::fs::read_to_string(&path).map_err(|error| Failure::Local(format!("{}: {error}", path.display())))
    }
}
