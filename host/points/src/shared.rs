//! What all evaluations of a host share.

use crate::log_book::{LogBook, LogLimits};
use crate::meters::Meters;
use crate::slots::Slots;

/// Slots, logs and counters.
pub(crate) struct Shared {
    pub(crate) slots: Slots,
    pub(crate) logs: LogBook,
    pub(crate) meters: Meters,
}

impl Shared {
    pub(crate) fn new(logs: LogLimits) -> Self {
        Self { slots: Slots::new(), logs: LogBook::new(logs), meters: Meters::default() }
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new(LogLimits::default())
    }
}
