//! Products in their tables.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_service::prelude::*;
use fondaco_service::sql::{Json, Statement, Value};
use fondaco_service::{clock, events};
use serde::{Deserialize, Serialize};

use crate::content::nearest;
use crate::contract::{Attribute, Media, Product, ProductDraft, Variant};
use crate::entries::{document, text_of, unsigned};
use crate::events::ProductChanged;
use crate::{categories, slugs};

use super::KIND;

/// Rows of one `INSERT`.
const BATCH: usize = 128;

/// What lists and prices need of a product.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Facts {
    title: String,
    /// Titles by locale, in lower case.
    #[serde(default)]
    titles: BTreeMap<String, String>,
    pub(crate) tags: Vec<String>,
    pub(crate) channels: Vec<String>,
    pub(crate) tax_category: String,
    #[serde(default)]
    pub(crate) media: Option<Media>,
}

impl Facts {
    fn of(draft: &ProductDraft) -> Self {
        let titled = draft.translations.iter().filter(|own| !own.title.is_empty());
        Self {
            title: draft.title.clone(),
            titles: titled.map(|own| (own.locale.to_ascii_lowercase(), own.title.clone())).collect(),
            tags: draft.tags.clone(),
            channels: draft.channels.clone(),
            tax_category: draft.tax_category.clone(),
            media: draft.media.first().cloned(),
        }
    }
}

/// The title in a language, or the nearest one.
pub(crate) fn title<'a>(facts: &'a Facts, locale: Option<&str>) -> &'a str {
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    let found = nearest(&locale).find_map(|tag| facts.titles.get(tag));
    found.unwrap_or(&facts.title)
}

/// A product as it stands there.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) product: Product,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    version: i64,
    category_id: Option<i64>,
    document: String,
    created_ms: i64,
    updated_ms: i64,
}

const COLUMNS: &str = "SELECT id, version, category_id, document, created_ms, updated_ms FROM products";

pub(super) fn by_id(id: i64) -> Result<Option<Stored>, Fault> {
    with_variants(sql::query(&format!("{COLUMNS} WHERE id = $1"), params![id])?).map(|mut found| found.pop())
}

/// The product with that slug.
pub(crate) fn by_slug(slug: &str) -> Result<Option<Stored>, Fault> {
    with_variants(sql::query(&format!("{COLUMNS} WHERE slug = $1"), params![slug])?).map(|mut found| found.pop())
}

/// At most `limit` products behind `cursor`, by ascending id.
pub(crate) fn behind(cursor: Option<&str>, limit: u32) -> Result<Vec<Stored>, Fault> {
    let after = cursor.map_or(Ok(0), super::search::cursor)?;
    with_variants(sql::query(&format!("{COLUMNS} WHERE id > $1 ORDER BY id LIMIT $2"), params![after, limit])?)
}

fn with_variants(rows: Vec<Row>) -> Result<Vec<Stored>, Fault> {
    let mut variants: BTreeMap<i64, Vec<Variant>> = BTreeMap::new();
    // As many at a time as a database answers, if each has all the variants that it may.
    for batch in rows.chunks(8) {
        let mut statement = Statement::new("SELECT product_id, document FROM variants WHERE product_id IN ");
        statement.list(batch.iter().map(|row| row.id)).push(" ORDER BY product_id, sort_order");
        for (product, json) in statement.query::<(i64, String)>()? {
            variants.entry(product).or_default().push(document(&KIND, product, &json)?);
        }
    }
    let stored = rows.into_iter().map(|row| {
        let mut content: ProductDraft = document(&KIND, row.id, &row.document)?;
        content.category = row.category_id;
        content.variants = variants.remove(&row.id).unwrap_or_default();
        let product = Product {
            id: row.id,
            version: unsigned(row.version),
            created_ms: unsigned(row.created_ms),
            updated_ms: unsigned(row.updated_ms),
            content,
        };
        Ok(Stored { product })
    });
    stored.collect()
}

/// `PRODUCT_NOT_FOUND` unless all of these are there.
pub(crate) fn must_be_there(ids: &[i64]) -> Result<(), Fault> {
    let mut statement = Statement::new("SELECT id FROM products WHERE id IN ");
    statement.list(ids.iter().copied());
    let found: BTreeSet<i64> = statement.query::<(i64,)>()?.into_iter().map(|(id,)| id).collect();
    ids.iter().find(|id| !found.contains(id)).map_or(Ok(()), |missing| Err(KIND.missing(*missing)))
}

/// Writes a product that was checked: a new one, or in place of what stands there.
pub(crate) fn save(before: Option<&Stored>, draft: ProductDraft) -> Result<Product, Fault> {
    match before {
        Some(before) => {
            let Product { id, version, .. } = before.product;
            replace(before, KIND.bump(id, Some(version))?, draft)
        }
        None => insert(draft),
    }
}

fn insert(draft: ProductDraft) -> Result<Product, Fault> {
    draft.category.map_or(Ok(()), |category| categories::path_of(category).map(drop))?;
    let (id, now_ms) = (KIND.next_id()?, clock::now_ms()?);
    slugs::claim(&KIND, id, &draft.slug, None)?;
    sql::execute(
        "INSERT INTO products (id, version, slug, category_id, facts, document, created_ms, updated_ms)
         VALUES ($1, 1, $2, $3, $4, $5, $6, $6)",
        params![id, &draft.slug, draft.category, Json(&Facts::of(&draft)).text()?, without_variants(&draft)?, now_ms],
    )?;
    enter_terms(id, &draft)?;
    enter_variants(id, &[], &draft.variants)?;
    announce(id, 1, &draft, &[])?;
    Ok(Product { id, version: 1, created_ms: unsigned(now_ms), updated_ms: unsigned(now_ms), content: draft })
}

