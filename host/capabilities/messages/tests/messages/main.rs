//! Carriers: one suite on a folder, a mail server and a provider. Delivery: one suite on both databases and both buses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod carriers;
mod delivery;
mod engine;
mod house;
mod mailbox;
mod provider;
mod smtp;
mod troubles;
