//! An event on its way: CloudEvents 1.0, with the tenant and the partition key as extension attributes.
//!
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>; `partitionkey` is the spec's own documented
//! extension. The SDK of CloudEvents is not used: the format is this one record, and the SDK would copy the payload
//! into a tree.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use fondaco_engine::{Code, Fault, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Bytes of a type at most.
const TYPE_BYTES: usize = 200;
/// Bytes of a subject, and of a partition key, at most.
const ATTRIBUTE_BYTES: usize = 256;

/// What an event is about, in reversed-domain form: `fondaco.catalog.product.changed.v1`.
///
/// Lower-case labels of `a-z`, `0-9` and `-`, two at least, with dots between; 200 bytes at most.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventType(Arc<str>);

impl EventType {
    /// The type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventType {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let is_label = |label: &str| {
            let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            !label.is_empty() && label.bytes().all(inside)
        };
        if text.len() <= TYPE_BYTES && text.contains('.') && text.split('.').all(is_label) {
            return Ok(Self(text.into()));
        }
        let shown: String = text.chars().take(80).collect();
        let message = format!(
            "{shown:?} is not an event type: expected labels of a-z, 0-9 and `-` with dots between, for instance \
             `fondaco.catalog.product.changed.v1`, {TYPE_BYTES} bytes at most"
        );
        Err(Fault::new(Code::InvalidArgument, "INVALID_EVENT_TYPE", message))
    }
}

impl TryFrom<String> for EventType {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        text.parse()
    }
}

impl From<EventType> for String {
    fn from(ty: EventType) -> Self {
        ty.as_str().to_owned()
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventType({})", self.as_str())
    }
}

/// What a publisher says of an event; the host adds id, source, time and tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The event's type.
    pub ty: String,
    /// What of the source it is about: a sku, an order's id. 256 bytes at most.
    pub subject: Option<String>,
    /// Events of a tenant with the same key reach ordered subscriptions in the order of their commits. 256 bytes at
    /// most.
    pub partition_key: Option<String>,
    /// The payload: one JSON document.
    pub data: String,
}

/// A CloudEvent of a tenant.
#[derive(Debug, Clone)]
pub struct Event {
    /// Unique over all sources; a UUIDv7 where the host made it.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who published it: `/services/<name>`.
    pub source: String,
    /// What it is about.
    pub ty: EventType,
    /// What of the source it is about.
    pub subject: Option<String>,
    /// When it was published, in ms since 1970.
    pub time_ms: i64,
    /// What it is ordered by.
    pub partition_key: Option<String>,
    /// The payload: one JSON document, as it was published.
    pub data: Box<RawValue>,
}

impl Event {
    /// Checks a draft and makes an event of it, with a fresh id. `data_bytes` bounds the payload.
    pub fn new(draft: Draft, tenant: TenantId, source: String, time_ms: i64, data_bytes: usize) -> Result<Self, Fault> {
        let Draft { ty, subject, partition_key, data } = draft;
        let ty: EventType = ty.parse()?;
        check_attribute("subject", subject.as_deref())?;
        check_attribute("partition-key", partition_key.as_deref())?;
        if data.len() > data_bytes {
            let message = format!(
                "the data of `{ty}` has {} bytes, {data_bytes} are allowed; publish an id, and let handlers fetch the \
                 rest",
                data.len()
            );
            return Err(Fault::new(Code::InvalidArgument, "EVENT_TOO_LARGE", message));
        }
        let data = RawValue::from_string(data).map_err(|error| {
            let message = format!("the data of `{ty}` is not JSON: {error}");
            Fault::new(Code::InvalidArgument, "INVALID_EVENT_DATA", message)
        })?;
        Ok(Self { id: Uuid::now_v7(), tenant, source, ty, subject, time_ms, partition_key, data })
    }

