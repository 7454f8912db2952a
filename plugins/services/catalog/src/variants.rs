//! Variants, as other services ask for them: many at a time, in two statements.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_service::prelude::*;
use fondaco_service::sql::Statement;

use crate::categories;
use crate::contract::{Variant, VariantFacts};
use crate::entries::{document, unsigned};
use crate::products::{self, Facts};
use crate::wording;

const MOST: usize = 500;

#[derive(FromRow)]
struct Row {
    sku: String,
    document: String,
    product: i64,
    slug: String,
    version: i64,
    #[row(json)]
    facts: Facts,
    /// Of its category.
    path: Option<String>,
}

/// What is known of these skus, in the order asked; those that nobody sells are left out.
pub fn by_skus(skus: &[String], channel: &str, locale: &str) -> Result<Vec<VariantFacts>, Fault> {
    wording::count("skus", skus, MOST)?;
    if skus.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = Statement::new(
        "SELECT v.sku, v.document, p.id AS product, p.slug, p.version, p.facts, c.path FROM variants v
         JOIN products p ON p.id = v.product_id
         LEFT JOIN categories c ON c.id = p.category_id WHERE v.sku IN ",
    );
    let rows: Vec<Row> = statement.list(skus.iter().map(String::as_str)).query()?;
    let slugs = slugs_of(&rows)?;
    let mut found = BTreeMap::new();
    for row in rows {
        found.insert(row.sku.clone(), facts(row, &slugs, channel, locale)?);
    }
    Ok(skus.iter().filter_map(|sku| found.get(sku).cloned()).collect())
}

/// The slugs of all categories on the way to these rows.
fn slugs_of(rows: &[Row]) -> Result<BTreeMap<i64, String>, Fault> {
    let paths: BTreeSet<&str> = rows.iter().filter_map(|row| row.path.as_deref()).collect();
    let ids: BTreeSet<i64> = paths.into_iter().flat_map(categories::ids).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut statement = Statement::new("SELECT id, slug FROM categories WHERE id IN ");
    Ok(statement.list(ids).query::<(i64, String)>()?.into_iter().collect())
}

fn facts(row: Row, slugs: &BTreeMap<i64, String>, channel: &str, locale: &str) -> Result<VariantFacts, Fault> {
    let variant: Variant = document(&products::KIND, row.product, &row.document)?;
    let path = categories::ids(row.path.as_deref().unwrap_or_default());
    let path: Vec<&str> = path.iter().filter_map(|id| slugs.get(id)).map(String::as_str).collect();
    let tax_category =
        if variant.tax_category.is_empty() { row.facts.tax_category.clone() } else { variant.tax_category.clone() };
    Ok(VariantFacts {
        sku: row.sku,
        product: row.product,
        slug: row.slug,
        version: unsigned(row.version),
        title: title(&row.facts, &variant, locale),
        category_path: path.join("/"),
        visible: variant.enabled && products::seen(&row.facts.channels, channel),
        channels: if variant.enabled { row.facts.channels } else { Vec::new() },
        tags: row.facts.tags,
        grams: variant.grams,
        tax_category,
    })
}

/// `Shirt, Red, M`; or `Shirt, Limited Edition` where the variant has a title of its own.
fn title(facts: &Facts, variant: &Variant, locale: &str) -> String {
    let mut parts = vec![products::title(facts, Some(locale))];
    if variant.title.is_empty() {
        parts.extend(variant.options.iter().map(|option| option.value.as_str()));
    } else {
        parts.push(&variant.title);
    }
    parts.join(", ")
}
