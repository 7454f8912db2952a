//! Blobs: one suite on every store and index, delivery over HTTP, and the store behind away.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod component;
mod delivery;
mod house;
mod outage;
mod s3;
mod suite;
