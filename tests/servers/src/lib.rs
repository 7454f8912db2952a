//! Servers that tests start for themselves: each on a free port, with its data in a temporary folder, gone when dropped.
//!
//! It must know nothing of what is tested. A program that is not installed is said so and the test is skipped, but in
//! CI that is a failure: see [`missing`].
//!
//! ```no_run
//! use fondaco_test_servers::Postgres;
//!
//! let Some(server) = Postgres::start() else { return };
//! println!("{}", server.url());
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod pgbouncer;
mod postgres;
mod redis;

pub use pgbouncer::PgBouncer;
pub use postgres::Postgres;
pub use redis::Redis;

use std::net::TcpListener;
use std::path::PathBuf;

/// What fetches the servers.
const SETUP: &str = "cargo xtask setup";

/// A port that nobody listens on just now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("bind a port of one's own");
    listener.local_addr().expect("the port's number").port()
}

/// Says that what a test needs is not there, and what makes it. The test is to be skipped; in CI this fails.
pub fn missing(what: &str, make: &str) {
    let said = format!("{what} is not there: run `{make}`, or `cargo xtask test`, which does all");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{said}");
    eprintln!("skipped: {said}");
}

/// A program in the path.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH");
    let mut folders = path.iter().flat_map(std::env::split_paths);
    folders.find_map(|folder| Some(folder.join(name)).filter(|program| program.is_file()))
}
