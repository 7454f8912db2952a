//! Products.

mod check;
mod search;
mod store;

use fondaco_service::events;
use fondaco_service::prelude::*;

use crate::content;
use crate::contract::{Product, ProductDraft};
use crate::entries::Kind;
use crate::events::ProductDeleted;
use crate::slugs;

pub(crate) use check::check;
pub(crate) use search::below;
pub use search::list;
pub(crate) use store::{Facts, Stored, behind, by_slug, must_be_there, save, sku_taken, title};

pub(crate) const KIND: Kind = Kind { table: "products", name: "product", reason: "PRODUCT", reasons: "PRODUCTS" };

/// The channel that stands for all.
pub(crate) const EVERYWHERE: &str = "*";

/// One product, in the language of `locale`; with a channel only if it is seen there.
pub fn get(id: i64, channel: Option<&str>, locale: Option<&str>) -> Result<Product, Fault> {
    let mut product = store::by_id(id)?.ok_or_else(|| KIND.missing(id))?.product;
    if channel.is_some_and(|channel| !seen(&product.content.channels, channel)) {
        return Err(KIND.missing(id));
    }
    content::localize(&mut product.content, locale);
    Ok(product)
}

/// Makes a product.
pub fn create(mut draft: ProductDraft) -> Result<Product, Fault> {
    check(&mut draft)?;
    save(None, draft)
}

/// Replaces all that stands in a product.
pub fn update(id: i64, if_version: Option<u64>, mut draft: ProductDraft) -> Result<Product, Fault> {
    check(&mut draft)?;
    // Counted first: from here on nobody else changes it.
    let version = KIND.bump(id, if_version)?;
    let before = store::by_id(id)?.ok_or_else(|| KIND.missing(id))?;
    store::replace(&before, version, draft)
}

/// Deletes a product and its variants.
pub fn delete(id: i64, if_version: Option<u64>) -> Result<(), Fault> {
    let slug = KIND.slug_of(id)?;
    KIND.delete_row(id, if_version)?;
    slugs::release(&slug)?;
    let skus = sql::query::<(String,)>("DELETE FROM variants WHERE product_id = $1 RETURNING sku", params![id])?;
    sql::execute("DELETE FROM product_terms WHERE product_id = $1", params![id])?;
    sql::execute("DELETE FROM collection_products WHERE product_id = $1", params![id])?;
    let mut skus: Vec<String> = skus.into_iter().map(|(sku,)| sku).collect();
    skus.sort_unstable();
    events::publish(&ProductDeleted { product: id, skus })?;
    Ok(())
}

/// Whether something with these channels is seen in `channel`.
pub(crate) fn seen(channels: &[String], channel: &str) -> bool {
    channels.iter().any(|own| own == channel || own == EVERYWHERE)
}
