//! The faults of this service.

use std::fmt::Display;

use fondaco_sdk::bindings::fondaco::types::faults::{Code, Fault};

/// A fault without metadata.
pub(crate) fn fault(code: Code, reason: &str, message: String) -> Fault {
    Fault { code, reason: reason.to_owned(), message, metadata: Vec::new() }
}

/// The request is wrong at `path`.
pub(crate) fn invalid(path: String, expected: &str, found: impl Display) -> Fault {
    let found: String = found.to_string().chars().take(64).collect();
    let message = format!("{path}: expected {expected}, found {found}");
    Fault { metadata: vec![("path".to_owned(), path)], ..fault(Code::InvalidArgument, "INVALID_REQUEST", message) }
}

/// A rule said what it may not say. In the platform the host refuses such verdicts before they come here.
pub(crate) fn bad_verdict(plugin: &str, problem: impl Display) -> Fault {
    let message = format!("Plugin {plugin}: {problem}");
    let metadata = vec![("plugin".to_owned(), plugin.to_owned())];
    Fault { metadata, ..fault(Code::FailedPrecondition, "INVALID_VERDICT", message) }
}

/// The cart's amounts don't fit in 64 bits.
pub(crate) fn too_large() -> Fault {
    fault(Code::OutOfRange, "AMOUNT_TOO_LARGE", "The amounts of this cart are too large to be summed.".to_owned())
}

/// The sum, or a fault.
pub(crate) fn sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64, Fault> {
    amounts.into_iter().try_fold(0_i64, i64::checked_add).ok_or_else(too_large)
}
