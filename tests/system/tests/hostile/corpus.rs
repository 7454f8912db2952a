//! What merchants should not do, and what the host says to it.

use fondaco_system_tests::forge;
use serde_json::{Value, json};

/// An upload that must be refused.
pub(crate) struct Refused {
    pub(crate) case: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// The reason, and behind a colon its cause where there is one.
    pub(crate) reason: &'static str,
}

/// A plugin that passes the upload and misbehaves once released.
pub(crate) struct Misdeed {
    pub(crate) point: &'static str,
    pub(crate) guest: &'static str,
    pub(crate) config: Value,
    pub(crate) reason: &'static str,
}

fn refused(case: &'static str, bytes: Vec<u8>, reason: &'static str) -> Refused {
    Refused { case, bytes, reason }
}

/// Bytes that are no component at all.
#[rustfmt::skip] // A case a line.
pub(crate) fn no_components() -> Vec<Refused> {
    vec![
        refused("empty", Vec::new(), "EMPTY_UPLOAD"),
        refused("text", b"#!/bin/sh\necho I am a plugin\n".to_vec(), "NOT_A_COMPONENT"),
        refused("core module", forge::core_module(), "NOT_A_COMPONENT"),
        refused("random bytes", forge::random(10_000, 7), "NOT_A_COMPONENT"),
        refused("random bytes behind the header", forge::random_behind_the_header(10_000, 7), "COMPILE_FAILED"),
        refused("truncated at half", forge::truncated(50), "COMPILE_FAILED"),
        refused("truncated at the end", forge::truncated(99), "COMPILE_FAILED"),
        refused("deeply nested types", forge::nested_types(50_000), "COMPILE_FAILED"),
        refused("oversize", forge::oversize(33 << 20), "BODY_TOO_LARGE"),
    ]
}

/// Components that are no plugins, or none for this host.
#[rustfmt::skip]
pub(crate) fn no_plugins() -> Vec<Refused> {
    vec![
        refused("no extension point", forge::no_point(), "NO_EXTENSION_POINT"),
        refused("wrong types", forge::wrong_types(), "EXPORT_TYPE_MISMATCH"),
        refused("unknown version of the contract", forge::wrong_version(), "UNSUPPORTED_WORLD_VERSION"),
        refused("import of sockets", forge::forbidden_import("wasi:sockets@0.2.0", "tcp"), "FORBIDDEN_IMPORT"),
        refused("import of http", forge::forbidden_import("wasi:http@0.2.0", "outgoing-handler"), "FORBIDDEN_IMPORT"),
        refused("import of the caller", forge::forbidden_import("fondaco:host@1.0.0", "caller"), "FORBIDDEN_IMPORT"),
        refused("import of a service", forge::forbidden_import("fondaco:loyalty@1.0.0", "accounts"), "FORBIDDEN_IMPORT"),
    ]
}

/// Plugins that misbehave as soon as they are tried.
#[rustfmt::skip]
pub(crate) fn bad_plugins() -> Vec<Refused> {
    vec![
        refused("start that loops", forge::looping_start(), "SMOKE_CALL_FAILED: FUEL_EXHAUSTED"),
        refused("table growth", forge::growing_table(), "SMOKE_CALL_FAILED: TABLE_EXHAUSTED"),
        refused("vast table", forge::vast_table(), "DOES_NOT_FIT"),
        refused("vast memory", forge::vast_memory(), "DOES_NOT_FIT"),
        refused("a million answers", forge::million_answers(), "SMOKE_CALL_FAILED: OUTPUT_TOO_LARGE"),
        refused("aliased answers", forge::aliased_answers(), "SMOKE_CALL_FAILED: OUTPUT_TOO_LARGE"),
        refused("answer out of bounds", forge::answer_out_of_bounds(), "SMOKE_CALL_FAILED: INVALID_OUTPUT"),
        refused("answer not UTF-8", forge::answer_not_utf8(), "SMOKE_CALL_FAILED: INVALID_OUTPUT"),
    ]
}

/// Plugins that are too much for a compiler.
pub(crate) fn bombs() -> Vec<Refused> {
    vec![
        refused("compile bomb, memory", forge::memory_to_compile(), "COMPILE_TOO_LARGE"),
        refused("compile bomb, time", forge::time_to_compile(), "COMPILE_TIMEOUT"),
    ]
}

