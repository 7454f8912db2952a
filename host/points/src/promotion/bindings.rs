//! Generated from the world `promotion-plugin`, on the shared types.

#![allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub, unused_qualifications, dead_code)]

wasmtime::component::bindgen!({
    path: ["../../wit/types", "../../wit/plugin"],
    world: "fondaco:plugin/promotion-plugin",
    with: {
        "fondaco:plugin/types@1.0.0": crate::wit::types,
        "fondaco:types/money@1.0.0": crate::wit::money,
        "fondaco:types/faults@1.0.0": crate::wit::faults,
    },
    additional_derives: [PartialEq],
});
