//! `[grants.events]` of a manifest: what a service may publish, and what it subscribes to.

use std::collections::BTreeSet;
use std::time::Duration;

use fondaco_engine::{Code, Fault, ServiceName};
use serde::Deserialize;

use crate::backoff::Backoff;
use crate::event::EventType;
use crate::subscription::{Pattern, Subscription, SubscriptionName};

/// Entries of `publish`, and of `subscriptions`, at most.
const ENTRIES: usize = 128;

/// What a manifest grants, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grant {
    /// The types that may be published.
    pub publish: BTreeSet<EventType>,
    /// What the service subscribes to.
    pub subscriptions: Vec<Subscription>,
}

impl Grant {
    /// Reads the grant of a service. Unknown fields, doubled patterns and values out of bounds are `INVALID_GRANT`.
    pub fn parse(service: &ServiceName, grant: &serde_json::Value) -> Result<Self, Fault> {
        let given: Given = serde_path_to_error::deserialize(grant).map_err(|error| {
            let path = error.path().to_string();
            invalid(&path, error.inner())
        })?;
        if given.publish.len() > ENTRIES {
            return Err(invalid("publish", &format_args!("{ENTRIES} types at most")));
        }
        if given.subscriptions.len() > ENTRIES {
            return Err(invalid("subscriptions", &format_args!("{ENTRIES} at most")));
        }
        let mut seen = BTreeSet::new();
        let mut subscriptions = Vec::with_capacity(given.subscriptions.len());
        for (at, entry) in given.subscriptions.into_iter().enumerate() {
            let path = format!("subscriptions[{at}]");
            if !seen.insert(entry.ty.clone()) {
                return Err(invalid(&format!("{path}.type"), &format_args!("`{}` stands there twice", entry.ty)));
            }
            subscriptions.push(entry.check(service, &path)?);
        }
        Ok(Self { publish: given.publish.into_iter().collect(), subscriptions })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Given {
    publish: Vec<EventType>,
    subscriptions: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    #[serde(rename = "type")]
    ty: Pattern,
    #[serde(default)]
    ordered: bool,
    #[serde(default = "default_max_attempts")]
    max_attempts: u32,
    #[serde(default = "default_concurrency")]
    concurrency: usize,
    #[serde(default = "default_backoff")]
    backoff_ms: u64,
    #[serde(default = "default_backoff_max")]
    backoff_max_ms: u64,
    #[serde(default = "default_timeout")]
    timeout_ms: u64,
}

const fn default_max_attempts() -> u32 {
    8
}

const fn default_concurrency() -> usize {
    4
}

const fn default_backoff() -> u64 {
    200
}

const fn default_backoff_max() -> u64 {
    60_000
}

const fn default_timeout() -> u64 {
    10_000
}

impl Entry {
    fn check(self, service: &ServiceName, path: &str) -> Result<Subscription, Fault> {
        let within = |field: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(invalid(&format!("{path}.{field}"), &format_args!("{value} is not within {least} and {most}")))
        };
        within("max-attempts", self.max_attempts.into(), 1, 100)?;
        within("concurrency", self.concurrency as u64, 1, 64)?;
        within("backoff-ms", self.backoff_ms, 1, 3_600_000)?;
        within("backoff-max-ms", self.backoff_max_ms, self.backoff_ms, 86_400_000)?;
        within("timeout-ms", self.timeout_ms, 1, 60_000)?;
        Ok(Subscription {
            name: SubscriptionName::new(service, &self.ty),
            service: service.clone(),
            pattern: self.ty,
            ordered: self.ordered,
            max_attempts: self.max_attempts,
            concurrency: self.concurrency,
            backoff: Backoff {
                first: Duration::from_millis(self.backoff_ms),
                longest: Duration::from_millis(self.backoff_max_ms),
            },
            timeout: Duration::from_millis(self.timeout_ms),
        })
    }
}

fn invalid(path: &str, what: &dyn std::fmt::Display) -> Fault {
    let path = if path == "." { String::new() } else { format!(".{path}") };
    let message = format!("grants.events{path}: {what}");
    Fault::new(Code::InvalidArgument, "INVALID_GRANT", message).with("path", format!("grants.events{path}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(grant: &serde_json::Value) -> Result<Grant, Fault> {
        Grant::parse(&"pricing".parse().unwrap(), grant)
    }

    #[test]
    fn defaults_are_filled_in() {
        let grant = parse(&json!({
            "publish": ["fondaco.pricing.list.changed.v1"],
            "subscriptions": [{"type": "fondaco.catalog.*"}, {"type": "a.b", "ordered": true, "max-attempts": 1}],
        }));
        let grant = grant.unwrap();
        assert!(grant.publish.contains(&"fondaco.pricing.list.changed.v1".parse().unwrap()));
        let [first, second] = &grant.subscriptions[..] else { panic!() };
        assert_eq!(first.name.as_str(), "pricing/fondaco.catalog.*");
        assert_eq!((first.ordered, first.max_attempts, first.concurrency), (false, 8, 4));
        assert_eq!((second.ordered, second.max_attempts, second.concurrency), (true, 1, 4));
        assert_eq!(parse(&json!({})), Ok(Grant::default()));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        let cases = [
            (json!({"publishes": []}), "grants.events.publishes"),
            (json!({"publish": ["a.b", "A"]}), "grants.events.publish[1]"),
            (json!({"subscriptions": [{}]}), "grants.events.subscriptions[0]"),
            (json!({"subscriptions": [{"type": "*"}]}), "grants.events.subscriptions[0].type"),
            (json!({"subscriptions": [{"type": "a.b"}, {"type": "a.b"}]}), "grants.events.subscriptions[1].type"),
            (
                json!({"subscriptions": [{"type": "a.b", "max-attempts": 0}]}),
                "grants.events.subscriptions[0].max-attempts",
            ),
            (
                json!({"subscriptions": [{"type": "a.b", "concurrency": 65}]}),
                "grants.events.subscriptions[0].concurrency",
            ),
            (json!({"subscriptions": [{"type": "a.b", "tries": 1}]}), "grants.events.subscriptions[0].tries"),
            (json!(1), "grants.events"),
        ];
        for (grant, path) in cases {
            let fault = parse(&grant).unwrap_err();
            assert_eq!((fault.reason.as_ref(), fault.detail("path")), ("INVALID_GRANT", Some(path)), "{grant}");
        }
    }
}