/// Replaces what stands there; `version` is counted already.
pub(super) fn replace(before: &Stored, version: i64, draft: ProductDraft) -> Result<Product, Fault> {
    let Product { id, created_ms, content: old, .. } = &before.product;
    let now_ms = clock::now_ms()?;
    slugs::claim(&KIND, *id, &draft.slug, Some(&old.slug))?;
    draft.category.map_or(Ok(()), |category| categories::path_of(category).map(drop))?;
    sql::execute(
        "UPDATE products SET slug = $2, category_id = $3, facts = $4, document = $5, updated_ms = $6 WHERE id = $1",
        params![*id, &draft.slug, draft.category, Json(&Facts::of(&draft)).text()?, without_variants(&draft)?, now_ms],
    )?;
    if terms(old) != terms(&draft) {
        sql::execute("DELETE FROM product_terms WHERE product_id = $1", params![*id])?;
        enter_terms(*id, &draft)?;
    }
    remove_variants(*id, &old.variants, &draft.variants)?;
    enter_variants(*id, &old.variants, &draft.variants)?;
    announce(*id, version, &draft, &old.variants)?;
    let version = unsigned(version);
    Ok(Product { id: *id, version, created_ms: *created_ms, updated_ms: unsigned(now_ms), content: draft })
}

fn announce(id: i64, version: i64, draft: &ProductDraft, before: &[Variant]) -> Result<(), Fault> {
    let skus: BTreeSet<&String> = draft.variants.iter().chain(before).map(|variant| &variant.sku).collect();
    let skus = skus.into_iter().cloned().collect();
    events::publish(&ProductChanged { product: id, version, slug: draft.slug.clone(), skus }).map(drop)
}

/// The document: variants have rows of their own, and the category is a column, as it may vanish.
fn without_variants(draft: &ProductDraft) -> Result<String, Fault> {
    text_of(&ProductDraft { variants: Vec::new(), category: None, ..draft.clone() })
}

/// What an attribute is found by.
pub(super) fn term(attribute: &Attribute) -> String {
    format!("{}={}", attribute.name, attribute.value)
}

fn terms(draft: &ProductDraft) -> Vec<(&'static str, String)> {
    let tags = draft.tags.iter().map(|tag| ("tag", tag.clone()));
    let channels = draft.channels.iter().map(|channel| ("channel", channel.clone()));
    let attributes = draft.attributes.iter().map(|attribute| ("attribute", term(attribute)));
    tags.chain(channels).chain(attributes).collect()
}

fn enter_terms(id: i64, draft: &ProductDraft) -> Result<(), Fault> {
    for batch in terms(draft).chunks(BATCH) {
        let mut statement = Statement::new("INSERT INTO product_terms (kind, term, product_id) VALUES ");
        statement.rows(batch.iter().map(|(kind, term)| [Value::from(*kind), term.into(), id.into()]));
        statement.execute()?;
    }
    Ok(())
}

fn remove_variants(id: i64, before: &[Variant], after: &[Variant]) -> Result<(), Fault> {
    let gone = before.iter().map(|variant| variant.sku.as_str());
    let gone: Vec<&str> = gone.filter(|sku| !after.iter().any(|variant| variant.sku == *sku)).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let mut statement = Statement::new("DELETE FROM variants WHERE product_id = ");
    statement.bind(id).push(" AND sku IN ").list(gone).execute().map(drop)
}

/// Writes the variants that are new, changed or elsewhere in the order.
fn enter_variants(id: i64, before: &[Variant], after: &[Variant]) -> Result<(), Fault> {
    let placed: Vec<(i64, &Variant)> = (0_i64..).zip(after).collect();
    let changed = placed.into_iter().filter(|(place, variant)| {
        let old = usize::try_from(*place).ok().and_then(|place| before.get(place));
        old != Some(variant)
    });
    let changed: Vec<(i64, &Variant)> = changed.collect();
    for batch in changed.chunks(BATCH) {
        let mut rows = Vec::with_capacity(batch.len());
        for (place, variant) in batch {
            rows.push([Value::from(&variant.sku), id.into(), (*place).into(), Json(variant).text()?.into()]);
        }
        let mut statement = Statement::new("INSERT INTO variants (sku, product_id, sort_order, document) VALUES ");
        // A row of another product stays as it is, and is not answered.
        statement.rows(rows).push(
            " ON CONFLICT (sku) DO UPDATE SET sort_order = excluded.sort_order, document = excluded.document
              WHERE variants.product_id = excluded.product_id RETURNING sku",
        );
        let written: BTreeSet<String> = statement.query::<(String,)>()?.into_iter().map(|(sku,)| sku).collect();
        if let Some((_, taken)) = batch.iter().find(|(_, variant)| !written.contains(&variant.sku)) {
            return Err(sku_taken(&taken.sku));
        }
    }
    Ok(())
}

/// Another product has that sku.
pub(crate) fn sku_taken(sku: &str) -> Fault {
    let message = format!("The sku `{sku}` belongs to another product: take it out there first.");
    fault::exists("SKU_TAKEN", message).with("sku", sku)
}
