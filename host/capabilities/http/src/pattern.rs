//! One entry of `grants.http.hosts`: `api.example.com`, `*.carrier.test:8443`, `http://10.0.0.7:8080`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::target::{Host, Scheme, Target};

/// Hosts that a service may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// As it stands in the manifest: the label of metrics.
    text: Arc<str>,
    scheme: Scheme,
    hosts: Hosts,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    One(Host),
    /// One label in front of this name, as certificates have it.
    Under(String),
}

/// Why an entry is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPattern {
    #[error(
        "{0:?} is not a host; write `api.example.com`, `*.example.com`, or with `http://` in front and a port behind"
    )]
    NoHost(String),
    #[error("{0:?} has a port that is none: 1 to 65535")]
    NoPort(String),
    #[error("{0:?} is too wide: behind `*.` stands a name of at least two labels")]
    TooWide(String),
}

impl Pattern {
    /// Whether it covers where a request wants to go: scheme, host and port.
    pub(crate) fn covers(&self, target: &Target) -> bool {
        self.scheme == target.scheme
            && self.port == target.port
            && match (&self.hosts, &target.host) {
                (Hosts::One(host), asked) => host == asked,
                (Hosts::Under(name), Host::Name(asked)) => {
                    asked.split_once('.').is_some_and(|(_, behind)| behind == name)
                }
                (Hosts::Under(_), Host::Address(_)) => false,
            }
    }

    /// The address, where the entry is one.
    pub(crate) fn address(&self) -> Option<std::net::IpAddr> {
        match self.hosts {
            Hosts::One(Host::Address(address)) => Some(address),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> &Arc<str> {
        &self.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let shown = || text.chars().take(80).collect::<String>();
        let (scheme, place) = match text.split_once("://") {
            Some(("https", place)) => (Scheme::Https, place),
            Some(("http", place)) => (Scheme::Http, place),
            Some(_) => return Err(InvalidPattern::NoHost(shown())),
            None => (Scheme::Https, text),
        };
        let (host, port) = split(place);
        let port = match port {
            Some(port) => read_port(port).ok_or_else(|| InvalidPattern::NoPort(shown()))?,
            None => scheme.port(),
        };
        let wild = host.strip_prefix("*.");
        let hosts = match (wild, Host::parse(wild.unwrap_or(host))) {
            (Some(_), Some(Host::Name(name))) if name.contains('.') => Hosts::Under(name),
            (Some(_), Some(Host::Name(_))) => return Err(InvalidPattern::TooWide(shown())),
            (None, Some(host)) => Hosts::One(host),
            _ => return Err(InvalidPattern::NoHost(shown())),
        };
        Ok(Self { text: text.into(), scheme, hosts, port })
    }
}

/// Host and port; the colons of an IPv6 address belong to it.
fn split(place: &str) -> (&str, Option<&str>) {
    match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (place, None),
    }
}

fn read_port(text: &str) -> Option<u16> {
    let port: u16 = text.parse().ok()?;
    (port != 0 && port.to_string() == text).then_some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(pattern: &str, uri: &str) -> bool {
        let pattern: Pattern = pattern.parse().unwrap_or_else(|error| panic!("{error}"));
        pattern.covers(&Target::parse(&uri.parse().unwrap()).unwrap())
    }

    #[test]
    fn a_pattern_covers_its_hosts_and_no_others() {
        for (pattern, uri, expected) in [
            ("api.example.com", "https://api.example.com/", true),
            ("API.example.com", "https://api.EXAMPLE.com:443/x", true),
            ("https://api.example.com", "https://api.example.com/", true),
            ("api.example.com", "http://api.example.com/", false),
            ("api.example.com", "http://api.example.com:443/", false),
            ("api.example.com", "https://api.example.com:8443/", false),
            ("api.example.com", "https://example.com/", false),
            ("api.example.com", "https://xapi.example.com/", false),
            ("api.example.com", "https://api.example.com.evil.test/", false),
            ("api.example.com:8443", "https://api.example.com:8443/", true),
            ("api.example.com:8443", "https://api.example.com/", false),
            ("http://api.example.com", "http://api.example.com/", true),
            ("http://api.example.com", "https://api.example.com/", false),
            ("http://api.example.com", "https://api.example.com:80/", false),
            ("*.carrier.test", "https://fr.carrier.test/", true),
            ("*.carrier.test", "https://carrier.test/", false),
            ("*.carrier.test", "https://a.fr.carrier.test/", false),
            ("*.carrier.test", "https://evilcarrier.test/", false),
            ("*.carrier.test", "https://fr.carrier.test.evil.test/", false),
            ("*.carrier.test:8443", "https://fr.carrier.test:8443/", true),
            ("http://10.0.0.7:8080", "http://10.0.0.7:8080/", true),
            ("http://10.0.0.7", "http://10.0.0.70/", false),
            ("http://[fd00::1]:8080", "http://[fd00:0:0::1]:8080/", true),
            ("http://[fd00::1]", "http://[fd00::1]/", true),
        ] {
            assert_eq!(covers(pattern, uri), expected, "{pattern} {uri}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for (text, why) in [
            ("", "not a host"),
            ("*", "not a host"),
            ("*.", "not a host"),
            ("*.*", "not a host"),
            ("*.com", "too wide"),
            ("a.*.com", "not a host"),
            ("api.*", "not a host"),
            ("*.10.0.0.1", "not a host"),
            ("ftp://a.test", "not a host"),
            ("a.test/path", "not a host"),
            ("user@a.test", "not a host"),
            ("2130706433", "not a host"),
            ("http://0x7f.1", "not a host"),
            ("bücher.test", "not a host"),
            ("a.test.", "not a host"),
            ("a.test:", "port"),
            ("a.test:0", "port"),
            ("a.test:065", "port"),
            ("a.test:65536", "port"),
            ("::1", "not a host"),
        ] {
            let error = text.parse::<Pattern>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
