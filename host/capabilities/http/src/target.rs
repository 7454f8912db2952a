//! Where a request wants to go, read strictly from its URI: one spelling of a host, so that what was judged is what is
//! connected to.

use std::net::IpAddr;

use http::Uri;
use http::uri::{PathAndQuery, Scheme as UriScheme};

/// How a request travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A host by name or by address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// Lower-case ASCII, without a dot at the end.
    Name(String),
    Address(IpAddr),
}

impl Host {
    /// Reads a host; none for what is no host or is written in an unusual way.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // The URL standard's reader, as it knows what others take for an address: `2130706433`, `0x7f.1`, `017700000001`.
        match url::Host::parse(text).ok()? {
            url::Host::Domain(name) => is_name(&name, text).then_some(Self::Name(name)),
            url::Host::Ipv4(address) => (address.to_string() == text).then_some(Self::Address(address.into())),
            url::Host::Ipv6(address) => Some(Self::Address(address.into())),
        }
    }
}

/// Whether a name is written as names are, and the reader had nothing to decode or to map.
fn is_name(name: &str, text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name == text.to_ascii_lowercase() && name.len() <= 253 && name.split('.').all(label)
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Where a request wants to go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) port: u16,
}

impl Target {
    /// Reads it; none for a URI that has no host, has user-info, or is written in an unusual way.
    pub(crate) fn parse(uri: &Uri) -> Option<Self> {
        let scheme = match uri.scheme() {
            Some(scheme) if *scheme == UriScheme::HTTPS => Scheme::Https,
            Some(scheme) if *scheme == UriScheme::HTTP => Scheme::Http,
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = Host::parse(authority.host())?;
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None => scheme.port(),
        };
        let target = Self { scheme, host, port };
        target.is_spelt(authority.as_str(), authority.host()).then_some(target)
    }

    /// Whether an authority says host and port and nothing else: no user-info, no `host:`, no `host:0080`.
    fn is_spelt(&self, authority: &str, host: &str) -> bool {
        let rest = authority.strip_prefix(host);
        self.port != 0 && (rest == Some("") || rest == Some(format!(":{}", self.port).as_str()))
    }

    /// The URI under which it is asked for: always spelt the same.
    pub(crate) fn uri(&self, path: Option<&PathAndQuery>) -> Result<Uri, http::Error> {
        let path = path.cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        Uri::builder().scheme(self.scheme.as_str()).authority(self.authority()).path_and_query(path).build()
    }

    /// Host and, where it is not the scheme's own, port.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.port() { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> Option<String> {
        let target = Target::parse(&uri.parse().ok()?)?;
        Some(target.uri(None).unwrap().to_string())
    }

    #[test]
    fn usual_spellings_are_read() {
        for (uri, expected) in [
            ("https://api.example.com/a?b", "https://api.example.com/"),
            ("https://API.Example.COM:443/", "https://api.example.com/"),
            ("http://api.example.com:8080/", "http://api.example.com:8080/"),
            ("http://a_b.test/", "http://a_b.test/"),
            ("http://10.0.0.1/", "http://10.0.0.1/"),
            ("http://[::1]:8080/", "http://[::1]:8080/"),
            ("http://[0:0:0:0:0:ffff:7f00:1]/", "http://[::ffff:127.0.0.1]/"),
        ] {
            assert_eq!(target(uri).as_deref(), Some(expected), "{uri}");
        }
    }

    #[test]
    fn unusual_ones_are_not() {
        for uri in [
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://017700000001/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://127.0.0.01/",
            "https://127.0.0.1./",
            "https://[::1%25eth0]/",
            "https://user@example.com/",
            "https://user:pass@example.com/",
            "https://example.com@127.0.0.1/",
            "https://@example.com/",
            "https://example.com:/",
            "https://example.com:0/",
            "https://example.com:0443/",
            "https://example.com:65536/",
            "https://example.com./",
            "https://.example.com/",
            "https://a..b/",
            "https://-a.test/",
            "https://ex%61mple.com/",
            "https://example.com%2eevil.test/",
            "ftp://example.com/",
            "/path",
            "example.com:443",
        ] {
            assert_eq!(target(uri), None, "{uri}");
        }
    }
}
