//! The contract in Rust. Its records are what documents in the database are made of, so they have serde's derives.

#![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]

wit_bindgen::generate!({
    world: "fondaco:catalog/catalog",
    path: ["../../../wit/types", "../../../wit/catalog"],
    with: { "fondaco:types/faults@1.0.0": fondaco_service::bindings::types::faults },
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    additional_derives_ignore: ["row-report", "report", "chunk"],
    generate_all,
    pub_export_macro: true,
});
