//! The catalog's behaviour over SQLite in memory: its migrations, its statements, its events.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod entries;
mod house;
mod products;
mod transfer;
mod tree;
mod variants;

fn open() -> fondaco_service::testing::House {
    fondaco_service::testing::House::of(env!("CARGO_MANIFEST_DIR"))
}
