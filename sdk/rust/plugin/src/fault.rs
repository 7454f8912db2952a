//! Faults: how a plugin says that it cannot answer.

use crate::{Code, Fault};

impl Fault {
    /// A fault. `reason` is `UPPER_SNAKE`, stable, made to be matched on; `message` is for people.
    pub fn new(code: Code, reason: &str, message: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), message: message.into(), metadata: Vec::new() }
    }

    /// With one more detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// An amount went beyond 64 bits.
    pub(crate) fn overflow() -> Self {
        Self::new(Code::OutOfRange, "AMOUNT_OVERFLOW", "an amount is too large")
    }
}

/// Makes a fault: `fault!("NO_PRICE", "no price list for {}", group)`.
/// Its code is `failed-precondition`; [`Fault::new`] makes others.
#[macro_export]
macro_rules! fault {
    ($reason:expr, $message:literal $(,)?) => {
        $crate::Fault::new($crate::Code::FailedPrecondition, $reason, ::std::format!($message))
    };
    ($reason:expr, $($message:tt)+) => {
        $crate::Fault::new($crate::Code::FailedPrecondition, $reason, ::std::format!($($message)+))
    };
}

/// Returns a fault from the function: `bail!("NO_PRICE", "no price list for {}", group)`.
#[macro_export]
macro_rules! bail {
    ($($fault:tt)+) => {
        return ::std::result::Result::Err($crate::fault!($($fault)+))
    };
}
