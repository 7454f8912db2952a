//! Limits of the front door. Every number has a default that suits a small machine.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of the gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// Bytes of a call's body.
    pub call_bytes: usize,
    /// Bytes of an uploaded component.
    pub upload_bytes: usize,
    /// Bytes of any other body.
    pub body_bytes: usize,
    /// Calls of services under way at a time; more wait for `queue_ms`, then get 503.
    pub calls: usize,
    /// Uploads under way at a time; more get 503.
    pub uploads: usize,
    /// Other requests under way at a time; more get 503. Health and metrics are never refused.
    pub requests: usize,
    /// How long a call waits for its turn.
    pub queue_ms: u64,
    /// Open connections; more wait in the system's queue.
    pub connections: usize,
    /// Headers in a request; more get 431.
    pub headers: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Time for a request's head, and for an idle connection.
    pub head_timeout_ms: u64,
    /// Time for a call, from its head to its answer. A caller may ask for less with `x-request-timeout-ms`.
    pub call_timeout_ms: u64,
    /// Time for an upload with its compilation and checks.
    pub upload_timeout_ms: u64,
    /// Time that requests under way have to end when the host stops.
    pub drain_ms: u64,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            call_bytes: 1 << 20,
            upload_bytes: 32 << 20,
            body_bytes: 1 << 20,
            calls: 256,
            uploads: 4,
            requests: 128,
            queue_ms: 1_000,
            connections: 4_096,
            headers: 64,
            head_bytes: 64 << 10,
            head_timeout_ms: 30_000,
            call_timeout_ms: 10_000,
            upload_timeout_ms: 180_000,
            drain_ms: 10_000,
        }
    }
}

impl GatewayConfig {
    pub(crate) fn call_timeout(&self) -> Duration {
        Duration::from_millis(self.call_timeout_ms)
    }

    pub(crate) fn upload_timeout(&self) -> Duration {
        Duration::from_millis(self.upload_timeout_ms)
    }
}
