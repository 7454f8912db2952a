//! The contracts of `wit/types` and `wit/plugin` in Rust, generated once for everybody.
//!
//! One WIT type is one Rust type: plugins, the pricing service and native benchmarks share those that stand here
//! (`bindings::fondaco::…`), and remap to them by wit-bindgen's `with`. Records that live in an extension point's own
//! interface (`price-rule.prices`, …) are generated on the exporting side, which is why each point has a world.

#![allow(missing_docs, unsafe_code, unreachable_pub, unused_qualifications)]
#![allow(clippy::all, clippy::pedantic)]

/// Shapes derives for the JSON of the gateway's mapping, and hands all on to wit-bindgen.
macro_rules! generate {
    (
        { $($option:tt)* }
        records: [$($record:literal),* $(,)?],
        cases: [$($case:literal),* $(,)?],
    ) => {
        wit_bindgen::generate!({
            path: ["../../../wit/types", "../../../wit/plugin"],
            runtime_path: "wit_bindgen::rt",
            additional_derives: [PartialEq, Eq],
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
            generate_unused_types: true,
            disable_run_ctors_once_workaround: true,
            pub_export_macro: true,
            $($option)*
        });
    };
}

/// An extension point's exporting side, on the shared types.
macro_rules! point {
    (
        $module:ident, $world:literal, $bindings:literal,
        records: $records:tt,
        cases: $cases:tt,
    ) => {
        pub mod $module {
            generate! {
                {
                    world: $world,
                    default_bindings_module: $bindings,
                    with: {
                        "fondaco:types/money@1.0.0": crate::bindings::fondaco::types::money,
                        "fondaco:types/faults@1.0.0": crate::bindings::fondaco::types::faults,
                        "fondaco:plugin/types@1.0.0": crate::bindings::fondaco::plugin::types,
                    },
                }
                records: $records,
                cases: $cases,
            }
        }
    };
}

mod data {
    generate! {
        {
            inline: "package fondaco:sdk; world data { import fondaco:plugin/types@1.0.0; }",
            generate_all,
        }
        records: [
            "fondaco:types/money@1.0.0/money",
            "fondaco:types/money@1.0.0/decimal",
            "fondaco:types/faults@1.0.0/fault",
            "fondaco:plugin/types@1.0.0/context",
            "fondaco:plugin/types@1.0.0/buyer",
            "fondaco:plugin/types@1.0.0/standing",
            "fondaco:plugin/types@1.0.0/line",
            "fondaco:plugin/types@1.0.0/price-candidate",
            "fondaco:plugin/types@1.0.0/address",
            "fondaco:plugin/types@1.0.0/chosen-shipping",
            "fondaco:plugin/types@1.0.0/cart",
        ],
        cases: ["fondaco:types/faults@1.0.0/code"],
    }
}

/// What each world exports: a trait `Guest` and a macro that makes a component's exports of its implementation.
/// The attribute `#[plugin]` uses them.
#[doc(hidden)]
pub mod worlds {
    /// The promise that `alloc::Bump` keeps. It has no functions; a component exports it beside its extension point.
    pub mod arena {
        generate! {
            {
                inline: "package fondaco:sdk; world arena { export fondaco:plugin/arena@1.0.0; }",
                default_bindings_module: "fondaco_sdk::bindings::worlds::arena",
            }
            records: [],
            cases: [],
        }
    }
    point! {
        price_rule, "fondaco:plugin/price-rule-plugin@1.0.0", "fondaco_sdk::bindings::worlds::price_rule",
        records: [
            "fondaco:plugin/price-rule@1.0.0/prices",
            "fondaco:plugin/price-rule@1.0.0/rule",
            "fondaco:plugin/price-rule@1.0.0/price",
        ],
        cases: [],
    }
    point! {
        promotion, "fondaco:plugin/promotion-plugin@1.0.0", "fondaco_sdk::bindings::worlds::promotion",
        records: [
            "fondaco:plugin/promotion@1.0.0/offer",
            "fondaco:plugin/promotion@1.0.0/discount",
            "fondaco:plugin/promotion@1.0.0/line-target",
            "fondaco:plugin/promotion@1.0.0/fixed-value",
            "fondaco:plugin/promotion@1.0.0/accepted-code",
            "fondaco:plugin/promotion@1.0.0/rejected-code",
            "fondaco:plugin/promotion@1.0.0/gift",
        ],
        cases: [
            "fondaco:plugin/promotion@1.0.0/operation",
            "fondaco:plugin/promotion@1.0.0/selection",
            "fondaco:plugin/promotion@1.0.0/discount-class",
            "fondaco:plugin/promotion@1.0.0/target",
            "fondaco:plugin/promotion@1.0.0/value",
        ],
    }
    point! {
        shipping_rate, "fondaco:plugin/shipping-rate-plugin@1.0.0", "fondaco_sdk::bindings::worlds::shipping_rate",
        records: [
            "fondaco:plugin/shipping-rate@1.0.0/shipment",
            "fondaco:plugin/shipping-rate@1.0.0/parcel",
            "fondaco:plugin/shipping-rate@1.0.0/rate",
        ],
        cases: [],
    }
    point! {
        tax, "fondaco:plugin/tax-plugin@1.0.0", "fondaco_sdk::bindings::worlds::tax",
        records: [
            "fondaco:plugin/tax@1.0.0/taxable",
            "fondaco:plugin/tax@1.0.0/taxables",
            "fondaco:plugin/tax@1.0.0/item-tax",
            "fondaco:plugin/tax@1.0.0/part",
            "fondaco:plugin/tax@1.0.0/taxation",
        ],
        cases: ["fondaco:plugin/tax@1.0.0/item"],
    }
    point! {
        loyalty, "fondaco:plugin/loyalty-plugin@1.0.0", "fondaco_sdk::bindings::worlds::loyalty",
        records: [
            "fondaco:plugin/loyalty@1.0.0/credit",
            "fondaco:plugin/loyalty@1.0.0/redemption",
            "fondaco:plugin/loyalty@1.0.0/returned",
        ],
        cases: [],
    }
    point! {
        validation, "fondaco:plugin/validation-plugin@1.0.0", "fondaco_sdk::bindings::worlds::validation",
        records: ["fondaco:plugin/validation@1.0.0/violation"],
        cases: ["fondaco:plugin/validation@1.0.0/step", "fondaco:plugin/validation@1.0.0/subject"],
    }
}

/// The types, under the names that WIT gives them.
pub mod fondaco {
    pub mod types {
        pub use crate::bindings::data::fondaco::types::{faults, money};
    }

    pub mod plugin {
        pub use crate::bindings::data::fondaco::plugin::types;
        pub use crate::bindings::worlds::loyalty::exports::fondaco::plugin::loyalty;
        pub use crate::bindings::worlds::price_rule::exports::fondaco::plugin::price_rule;
        pub use crate::bindings::worlds::promotion::exports::fondaco::plugin::promotion;
        pub use crate::bindings::worlds::shipping_rate::exports::fondaco::plugin::shipping_rate;
        pub use crate::bindings::worlds::tax::exports::fondaco::plugin::tax;
        pub use crate::bindings::worlds::validation::exports::fondaco::plugin::validation;
    }
}