    /// As the JSON of the CloudEvents specification: what lies in the outbox and on the bus.
    pub fn to_json(&self) -> String {
        let wire = Wire {
            specversion: Version::V1,
            id: self.id.to_string().into(),
            source: self.source.as_str().into(),
            ty: self.ty.clone(),
            subject: self.subject.as_deref().map(Into::into),
            time: Timestamp::from_millisecond(self.time_ms).unwrap_or_default().to_string().into(),
            datacontenttype: "application/json".into(),
            tenant: self.tenant.clone(),
            partitionkey: self.partition_key.as_deref().map(Into::into),
            data: &self.data,
        };
        // Nothing in it can fail: names are text, and the payload is JSON already.
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// The event of a JSON text that [`to_json`](Self::to_json) made.
    pub fn from_json(text: &str) -> Result<Self, Fault> {
        let broken = |what: &dyn fmt::Display| {
            Fault::new(Code::DataLoss, "BROKEN_EVENT", format!("a stored event cannot be read: {what}"))
        };
        let wire: Wire<'_> = serde_json::from_str(text).map_err(|error| broken(&error))?;
        let time: Timestamp = wire.time.parse().map_err(|error: jiff::Error| broken(&error))?;
        Ok(Self {
            id: wire.id.parse().map_err(|error: uuid::Error| broken(&error))?,
            tenant: wire.tenant,
            source: wire.source.into_owned(),
            ty: wire.ty,
            subject: wire.subject.map(Into::into),
            time_ms: time.as_millisecond(),
            partition_key: wire.partitionkey.map(Into::into),
            data: wire.data.to_owned(),
        })
    }
}

fn check_attribute(name: &str, value: Option<&str>) -> Result<(), Fault> {
    match value {
        Some(text) if text.is_empty() || text.len() > ATTRIBUTE_BYTES || text.chars().any(char::is_control) => {
            let message = format!("an event's {name} has 1 to {ATTRIBUTE_BYTES} bytes without control characters");
            Err(Fault::new(Code::InvalidArgument, "INVALID_EVENT", message).with("attribute", name))
        }
        _ => Ok(()),
    }
}

/// The JSON format of the specification.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    specversion: Version,
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    source: std::borrow::Cow<'a, str>,
    #[serde(rename = "type")]
    ty: EventType,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Box<str>>,
    #[serde(borrow)]
    time: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    datacontenttype: std::borrow::Cow<'a, str>,
    tenant: TenantId,
    #[serde(skip_serializing_if = "Option::is_none")]
    partitionkey: Option<Box<str>>,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
enum Version {
    #[serde(rename = "1.0")]
    V1,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            ty: "fondaco.catalog.product.changed.v1".into(),
            subject: Some("sku-1".into()),
            partition_key: None,
            data: r#"{"sku": "sku-1", "price": 12.50}"#.into(),
        }
    }

    fn event(draft: Draft) -> Result<Event, Fault> {
        Event::new(draft, "acme".parse().unwrap(), "/services/catalog".into(), 1_700_000_000_123, 64)
    }

    #[test]
    fn it_is_a_cloud_event() {
        let mut event = event(draft()).unwrap();
        event.id = Uuid::nil();
        assert_eq!(
            event.to_json(),
            r#"{"specversion":"1.0","id":"00000000-0000-0000-0000-000000000000","source":"/services/catalog","#
                .to_owned()
                + r#""type":"fondaco.catalog.product.changed.v1","subject":"sku-1","time":"2023-11-14T22:13:20.123Z","#
                + r#""datacontenttype":"application/json","tenant":"acme","data":{"sku": "sku-1", "price": 12.50}}"#
        );
    }

    #[test]
    fn it_survives_the_way() {
        let draft = Draft { partition_key: Some("ä\"ö".into()), subject: Some("a\\b".into()), ..draft() };
        let event = event(draft).unwrap();
        let back = Event::from_json(&event.to_json()).unwrap();
        assert_eq!(format!("{back:?}"), format!("{event:?}"));
        assert_eq!(Event::from_json("{}").unwrap_err().reason, "BROKEN_EVENT");
    }

    #[test]
    fn drafts_are_checked() {
        let reason = |draft| event(draft).unwrap_err().reason;
        for ty in ["", "a", "a..b", "A.b", ".a.b", "a.b.", "a.*", "a b.c", &format!("a.{}", "b".repeat(200))] {
            assert_eq!(reason(Draft { ty: ty.into(), ..draft() }), "INVALID_EVENT_TYPE", "{ty}");
        }
        for data in ["", "{", "{} {}", "nul"] {
            assert_eq!(reason(Draft { data: data.into(), ..draft() }), "INVALID_EVENT_DATA", "{data}");
        }
        assert_eq!(reason(Draft { data: "1".repeat(65), ..draft() }), "EVENT_TOO_LARGE");
        for text in [String::new(), "a\nb".into(), "x".repeat(257)] {
            assert_eq!(reason(Draft { subject: Some(text.clone()), ..draft() }), "INVALID_EVENT");
            assert_eq!(reason(Draft { partition_key: Some(text), ..draft() }), "INVALID_EVENT");
        }
    }
}
