//! The contracts in Rust. What merchants' plugins see too is the SDK's, so that a rule that is linked natively and this
//! pipeline share their types; the rest is generated here.

#![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]

/// Shapes derives for the JSON of the gateway's mapping.
macro_rules! generate {
    (records: [$($record:literal),* $(,)?], cases: [$($case:literal),* $(,)?]) => {
        wit_bindgen::generate!({
            world: "fondaco:pricing/pricing",
            path: [
                "../../../wit/types",
                "../../../wit/plugin",
                "../../../wit/host",
                "../../../wit/wasi/config",
                "../../../wit/wasi/io",
                "../../../wit/wasi/clocks",
                "../../../wit/shipping",
                "../../../wit/loyalty",
                "../../../wit/catalog",
                "../../../wit/price-book",
                "../../../wit/pricing",
            ],
            with: {
                "fondaco:host/cache@1.0.0": fondaco_service::bindings::fondaco::host::cache,
                "fondaco:types/money@1.0.0": fondaco_sdk::bindings::fondaco::types::money,
                "fondaco:types/faults@1.0.0": fondaco_sdk::bindings::fondaco::types::faults,
                "fondaco:plugin/types@1.0.0": fondaco_sdk::bindings::fondaco::plugin::types,
                "fondaco:plugin/price-rule@1.0.0": fondaco_sdk::bindings::fondaco::plugin::price_rule,
                "fondaco:plugin/promotion@1.0.0": fondaco_sdk::bindings::fondaco::plugin::promotion,
                "fondaco:plugin/shipping-rate@1.0.0": fondaco_sdk::bindings::fondaco::plugin::shipping_rate,
                "fondaco:plugin/tax@1.0.0": fondaco_sdk::bindings::fondaco::plugin::tax,
                "fondaco:plugin/loyalty@1.0.0": fondaco_sdk::bindings::fondaco::plugin::loyalty,
                "fondaco:plugin/validation@1.0.0": fondaco_sdk::bindings::fondaco::plugin::validation,
            },
            generate_all,
            generate_unused_types: true,
            additional_derives: [PartialEq, Eq],
            additional_derives_ignore: ["stream-error", "error"],
            additional_type_attributes: {
                $($record: [
                    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
                    #[cfg_attr(feature = "serde", serde(rename_all = "camelCase", deny_unknown_fields))]
                ],)*
                $($case: [
                    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
                    #[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
                ],)*
            },
            pub_export_macro: true,
        });
    };
}

generate! {
    records: [
        "fondaco:plugin/evaluations@1.0.0/source",
        "fondaco:plugin/evaluations@1.0.0/line-amount",
        "fondaco:pricing/quotes@1.0.0/request",
        "fondaco:pricing/quotes@1.0.0/buyer",
        "fondaco:pricing/quotes@1.0.0/line",
        "fondaco:pricing/quotes@1.0.0/priced-cart",
        "fondaco:pricing/quotes@1.0.0/priced-line",
        "fondaco:pricing/quotes@1.0.0/price-source",
        "fondaco:pricing/quotes@1.0.0/discount-share",
        "fondaco:pricing/quotes@1.0.0/given-discount",
        "fondaco:pricing/quotes@1.0.0/runner-up",
        "fondaco:pricing/quotes@1.0.0/code-outcome",
        "fondaco:pricing/quotes@1.0.0/shipping-option",
        "fondaco:pricing/quotes@1.0.0/priced-shipping",
        "fondaco:pricing/quotes@1.0.0/tax-part",
        "fondaco:pricing/quotes@1.0.0/points",
        "fondaco:pricing/quotes@1.0.0/quote-violation",
        "fondaco:pricing/quotes@1.0.0/totals",
        "fondaco:pricing/quotes@1.0.0/plugin-outcome",
        "fondaco:pricing/quotes@1.0.0/timing",
    ],
    cases: [
        "fondaco:pricing/quotes@1.0.0/lost",
        "fondaco:pricing/quotes@1.0.0/code-status",
        "fondaco:pricing/quotes@1.0.0/violation-subject",
    ]
}
