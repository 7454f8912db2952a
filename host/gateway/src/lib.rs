//! The outside world over HTTP.
//!
//! A request goes top to bottom through these modules: `serve` accepts it, `entry` gives it an id, a count and a log
//! line, `table` finds what it names, and then either `call` decodes its body straight into values and hands them to
//! the engine, or one of `hosted` answers for the host itself. This crate knows no commerce: what a service takes and
//! answers comes from the component's own types.
//!
//! `/healthz/*`, `/metrics` and `/openapi.json` need no key: the host listens on the loopback by default, and whoever
//! opens it wider puts a proxy in front that keeps `/metrics` inside.

mod auth;
mod call;
pub mod codec;
mod config;
pub mod docs;
mod entry;
mod hosted;
mod lent;
mod openapi;
mod params;
mod problem;
mod request;
mod serve;
mod table;
mod telemetry;

pub use config::GatewayConfig;
pub use entry::{Gateway, Parts};
pub use hosted::Admin;
pub use problem::Problem;
pub use table::{NativeFunction, Routes, check_routes, check_service};
pub use telemetry::{REQUEST_LOG, Telemetry};
