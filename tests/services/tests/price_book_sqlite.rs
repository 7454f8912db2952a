//! The price book's tests over the host's SQLite.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../../plugins/services/price-book/tests/price_book/book.rs"]
mod book;

fn open() -> fondaco_service::testing::House {
    fondaco_services_tests::sqlite(concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/services/price-book"))
}
