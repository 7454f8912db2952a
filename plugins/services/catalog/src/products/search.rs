//! Lists of products.

use fondaco_service::prelude::*;
use fondaco_service::sql::Statement;

use crate::contract::{ProductPage, ProductQuery, ProductSummary};
use crate::entries::{page_size, unsigned};
use crate::{categories, collections};

use super::store::{self, Facts, term};

#[derive(FromRow)]
struct Row {
    id: i64,
    version: i64,
    slug: String,
    category_id: Option<i64>,
    #[row(json)]
    facts: Facts,
    updated_ms: i64,
}

/// One page of the products that a query finds.
pub fn list(query: &ProductQuery) -> Result<ProductPage, Fault> {
    let limit = page_size(query.limit)?;
    let mut statement = conditions(query)?;
    // One more than wanted, to see whether there is a next page.
    statement.push(" ORDER BY id LIMIT ").bind(limit + 1);
    let mut rows: Vec<Row> = statement.query()?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let products = rows.into_iter().map(|row| summary(row, query.locale.as_deref())).collect();
    Ok(ProductPage { products, next })
}

fn conditions(query: &ProductQuery) -> Result<Statement, Fault> {
    let after = query.cursor.as_deref().map_or(Ok(0), cursor)?;
    let mut statement =
        Statement::new("SELECT id, version, slug, category_id, facts, updated_ms FROM products WHERE id > ");
    statement.bind(after);
    if let Some(channel) = &query.channel {
        statement.push(" AND id IN (SELECT product_id FROM product_terms WHERE kind = 'channel' AND term IN ");
        statement.list([channel.as_str(), super::EVERYWHERE]).push(")");
    }
    if let Some(tag) = &query.tag {
        with_term(&mut statement, "tag", tag);
    }
    if let Some(attribute) = &query.attribute {
        with_term(&mut statement, "attribute", &term(attribute));
    }
    if let Some(category) = query.category {
        below(&mut statement, &categories::path_of(category)?);
    }
    if let Some(collection) = query.collection {
        collections::add_condition(&mut statement, collection)?;
    }
    Ok(statement)
}

fn with_term(statement: &mut Statement, kind: &str, term: &str) {
    statement.push(" AND id IN (SELECT product_id FROM product_terms WHERE kind = ").bind(kind);
    statement.push(" AND term = ").bind(term).push(")");
}

/// Adds the condition that products are in the category of that path, or below it.
pub(crate) fn below(statement: &mut Statement, path: &str) {
    statement.push(" AND category_id IN (SELECT id FROM categories WHERE path LIKE ");
    statement.bind(format!("{path}%")).push(")");
}

/// The id in a cursor.
pub(super) fn cursor(cursor: &str) -> Result<i64, Fault> {
    cursor
        .parse()
        .map_err(|_| fault::invalid("cursor", "what the page before this one answered", format!("`{cursor}`")))
}

fn summary(row: Row, locale: Option<&str>) -> ProductSummary {
    let Row { id, version, slug, category_id, facts, updated_ms } = row;
    ProductSummary {
        id,
        version: unsigned(version),
        slug,
        title: store::title(&facts, locale).to_owned(),
        category: category_id,
        tags: facts.tags,
        media: facts.media,
        updated_ms: unsigned(updated_ms),
    }
}
