//! The time, as it goes into columns.

use crate::{Fault, host};

/// Milliseconds since 1970. A test's house says what time it is; see `testing::House::advance`.
pub fn now_ms() -> Result<i64, Fault> {
    host::current(|host| Ok(host.now_ms()))
}
