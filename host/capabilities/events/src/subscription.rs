//! Who wants what: patterns of types, and what a subscription's manifest entry says of its delivery.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use fondaco_engine::{Fault, ServiceName};
use serde::{Deserialize, Serialize};

use crate::backoff::Backoff;
use crate::event::EventType;

/// Which types a subscription wants: one (`a.b.c`), or all below a prefix (`a.b.*`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Pattern {
    /// This type alone.
    Exact(EventType),
    /// All types that begin with this and a dot.
    Below(EventType),
}

impl Pattern {
    /// Whether a type is wanted.
    pub fn matches(&self, ty: &EventType) -> bool {
        match self {
            Self::Exact(wanted) => wanted == ty,
            Self::Below(prefix) => ty.as_str().strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('.')),
        }
    }
}

impl FromStr for Pattern {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        match text.strip_suffix(".*") {
            Some(prefix) => prefix.parse().map(Self::Below),
            None => text.parse().map(Self::Exact),
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(ty) => write!(f, "{ty}"),
            Self::Below(prefix) => write!(f, "{prefix}.*"),
        }
    }
}

/// A subscription's name: `<service>/<pattern>`. It names the subscription's place on the bus, and its rows in inboxes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionName(Arc<str>);

impl SubscriptionName {
    /// The name of a service's subscription.
    pub fn new(service: &ServiceName, pattern: &Pattern) -> Self {
        Self(format!("{service}/{pattern}").into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text, shared.
    pub fn shared(&self) -> &Arc<str> {
        &self.0
    }
}

impl FromStr for SubscriptionName {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let wrong = || {
            let shown: String = text.chars().take(80).collect();
            let message = format!("{shown:?} is not a subscription: expected `<service>/<type or prefix.*>`");
            Fault::new(fondaco_engine::Code::InvalidArgument, "INVALID_SUBSCRIPTION", message)
        };
        let (service, pattern) = text.split_once('/').ok_or_else(wrong)?;
        let service: ServiceName = service.parse().map_err(|_| wrong())?;
        Ok(Self::new(&service, &pattern.parse().map_err(|_| wrong())?))
    }
}

impl fmt::Display for SubscriptionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SubscriptionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubscriptionName({self})")
    }
}

/// A service's wish for events, as its manifest says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Its name.
    pub name: SubscriptionName,
    /// Who handles.
    pub service: ServiceName,
    /// Which types.
    pub pattern: Pattern,
    /// Whether events of a tenant with the same partition key are handled one after the other, in the order of their
    /// commits.
    pub ordered: bool,
    /// How often an event is tried before it is a dead letter.
    pub max_attempts: u32,
    /// Events that are handled at a time, on one host.
    pub concurrency: usize,
    /// The time between attempts.
    pub backoff: Backoff,
    /// The longest that one attempt may take.
    pub timeout: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_whole_labels() {
        let cases = [
            ("a.b.c", "a.b.c", true),
            ("a.b.c", "a.b.c.d", false),
            ("a.b.c", "a.b", false),
            ("a.b.*", "a.b.c", true),
            ("a.b.*", "a.b.c.d", true),
            ("a.b.*", "a.b", false),
            ("a.b.*", "a.bc.d", false),
        ];
        for (pattern, ty, wanted) in cases {
            let parsed: Pattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(&ty.parse().unwrap()), wanted, "{pattern} {ty}");
            assert_eq!(parsed.to_string(), pattern);
        }
        for bad in ["*", ".*", "a.*", "a.*.b", "a.b*", "", "a.b.*.*"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_parse_back() {
        let name = SubscriptionName::new(&"pricing".parse().unwrap(), &"fondaco.catalog.*".parse().unwrap());
        assert_eq!(name.as_str(), "pricing/fondaco.catalog.*");
        assert_eq!(name.as_str().parse(), Ok(name));
        for bad in ["", "pricing", "/a.b", "pricing/", "Pricing/a.b", "pricing/*"] {
            assert_eq!(bad.parse::<SubscriptionName>().unwrap_err().reason, "INVALID_SUBSCRIPTION", "{bad}");
        }
    }
}
