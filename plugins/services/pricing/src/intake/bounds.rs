//! Bounds that several fields share. The path is made only where something is wrong.

use fondaco_sdk::bindings::fondaco::types::faults::Fault;

use crate::faults::invalid;

/// A list of at most so many.
pub(super) fn at_most(length: usize, most: usize, path: impl FnOnce() -> String) -> Result<(), Fault> {
    if length <= most {
        return Ok(());
    }
    Err(invalid(path(), &format!("at most {most} entries"), length))
}

/// A text that is not empty, of at most so many bytes.
pub(super) fn filled(text: &str, most: usize, path: impl FnOnce() -> String) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(invalid(path(), "a text", "an empty one"));
    }
    if text.len() > most {
        return Err(invalid(path(), &format!("at most {most} bytes"), text.len()));
    }
    Ok(())
}

/// An amount that is not below zero.
pub(super) fn not_negative(amount: i64, path: impl FnOnce() -> String) -> Result<(), Fault> {
    if amount >= 0 {
        return Ok(());
    }
    Err(invalid(path(), "0 or more", amount))
}

/// ISO 3166-1 alpha-2, upper-cased.
pub(super) fn country_code(mut code: String, path: &str) -> Result<String, Fault> {
    if code.len() != 2 || !code.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        return Err(invalid(path.to_owned(), "an ISO 3166-1 alpha-2 code such as DE", code));
    }
    code.make_ascii_uppercase();
    Ok(code)
}
