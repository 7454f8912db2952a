//! What authors of services use: rows, units of work, events, messages, cache and files of the calling tenant, in a few words.
//!
//! A service is a component whose functions are called with a unit of work around them: the first write begins it, an
//! `Ok` commits it with the events that were published in it, an `Err` leaves nothing behind. So a function reads like
//! its business, and `?` is all that it needs to undo itself:
//!
//! ```
//! use fondaco_service::{events, prelude::*, testing::House};
//! use serde::Serialize;
//!
//! #[derive(FromRow)]
//! struct Stock {
//!     on_hand: i64,
//!     reserved: i64,
//! }
//!
//! #[derive(Serialize)]
//! struct Reserved<'a> {
//!     sku: &'a str,
//!     left: i64,
//! }
//!
//! impl Event for Reserved<'_> {
//!     const TYPE: &'static str = "shop.stock.reserved.v1";
//!     fn partition_key(&self) -> Option<String> {
//!         Some(self.sku.to_owned())
//!     }
//! }
//!
//! /// Reserves so many, or nothing: the guard stands in the statement, so that two buyers cannot both get the last one.
//! fn reserve(sku: &str, quantity: i64) -> Result<i64, Fault> {
//!     let stock: Option<Stock> = sql::optional(
//!         "UPDATE stock SET reserved = reserved + $2 WHERE sku = $1 AND on_hand - reserved >= $2
//!          RETURNING on_hand, reserved",
//!         params![sku, quantity],
//!     )?;
//!     let stock = stock.ok_or_else(|| fault::precondition("OUT_OF_STOCK", format!("{sku} is out of stock.")))?;
//!     let left = stock.on_hand - stock.reserved;
//!     events::publish(&Reserved { sku, left })?;
//!     Ok(left)
//! }
//!
//! // Its test needs no WebAssembly: a house in memory runs the same statements.
//! let house = House::with_schema("CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand BIGINT, reserved BIGINT)");
//! house.call(|| sql::execute("INSERT INTO stock VALUES ('mug', 3, 0)", params![])).unwrap();
//! assert_eq!(house.call(|| reserve("mug", 2)).unwrap(), 1);
//! assert_eq!(house.call(|| reserve("mug", 2)).unwrap_err().reason, "OUT_OF_STOCK");
//! assert_eq!(house.published().len(), 1);
//! ```
//!
//! A function that runs by the clock is a function like any other: `[[grants.schedule.jobs]]` of the manifest names it
//! and says when. It takes nothing, or the due time as a `u64` of milliseconds since 1970, answers `Result<(), Fault>`,
//! and runs for one tenant at a time with a unit of work around it, so a test calls it in a house:
//!
//! ```
//! use fondaco_service::{clock, prelude::*, testing::House};
//!
//! /// Daily at three: carts that nobody has touched for a month.
//! fn sweep() -> Result<(), Fault> {
//!     let month_ago = clock::now_ms()? - 30 * 86_400_000;
//!     sql::execute("DELETE FROM carts WHERE touched_ms < $1", params![month_ago])?;
//!     Ok(())
//! }
//!
//! let house = House::with_schema("CREATE TABLE carts (id BIGINT PRIMARY KEY, touched_ms BIGINT)");
//! let now = house.now_ms();
//! house.call(|| sql::execute("INSERT INTO carts VALUES (1, $1)", params![now])).unwrap();
//! house.advance(31 * 86_400_000);
//! house.call(sweep).unwrap();
//! assert_eq!(house.call(|| sql::one::<(i64,)>("SELECT count(*) FROM carts", params![])).unwrap(), (0,));
//! ```
//!
//! Another service is called as a function: its interface stands in the service's own world, and `wit-bindgen` makes
//! functions of it. What this crate knows of the host stands in one trait, [`host::Host`]: imports of the component on
//! WebAssembly, anything else natively.
//!
//! It must not know: any domain, how the host keeps what it keeps, whom it lets in.

// The derive names this crate by its own name, in its tests too.
extern crate self as fondaco_service;

pub mod bindings;
pub mod blob;
pub mod cache;
pub mod caller;
pub mod clock;
pub mod config;
pub mod events;
pub mod fault;
pub mod host;
pub mod http;
pub mod messages;
pub mod secrets;
pub mod sql;
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub mod testing;

pub use fondaco_sdk::{Code, Decimal, Fault, Money};
pub use fondaco_service_macros::FromRow;
pub use sql::commit;

/// The README's example, which has to run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What most modules of a service begin with.
pub mod prelude {
    pub use crate::events::Event;
    pub use crate::{Code, Fault, FromRow, commit, fault, params, sql};
}
