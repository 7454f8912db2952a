//! What one call of a plugin may take, and what it is told about the world.

use std::time::Duration;

/// What one call of a plugin may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Instructions, roughly. What bounds a plugin, for it is the same on every machine.
    pub fuel: u64,
    /// Time. Only a backstop where fuel does not bound it: copying a big memory costs one instruction.
    pub wall: Duration,
    /// All linear memories together.
    pub memory_bytes: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Bytes of log that are kept; more is cut off, not a fault.
    pub log_bytes: usize,
    /// Lines of log that are kept.
    pub log_lines: usize,
    /// Bytes that the host takes over in one go: the answer, or the argument of a call of the host.
    pub output_bytes: usize,
    /// Calls of the host.
    pub host_calls: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 50_000_000,
            wall: Duration::from_millis(250),
            memory_bytes: 64 << 20,
            table_elements: 64 << 10,
            log_bytes: 16 << 10,
            log_lines: 256,
            output_bytes: 1 << 20,
            host_calls: 1_000,
        }
    }
}

/// All of the outside world that a plugin can observe.
#[derive(Debug, Clone, Copy)]
pub struct Seed<'a> {
    /// The time, by every clock, during the whole call: milliseconds since 1970-01-01T00:00:00Z.
    pub now_ms: u64,
    /// What random numbers are derived from.
    pub request_id: &'a str,
}
