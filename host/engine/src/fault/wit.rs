//! The fault as the contract's record, for host functions with types of their own.

use std::borrow::Cow;

use wasmtime::component::{ComponentType, Lift, Lower};

use super::{Code, Fault};

/// `fondaco:types/faults.fault`: what a host function answers in its `result<_, fault>`.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Lift)]
#[component(record)]
pub struct WitFault {
    code: WitCode,
    reason: String,
    message: String,
    metadata: Vec<(String, String)>,
}

macro_rules! wit_codes {
    ($($name:ident = $wit:literal),* $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower, Lift)]
        #[component(enum)]
        #[repr(u8)]
        pub enum WitCode { $(#[component(name = $wit)] $name,)* }

        impl From<Code> for WitCode {
            fn from(code: Code) -> Self {
                match code { $(Code::$name => Self::$name,)* }
            }
        }

        impl From<WitCode> for Code {
            fn from(code: WitCode) -> Self {
                match code { $(WitCode::$name => Self::$name,)* }
            }
        }
    };
}

wit_codes!(
    Cancelled = "cancelled",
    Unknown = "unknown",
    InvalidArgument = "invalid-argument",
    DeadlineExceeded = "deadline-exceeded",
    NotFound = "not-found",
    AlreadyExists = "already-exists",
    PermissionDenied = "permission-denied",
    ResourceExhausted = "resource-exhausted",
    FailedPrecondition = "failed-precondition",
    Aborted = "aborted",
    OutOfRange = "out-of-range",
    Unimplemented = "unimplemented",
    Internal = "internal",
    Unavailable = "unavailable",
    DataLoss = "data-loss",
    Unauthenticated = "unauthenticated",
);

impl From<Fault> for WitFault {
    fn from(fault: Fault) -> Self {
        let Fault { code, reason, message, metadata } = fault;
        Self { code: code.into(), reason: reason.into_owned(), message, metadata }
    }
}

impl From<WitFault> for Fault {
    fn from(fault: WitFault) -> Self {
        let WitFault { code, reason, message, metadata } = fault;
        Self { code: code.into(), reason: Cow::Owned(reason), message, metadata }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_goes_there_and_back() {
        for code in Code::ALL {
            let fault = Fault::new(*code, "REASON", "message").with("key", "value");
            assert_eq!(Fault::from(WitFault::from(fault.clone())), fault);
        }
    }
}
