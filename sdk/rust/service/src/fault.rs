//! Faults: how a service says no.
//!
//! Each has a `reason`, `UPPER_SNAKE`, stable and documented, made to be matched on; its message says what is wrong,
//! where, and what to do. [`Fault::with`](crate::Fault) adds details; the macros `fault!` and `bail!` of `fondaco-sdk`
//! format a message.
//!
//! ```
//! use fondaco_service::{Code, fault};
//!
//! let fault = fault::not_found("PRODUCT_NOT_FOUND", "There is no product 17.").with("id", "17");
//! assert_eq!((fault.code, fault.metadata.len()), (Code::NotFound, 1));
//! ```

use std::fmt::Display;

use crate::{Code, Fault};

/// What was asked for does not exist.
pub fn not_found(reason: &str, message: impl Into<String>) -> Fault {
    Fault::new(Code::NotFound, reason, message)
}

/// What was to be made exists.
pub fn exists(reason: &str, message: impl Into<String>) -> Fault {
    Fault::new(Code::AlreadyExists, reason, message)
}

/// The service's data is not in the state that this needs.
pub fn precondition(reason: &str, message: impl Into<String>) -> Fault {
    Fault::new(Code::FailedPrecondition, reason, message)
}

/// A conflict with something concurrent: look again, try the whole again.
pub fn conflict(reason: &str, message: impl Into<String>) -> Fault {
    Fault::new(Code::Aborted, reason, message)
}

/// The caller may not.
pub fn denied(reason: &str, message: impl Into<String>) -> Fault {
    Fault::new(Code::PermissionDenied, reason, message)
}

/// A limit is used up.
pub fn exhausted(reason: &str, message: impl Into<String>) -> Fault {
    Fault::new(Code::ResourceExhausted, reason, message)
}

/// A promise of the service itself is broken.
pub fn internal(reason: &str, message: impl Into<String>) -> Fault {
    Fault::new(Code::Internal, reason, message)
}

/// The input is wrong at `path`: `INVALID_REQUEST`, with the path in the metadata.
pub fn invalid(path: impl Into<String>, expected: &str, found: impl Display) -> Fault {
    let path = path.into();
    let found: String = found.to_string().chars().take(64).collect();
    let message = format!("{path}: expected {expected}, found {found}");
    Fault::new(Code::InvalidArgument, "INVALID_REQUEST", message).with("path", path)
}
