//! The types that every extension point shares, generated once from `wit/plugin/types.wit`.
//!
//! Each point's module remaps its own bindings to these, so that one `Cart` is one Rust type everywhere:
//! it is lifted once from the service that hands it over, held, and lowered by reference into every plugin.

#[allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub, unused_qualifications, dead_code)]
mod generated {
    wasmtime::component::bindgen!({
        inline: "package fondaco:host-bindings; world shared { import fondaco:plugin/types@1.0.0; }",
        path: ["../../wit/types", "../../wit/plugin"],
        world: "fondaco:host-bindings/shared",
        additional_derives: [PartialEq],
    });
}

pub use generated::fondaco::plugin::types;
pub use generated::fondaco::types::{faults, money};

pub use faults::Fault;
pub use money::{Decimal, Money};
pub use types::{Address, Buyer, Cart, ChosenShipping, Context, Line, PriceCandidate, Standing};
