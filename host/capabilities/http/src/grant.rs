//! What a manifest grants: `[grants.http] hosts = ["api.example.com"]`.

use fondaco_engine::{Code, Fault};
use ipnet::IpNet;
use serde::Deserialize;

use crate::address;
use crate::config::{HttpConfig, Limits};
use crate::pattern::Pattern;
use crate::target::Target;

/// Entries of one grant.
const HOSTS: usize = 64;

/// Where a service may go, and what it may take for it.
#[derive(Debug)]
pub(crate) struct Grant {
    patterns: Vec<Pattern>,
    /// Networks that count as public for it.
    pub(crate) opened: Vec<IpNet>,
    pub(crate) limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Asked {
    hosts: Vec<String>,
    #[serde(default)]
    private: bool,
    request_bytes: Option<u64>,
    response_bytes: Option<u64>,
    connections: Option<u32>,
    connect_ms: Option<u64>,
    first_byte_ms: Option<u64>,
    between_bytes_ms: Option<u64>,
    total_ms: Option<u64>,
    attempts: Option<u32>,
}

impl Grant {
    /// Reads the grant of a manifest, within what the host's configuration allows.
    pub(crate) fn read(grant: &serde_json::Value, config: &HttpConfig) -> Result<Self, Fault> {
        let asked: Asked = serde_path_to_error::deserialize(grant).map_err(|error| {
            let path = error.path().to_string();
            invalid(&if path == "." { String::new() } else { format!(".{path}") }, error.inner())
        })?;
        if asked.hosts.is_empty() || asked.hosts.len() > HOSTS {
            return Err(invalid(".hosts", &format!("1 to {HOSTS} hosts, here {}", asked.hosts.len())));
        }
        let limits = asked.limits(&config.limits)?;
        let opened = if asked.private { config.private_networks.clone() } else { Vec::new() };
        let parse = |(index, text): (usize, &String)| {
            let path = format!(".hosts[{index}]");
            let pattern: Pattern = text.parse().map_err(|error| invalid(&path, &error))?;
            reachable(&pattern, &opened).map_err(|why| invalid(&path, &why))?;
            Ok(pattern)
        };
        let patterns = asked.hosts.iter().enumerate().map(parse).collect::<Result<_, Fault>>()?;
        Ok(Self { patterns, opened, limits })
    }

    /// The entry that covers where a request wants to go.
    pub(crate) fn find(&self, target: &Target) -> Option<&Pattern> {
        self.patterns.iter().find(|pattern| pattern.covers(target))
    }
}

/// An address that no connection is ever made to would be a grant of nothing.
fn reachable(pattern: &Pattern, opened: &[IpNet]) -> Result<(), String> {
    match pattern.address() {
        Some(address) if !address::allowed(address, opened) => Err(format!(
            "{pattern} is not a public address; `private = true` opens those of the host's `http.private_networks`"
        )),
        _ => Ok(()),
    }
}

impl Asked {
    /// The lower of what the grant and what the host says.
    fn limits(&self, host: &Limits) -> Result<Limits, Fault> {
        Ok(Limits {
            request_bytes: lower("request-bytes", self.request_bytes, host.request_bytes)?,
            response_bytes: lower("response-bytes", self.response_bytes, host.response_bytes)?,
            connections: lower("connections", self.connections, host.connections)?,
            connect_ms: lower("connect-ms", self.connect_ms, host.connect_ms)?,
            first_byte_ms: lower("first-byte-ms", self.first_byte_ms, host.first_byte_ms)?,
            between_bytes_ms: lower("between-bytes-ms", self.between_bytes_ms, host.between_bytes_ms)?,
            total_ms: lower("total-ms", self.total_ms, host.total_ms)?,
            attempts: lower("attempts", self.attempts, host.attempts)?,
        })
    }
}

fn lower<T: Ord + Default>(name: &str, asked: Option<T>, host: T) -> Result<T, Fault> {
    match asked {
        Some(asked) if asked == T::default() => Err(invalid(&format!(".{name}"), &"must be 1 or more")),
        Some(asked) => Ok(asked.min(host)),
        None => Ok(host),
    }
}

fn invalid(path: &str, why: &dyn std::fmt::Display) -> Fault {
    Fault::new(Code::InvalidArgument, "INVALID_GRANT", format!("grants.http{path}: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(grant: &serde_json::Value) -> Result<Grant, Fault> {
        Grant::read(grant, &HttpConfig::default())
    }

    #[test]
    fn a_grant_says_where_it_is_wrong() {
        let many: Vec<_> = (0..65).map(|at| format!("h{at}.test")).collect();
        for (grant, place) in [
            (json!({}), "grants.http: missing field `hosts`"),
            (json!(null), "grants.http: "),
            (json!({ "hosts": [] }), "grants.http.hosts: 1 to 64"),
            (json!({ "hosts": many }), "grants.http.hosts: 1 to 64 hosts, here 65"),
            (json!({ "hosts": ["a.test", "*"] }), "grants.http.hosts[1]: \"*\" is not a host"),
            (json!({ "hosts": ["a.test", 7] }), "grants.http.hosts[1]: "),
            (json!({ "hosts": ["a.test"], "privat": true }), "grants.http.privat: unknown field"),
            (json!({ "hosts": ["a.test"], "attempts": 0 }), "grants.http.attempts: must be 1 or more"),
            (json!({ "hosts": ["a.test"], "total-ms": -1 }), "grants.http.total-ms: "),
            (json!({ "hosts": ["10.0.0.1"] }), "grants.http.hosts[0]: 10.0.0.1 is not a public address"),
            (json!({ "hosts": ["http://127.0.0.1"], "private": true }), "grants.http.hosts[0]: http://127.0.0.1"),
            (json!({ "hosts": ["http://169.254.169.254"], "private": true }), "grants.http.hosts[0]: "),
        ] {
            let fault = read(&grant).unwrap_err();
            assert_eq!(fault.reason, "INVALID_GRANT");
            assert!(fault.message.starts_with(place), "{}", fault.message);
        }
    }

    #[test]
    fn limits_are_lowered_and_never_raised() {
        let host = Limits::default();
        let grant = json!({ "hosts": ["a.test"], "attempts": 1, "total-ms": 500, "response-bytes": u64::MAX });
        let limits = read(&grant).unwrap().limits;
        assert_eq!(limits, Limits { attempts: 1, total_ms: 500, ..host });
    }

    #[test]
    fn private_networks_are_opened_by_the_grant_alone() {
        assert!(read(&json!({ "hosts": ["a.test"] })).unwrap().opened.is_empty());
        let granted = read(&json!({ "hosts": ["http://10.0.0.1"], "private": true })).unwrap();
        assert_eq!(granted.opened, HttpConfig::default().private_networks);
    }
}