/// What the program does.
pub(crate) fn misdeeds() -> Vec<Misdeed> {
    let reasons = [
        ("loop", "FUEL_EXHAUSTED"),
        ("memory", "MEMORY_EXHAUSTED"),
        ("recursion", "STACK_EXHAUSTED"),
        ("trap", "TRAP"),
        ("panic", "PANIC"),
        ("huge-output", "OUTPUT_TOO_LARGE"),
        ("million", "MEMORY_EXHAUSTED"),
        ("log-flood", "HOST_CALLS_EXHAUSTED"),
        ("long-fault", "PLUGIN_FAULT"),
    ];
    let misdeed = |(name, reason)| Misdeed {
        point: "promotion",
        guest: "hostile-promotion",
        config: json!({"misdeed": name}),
        reason,
    };
    reasons.into_iter().map(misdeed).collect()
}

/// An extension point, the guest that lies there, its lies with their reasons.
type Point = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What the program says.
#[rustfmt::skip]
pub(crate) fn lies() -> Vec<Misdeed> {
    let points: [Point; 6] = [
        ("price-rule", "hostile-price", &[
            ("foreign-currency", "FOREIGN_CURRENCY"),
            ("unknown-line", "UNKNOWN_LINE"),
            ("duplicate-line", "DUPLICATE_LINE"),
            ("negative", "NEGATIVE_PRICE"),
            ("overflow", "AMOUNT_OUT_OF_RANGE"),
            ("overflowing-product", "AMOUNT_OUT_OF_RANGE"),
            ("long-rule", "TEXT_TOO_LONG"),
            ("too-many-reasons", "TOO_MANY_REASONS"),
        ]),
        ("promotion", "hostile-promotion", &[
            ("foreign-currency", "FOREIGN_CURRENCY"),
            ("unknown-line", "UNKNOWN_LINE"),
            ("quantity-above-line", "QUANTITY_ABOVE_LINE"),
            ("duplicate-line", "DUPLICATE_LINE"),
            ("overflowing-amount", "AMOUNT_OUT_OF_RANGE"),
            ("overflowing-each", "AMOUNT_OUT_OF_RANGE"),
            ("negative-amount", "NEGATIVE_AMOUNT"),
            ("too-many-percent", "PERCENT_OUT_OF_RANGE"),
            ("odd-decimal", "INVALID_DECIMAL"),
            ("too-many-discounts", "TOO_MANY_DISCOUNTS"),
            ("unknown-code", "UNKNOWN_CODE"),
            ("too-many-gifts", "QUANTITY_OUT_OF_RANGE"),
            ("class-mismatch", "TARGET_CLASS_MISMATCH"),
            ("long-message", "TEXT_TOO_LONG"),
        ]),
        ("shipping-rate", "hostile-shipping", &[
            ("foreign-currency", "FOREIGN_CURRENCY"),
            ("negative", "NEGATIVE_PRICE"),
            ("overflow", "AMOUNT_OUT_OF_RANGE"),
            ("duplicate-code", "DUPLICATE_CODE"),
            ("days-out-of-order", "DAYS_OUT_OF_ORDER"),
            ("too-many-rates", "TOO_MANY_RATES"),
            ("nameless", "EMPTY_TEXT"),
        ]),
        ("tax", "hostile-tax", &[
            ("foreign-currency", "FOREIGN_CURRENCY"),
            ("unknown-item", "UNKNOWN_LINE"),
            ("duplicate-item", "DUPLICATE_LINE"),
            ("rate-out-of-range", "RATE_OUT_OF_RANGE"),
            ("odd-decimal", "INVALID_DECIMAL"),
            ("overflow", "AMOUNT_OUT_OF_RANGE"),
            ("too-many-parts", "TOO_MANY_PARTS"),
        ]),
        ("loyalty", "hostile-loyalty", &[
            ("points-out-of-range", "POINTS_OUT_OF_RANGE"),
            ("expires-before-active", "EXPIRES_BEFORE_ACTIVE"),
            ("too-many-credits", "TOO_MANY_CREDITS"),
            ("nameless", "EMPTY_TEXT"),
        ]),
        ("validation", "hostile-validation", &[
            ("unknown-line", "UNKNOWN_LINE"),
            ("unknown-code", "UNKNOWN_CODE"),
            ("odd-reason", "INVALID_REASON"),
            ("long-message", "TEXT_TOO_LONG"),
            ("too-many-violations", "TOO_MANY_VIOLATIONS"),
        ]),
    ];
    let of_point = |(point, guest, lies): Point| {
        lies.iter().map(move |(lie, reason)| Misdeed { point, guest, config: json!({"lie": lie}), reason })
    };
    points.into_iter().flat_map(of_point).collect()
}
