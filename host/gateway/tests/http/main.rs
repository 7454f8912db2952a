//! The gateway from outside: requests in, answers out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod admin;
mod auth;
mod calls;
mod connections;
mod events;
mod house;
mod jobs;
mod limits;
