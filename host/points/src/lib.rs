//! The extension points: typed bindings of what merchants' plugins export, and the plural interfaces that services
//! import.
//!
//! A service opens an [`Evaluation`] with a cart and calls a plural function; [`fan_out`](crate::Points::run) runs
//! every active plugin of the calling tenant over the held cart, each in a fresh store, checks what comes back
//! against the contract's bounds, applies the release's failure policy, and answers one [`Verdict`] a plugin.
//!
//! - One module a point (`price_rule`, `promotion`, …) says only what is its own: its types, its arguments, and its
//!   bounds. It implements [`Function`]; all mechanics are written once over that trait.
//! - A [`PluginSet`] is immutable and named by a hash. A release prepares an [`ActivePlugin`], builds a new set, and
//!   swaps it in with [`Points::serve`], which cannot fail. An evaluation pins one set until it is dropped.
//! - [`Points::examine`] is the door: what a component has to show before it is taken in.
//!
//! This crate does no I/O of its own and knows no HTTP and no database.

mod crossing;
pub mod evaluation;
pub mod examine;
mod extension;
mod fan_out;
mod fault;
mod function;
mod invalid;
mod limits;
mod lines;
mod log_book;
pub mod loyalty;
mod meters;
mod plugin;
mod point;
mod points;
mod policy;
pub mod price_rule;
pub mod promotion;
pub mod samples;
mod set;
mod shared;
pub mod shipping_rate;
mod slots;
pub mod tax;
pub mod validation;
pub mod wit;

pub use crossing::CartRef;
pub use evaluation::{Evaluation, Held};
pub use examine::{Examined, Manifest};
pub use fan_out::{Source, Verdict};
pub use fondaco_engine::OnFailure;
pub use function::Function;
pub use invalid::{Check, Invalid, MAX_AMOUNT};
pub use limits::PluginLimits;
pub use log_book::{LogBook, LogEntry, LogLimits};
pub use plugin::{ActivePlugin, MissingPlugin, PluginSpec, TypedPlugin};
pub use point::Point;
pub use points::{Points, PointsConfig};
pub use set::{PluginSet, Revision};
