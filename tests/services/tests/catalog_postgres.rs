//! The catalog's tests over the host's PostgreSQL.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../../plugins/services/catalog/tests/catalog/entries.rs"]
mod entries;
#[path = "../../../plugins/services/catalog/tests/catalog/house.rs"]
mod house;
#[path = "../../../plugins/services/catalog/tests/catalog/products.rs"]
mod products;
#[path = "../../../plugins/services/catalog/tests/catalog/transfer.rs"]
mod transfer;
#[path = "../../../plugins/services/catalog/tests/catalog/tree.rs"]
mod tree;
#[path = "../../../plugins/services/catalog/tests/catalog/variants.rs"]
mod variants;

fn open() -> fondaco_service::testing::House {
    fondaco_services_tests::postgres(concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/services/catalog"))
}
