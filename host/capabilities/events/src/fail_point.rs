//! Points at which tests stop the machine: before and after everything that must not be lost.

/// Does nothing, unless the crate is built with its feature `fail-points`.
macro_rules! fail_point {
    ($name:literal) => {
        #[cfg(feature = "fail-points")]
        fail::fail_point!($name);
    };
}

pub(crate) use fail_point;

/// All points, for tests that try each.
pub const FAIL_POINTS: &[&str] = &[
    "relay-before-append",
    "relay-after-append",
    "bus-before-commit",
    "bus-after-commit",
    "relay-before-mark",
    "relay-after-mark",
    "handler-before-commit",
    "handler-after-commit",
    "dead-letter-before-commit",
    "dead-letter-after-commit",
    "bus-before-settle",
    "bus-after-settle",
];
