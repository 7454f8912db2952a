//! The prices in a list.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_service::events;
use fondaco_service::prelude::*;
use fondaco_service::sql::{Statement, Value};

use crate::contract::{Entry, Page};
use crate::decide::Span;
use crate::events::PricesChanged;
use crate::{check, lists};

/// Skus of a page.
const PAGE: usize = 100;
/// Tiers and validities of one sku in one list.
pub(crate) const MOST_OF_SKU: usize = 64;
/// Rows of one `INSERT`.
const BATCH: usize = 128;
/// Skus of one event.
const TOLD: usize = 500;

#[derive(FromRow)]
struct Row {
    sku: String,
    min_quantity: u32,
    amount: i64,
    compare_at: Option<i64>,
    from_ms: i64,
    until_ms: i64,
}

/// What a price is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) list: i64,
    pub(crate) sku: String,
    pub(crate) span: Span,
    pub(crate) min_quantity: u32,
}

/// What a price says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amounts {
    pub(crate) amount: i64,
    pub(crate) compare_at: Option<i64>,
}

/// The prices of all skus behind `after`.
pub fn list(price_list: i64, after: Option<&str>) -> Result<Page, Fault> {
    lists::get(price_list)?;
    let rows: Vec<Row> = sql::query(
        "SELECT sku, min_quantity, amount, compare_at, from_ms, until_ms FROM prices WHERE list_id = $1 AND sku IN
             (SELECT DISTINCT sku FROM prices WHERE list_id = $1 AND sku > $2 ORDER BY sku LIMIT 100)
         ORDER BY sku, from_ms, until_ms, min_quantity",
        params![price_list, after.unwrap_or_default()],
    )?;
    let skus: BTreeSet<&str> = rows.iter().map(|row| row.sku.as_str()).collect();
    let next = skus.last().filter(|_| skus.len() == PAGE).map(|last| (*last).to_owned());
    Ok(Page { entries: rows.into_iter().map(entry).collect(), next })
}

fn entry(row: Row) -> Entry {
    let Row { sku, min_quantity, amount, compare_at, from_ms, until_ms } = row;
    let (from_ms, until_ms) = check::open_ends(Span { from_ms, until_ms });
    Entry { sku, min_quantity, amount, compare_at, from_ms, until_ms }
}

/// Replaces all prices of these skus in a list.
pub fn replace(price_list: i64, skus: &[String], entries: &[Entry]) -> Result<(), Fault> {
    check::count("skus", skus, TOLD)?;
    check::count("entries", entries, 1_000)?;
    for (index, sku) in skus.iter().enumerate() {
        check::sku(format!("skus[{index}]"), sku)?;
    }
    lists::get(price_list)?;
    let prices = checked(price_list, skus, entries)?;
    if skus.is_empty() {
        return Ok(());
    }
    let mut gone = Statement::new("DELETE FROM prices WHERE list_id = ");
    gone.bind(price_list).push(" AND sku IN ").list(skus.iter().map(String::as_str)).execute()?;
    write(&prices)?;
    announce(price_list, skus.iter().map(String::as_str))
}

/// The entries by their keys, each once and of a sku that is named.
fn checked(price_list: i64, skus: &[String], entries: &[Entry]) -> Result<BTreeMap<Key, Amounts>, Fault> {
    let named: BTreeSet<&String> = skus.iter().collect();
    let mut prices = BTreeMap::new();
    let mut of_sku: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("entries[{index}].");
        let (key, amounts) = price(price_list, &path, entry)?;
        if !named.contains(&entry.sku) {
            return Err(fault::invalid(format!("{path}sku"), "one of `skus`", format!("`{}`", entry.sku)));
        }
        let own = of_sku.entry(&entry.sku).or_default();
        *own += 1;
        if *own > MOST_OF_SKU {
            return Err(too_many(&entry.sku));
        }
        if prices.insert(key, amounts).is_some() {
            let found = format!("`{}` from {} twice", entry.sku, entry.min_quantity);
            return Err(fault::invalid(format!("entries[{index}]"), "each tier of a validity once", found));
        }
    }
    Ok(prices)
}

/// A price that is within its bounds.
pub(crate) fn price(list: i64, path: &str, entry: &Entry) -> Result<(Key, Amounts), Fault> {
    let span = check::entry(path, entry)?;
    let key = Key { list, sku: entry.sku.clone(), span, min_quantity: entry.min_quantity };
    Ok((key, Amounts { amount: entry.amount, compare_at: entry.compare_at }))
}

/// Writes prices, in place of those with the same keys.
pub(crate) fn write(prices: &BTreeMap<Key, Amounts>) -> Result<(), Fault> {
    let prices: Vec<(&Key, &Amounts)> = prices.iter().collect();
    for batch in prices.chunks(BATCH) {
        let mut statement = Statement::new(
            "INSERT INTO prices (sku, list_id, from_ms, until_ms, min_quantity, amount, compare_at) VALUES ",
        );
        statement.rows(batch.iter().map(|(key, amounts)| {
            [
                Value::from(&key.sku),
                key.list.into(),
                key.span.from_ms.into(),
                key.span.until_ms.into(),
                key.min_quantity.into(),
                amounts.amount.into(),
                amounts.compare_at.into(),
            ]
        }));
        statement.push(
            " ON CONFLICT (sku, list_id, from_ms, until_ms, min_quantity)
              DO UPDATE SET amount = excluded.amount, compare_at = excluded.compare_at",
        );
        statement.execute()?;
    }
    Ok(())
}

/// Tells that prices of these skus are others.
pub(crate) fn announce<'a>(price_list: i64, skus: impl IntoIterator<Item = &'a str>) -> Result<(), Fault> {
    let skus: BTreeSet<&str> = skus.into_iter().collect();
    let skus: Vec<&str> = skus.into_iter().collect();
    for told in skus.chunks(TOLD) {
        events::publish(&PricesChanged { price_list, skus: told.to_vec() })?;
    }
    Ok(())
}

pub(crate) fn too_many(sku: &str) -> Fault {
    let message = format!("`{sku}` has {MOST_OF_SKU} prices in that list; no more are allowed: take old ones out.");
    fault::exhausted("TOO_MANY_PRICES", message).with("sku", sku)
}
