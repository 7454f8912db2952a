//! The contract in Rust.

#![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]

wit_bindgen::generate!({
    world: "fondaco:price-book/price-book",
    path: ["../../../wit/types", "../../../wit/price-book"],
    with: { "fondaco:types/faults@1.0.0": fondaco_service::bindings::types::faults },
    additional_derives: [PartialEq],
    generate_all,
    pub_export_macro: true,
});
