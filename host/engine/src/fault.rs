//! The one error model, the same in WIT (`fondaco:types/faults`), HTTP and gRPC.

mod wit;

use std::borrow::Cow;
use std::fmt;

pub use wit::WitFault;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident, $wit:literal, $upper:literal, $http:literal;)*) => {
        /// The class of an error: the canonical gRPC codes but `ok`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// All of them, in WIT's order.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The one HTTP status that it maps to.
            pub const fn http_status(self) -> u16 {
                match self { $(Code::$name => $http,)* }
            }

            /// Its name in WIT: `invalid-argument`.
            pub const fn wit_name(self) -> &'static str {
                match self { $(Code::$name => $wit,)* }
            }

            /// Its name elsewhere: `INVALID_ARGUMENT`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $upper,)* }
            }

            /// The code of that name in WIT.
            pub fn from_wit_name(name: &str) -> Option<Code> {
                match name { $($wit => Some(Code::$name),)* _ => None }
            }
        }
    };
}

codes! {
    /// The caller gave up.
    Cancelled, "cancelled", "CANCELLED", 499;
    /// An error without a better code.
    Unknown, "unknown", "UNKNOWN", 500;
    /// The input is wrong whatever the state of the system.
    InvalidArgument, "invalid-argument", "INVALID_ARGUMENT", 400;
    /// The time allowed ran out.
    DeadlineExceeded, "deadline-exceeded", "DEADLINE_EXCEEDED", 504;
    /// What was asked for does not exist.
    NotFound, "not-found", "NOT_FOUND", 404;
    /// What was to be made exists.
    AlreadyExists, "already-exists", "ALREADY_EXISTS", 409;
    /// The caller is known and may not.
    PermissionDenied, "permission-denied", "PERMISSION_DENIED", 403;
    /// A quota, budget or limit is used up.
    ResourceExhausted, "resource-exhausted", "RESOURCE_EXHAUSTED", 429;
    /// The system is not in the state this needs.
    FailedPrecondition, "failed-precondition", "FAILED_PRECONDITION", 412;
    /// A conflict with something concurrent; try the whole again.
    Aborted, "aborted", "ABORTED", 409;
    /// Past the end of what exists.
    OutOfRange, "out-of-range", "OUT_OF_RANGE", 400;
    /// Not supported.
    Unimplemented, "unimplemented", "UNIMPLEMENTED", 501;
    /// A promise of the system itself is broken.
    Internal, "internal", "INTERNAL", 500;
    /// Not reachable just now; try again.
    Unavailable, "unavailable", "UNAVAILABLE", 503;
    /// Data is lost for good.
    DataLoss, "data-loss", "DATA_LOSS", 500;
    /// The caller is not known.
    Unauthenticated, "unauthenticated", "UNAUTHENTICATED", 401;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What went wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The class of the error.
    pub code: Code,
    /// `UPPER_SNAKE`, stable and documented: made to be matched on.
    pub reason: Cow<'static, str>,
    /// For people: what is wrong, where, and what to do.
    pub message: String,
    /// Details by name.
    pub metadata: Vec<(String, String)>,
}

impl Fault {
    /// A fault without details.
    pub fn new(code: Code, reason: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), message: message.into(), metadata: Vec::new() }
    }

    /// The same with one detail more.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// A detail by name.
    pub fn detail(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// A promise of the host itself is broken; the details belong into the log, not into the message.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, "INTERNAL", message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_by_its_wit_name() {
        for code in Code::ALL {
            assert_eq!(Code::from_wit_name(code.wit_name()), Some(*code));
            assert_eq!(code.as_str().to_lowercase().replace('_', "-"), code.wit_name());
            assert!((400..600).contains(&code.http_status()));
        }
        assert_eq!(Code::from_wit_name("ok"), None);
    }
}
