//! What the price book tells others.

use fondaco_service::events::Event;
use serde::Serialize;

/// Prices of these skus in a list are others now. At most 500 skus an event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PricesChanged<'a> {
    pub(crate) price_list: i64,
    pub(crate) skus: Vec<&'a str>,
}

impl Event for PricesChanged<'_> {
    const TYPE: &'static str = "fondaco.price-book.prices.changed.v1";
    fn subject(&self) -> Option<String> {
        Some(self.price_list.to_string())
    }
    fn partition_key(&self) -> Option<String> {
        self.subject()
    }
}

/// A list is new, changed or gone: any price may be another one now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListChanged {
    pub(crate) price_list: i64,
    pub(crate) deleted: bool,
}

impl Event for ListChanged {
    const TYPE: &'static str = "fondaco.price-book.list.changed.v1";
    fn subject(&self) -> Option<String> {
        Some(self.price_list.to_string())
    }
    fn partition_key(&self) -> Option<String> {
        self.subject()
    }
}
