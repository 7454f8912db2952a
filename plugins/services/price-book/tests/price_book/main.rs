//! The price book over SQLite in memory, and its decisions.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod book;
mod decide;

fn open() -> fondaco_service::testing::House {
    fondaco_service::testing::House::of(env!("CARGO_MANIFEST_DIR"))
}
