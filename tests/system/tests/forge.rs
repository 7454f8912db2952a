//! The forge keeps its word: what should be a good component is one, and what should be broken is.

use fondaco_system_tests::forge;
use wasmparser::{Validator, WasmFeatures};

fn valid(bytes: &[u8]) -> Result<(), String> {
    Validator::new_with_features(WasmFeatures::default())
        .validate_all(bytes)
        .map(drop)
        .map_err(|error| error.to_string())
}

#[test]
fn good_components_are_valid() {
    let made = [
        ("benign", forge::benign()),
        ("fixed price", forge::fixed_price(1_234)),
        ("growing table", forge::growing_table()),
        ("vast table", forge::vast_table()),
        ("vast memory", forge::vast_memory()),
        ("million answers", forge::million_answers()),
        ("aliased answers", forge::aliased_answers()),
        ("answer out of bounds", forge::answer_out_of_bounds()),
        ("answer not UTF-8", forge::answer_not_utf8()),
        ("looping start", forge::looping_start()),
        ("sockets", forge::forbidden_import("wasi:sockets@0.2.0", "tcp")),
        ("caller", forge::forbidden_import("fondaco:host@1.0.0", "caller")),
        ("wrong types", forge::wrong_types()),
        ("wrong version", forge::wrong_version()),
        ("no point", forge::no_point()),
        ("stamped", forge::stamped(&forge::benign(), "once more")),
        ("oversize", forge::oversize(100_000)),
        ("core module", forge::core_module()),
    ];
    for (name, bytes) in made {
        assert_eq!(valid(&bytes), Ok(()), "{name}");
    }
}

#[test]
fn bombs_are_small_and_valid() {
    for (name, bytes) in [("time", forge::time_to_compile()), ("memory", forge::memory_to_compile())] {
        assert_eq!(valid(&bytes), Ok(()), "{name}");
        assert!(bytes.len() < 8_000_000, "{name}: {} bytes", bytes.len());
    }
}

#[test]
fn broken_bytes_are_broken() {
    for percent in [1, 10, 50, 90, 99] {
        assert!(valid(&forge::truncated(percent)).is_err(), "{percent} %");
    }
    for seed in 1..20 {
        assert!(valid(&forge::random(1_000, seed)).is_err(), "seed {seed}");
        assert!(valid(&forge::random_behind_the_header(1_000, seed)).is_err(), "seed {seed}");
    }
}

#[test]
fn a_stamp_changes_the_digest_alone() {
    let plain = forge::benign();
    let stamped = forge::stamped(&plain, "a");
    assert_ne!(forge::digest(&plain), forge::digest(&stamped));
    assert!(stamped.starts_with(&plain));
    assert_eq!(forge::digest(&plain), forge::digest(&forge::benign()), "the forge is deterministic");
}
