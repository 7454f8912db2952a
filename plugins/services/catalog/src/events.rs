//! What the catalog tells others.

use fondaco_service::events::Event;
use serde::Serialize;

/// A product is new, or something of it has changed.
#[derive(Debug, Serialize)]
pub(crate) struct ProductChanged {
    pub(crate) product: i64,
    pub(crate) version: i64,
    pub(crate) slug: String,
    /// Its skus, and those that it had until now.
    pub(crate) skus: Vec<String>,
}

impl Event for ProductChanged {
    const TYPE: &'static str = "fondaco.catalog.product.changed.v1";
    fn subject(&self) -> Option<String> {
        Some(self.product.to_string())
    }
    fn partition_key(&self) -> Option<String> {
        self.subject()
    }
}

/// A product is gone, with its variants.
#[derive(Debug, Serialize)]
pub(crate) struct ProductDeleted {
    pub(crate) product: i64,
    /// The skus that it had.
    pub(crate) skus: Vec<String>,
}

impl Event for ProductDeleted {
    const TYPE: &'static str = "fondaco.catalog.product.deleted.v1";
    fn subject(&self) -> Option<String> {
        Some(self.product.to_string())
    }
    fn partition_key(&self) -> Option<String> {
        self.subject()
    }
}

/// A category is new, changed, moved or gone: the paths of products in it and below it may be others now.
#[derive(Debug, Serialize)]
pub(crate) struct CategoryChanged {
    pub(crate) category: i64,
    pub(crate) deleted: bool,
}

impl Event for CategoryChanged {
    const TYPE: &'static str = "fondaco.catalog.category.changed.v1";
    fn subject(&self) -> Option<String> {
        Some(self.category.to_string())
    }
    fn partition_key(&self) -> Option<String> {
        self.subject()
    }
}
