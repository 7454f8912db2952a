//! Settings of the capability, and what one request may take.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// What services may ask of the outside world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Networks that a grant with `private = true` opens. Link-local and multicast addresses and those where clouds keep
    /// their credentials stay closed whatever stands here.
    pub private_networks: Vec<IpNet>,
    /// A file of PEM certificates that are trusted beside the system's: authorities of one's own.
    pub authorities: Option<PathBuf>,
    /// What one request may take. A grant may say less.
    pub limits: Limits,
    /// When a host that fails is left alone.
    pub breaker: BreakerConfig,
}

/// What one request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a request's body.
    pub request_bytes: u64,
    /// Bytes of a response's body.
    pub response_bytes: u64,
    /// Requests under way at a time, for one tenant of one service. Connections that are open, idle ones among them, are
    /// twice as many at most.
    pub connections: u32,
    /// How long a connection may take to be there, TLS included, in milliseconds; and how long a request waits for its
    /// turn where all connections are in use.
    pub connect_ms: u64,
    /// How long the head of a response may take once connected, in milliseconds.
    pub first_byte_ms: u64,
    /// How long a response's body may pause, in milliseconds.
    pub between_bytes_ms: u64,
    /// How long a request may take with its response's body and all attempts, in milliseconds. The running call's
    /// deadline counts too.
    pub total_ms: u64,
    /// How often a request that may be repeated is tried.
    pub attempts: u32,
}

/// When a host that fails is left alone, by a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// So many failures in a row.
    pub failures: u32,
    /// So long, in milliseconds. Then one request tries.
    pub rest_ms: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            private_networks: PRIVATE.to_vec(),
            authorities: None,
            limits: Limits::default(),
            breaker: BreakerConfig::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 1 << 20,
            response_bytes: 8 << 20,
            connections: 16,
            connect_ms: 3_000,
            first_byte_ms: 10_000,
            between_bytes_ms: 5_000,
            total_ms: 30_000,
            attempts: 3,
        }
    }
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { failures: 10, rest_ms: 5_000 }
    }
}

/// RFC 1918 and RFC 4193.
const PRIVATE: [IpNet; 4] = [
    IpNet::V4(ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 8)),
    IpNet::V4(ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::new(172, 16, 0, 0), 12)),
    IpNet::V4(ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::new(192, 168, 0, 0), 16)),
    IpNet::V6(ipnet::Ipv6Net::new_assert(std::net::Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7)),
];

impl Limits {
    pub(crate) fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    pub(crate) fn first_byte(&self) -> Duration {
        Duration::from_millis(self.first_byte_ms)
    }

    pub(crate) fn between_bytes(&self) -> Duration {
        Duration::from_millis(self.between_bytes_ms)
    }

    pub(crate) fn total(&self) -> Duration {
        Duration::from_millis(self.total_ms)
    }
}
