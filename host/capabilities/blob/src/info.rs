//! What a blob is, as services and browsers are told.

use std::time::{Duration, SystemTime};

use crate::index::{Claim, Row};
use crate::names::Scope;

/// What a blob is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Of its bytes, 64 hexadecimal digits.
    pub sha256: String,
    /// Its media type.
    pub content_type: String,
    /// Whether anyone may fetch it.
    pub public: bool,
    /// When it was put: milliseconds since 1970.
    pub modified_ms: u64,
    /// Where it is delivered, from the host's root, with the digest of its bytes.
    url: String,
}

impl Info {
    pub(crate) fn of(scope: &Scope, row: &Row) -> Self {
        Self {
            name: row.name.clone(),
            size: u64::try_from(row.size).unwrap_or_default(),
            sha256: row.sha256.clone(),
            content_type: row.content_type.clone(),
            public: row.public != 0,
            modified_ms: u64::try_from(row.modified_ms).unwrap_or_default(),
            url: url(scope, &row.name, &row.sha256),
        }
    }

    pub(crate) fn put(claim: &Claim<'_>) -> Self {
        let row = Row {
            name: claim.name.to_string(),
            sha256: claim.sha256.to_owned(),
            size: claim.size,
            object: String::new(),
            content_type: claim.content_type.to_owned(),
            public: claim.public.into(),
            modified_ms: claim.modified_ms,
        };
        Self::of(claim.scope, &row)
    }

    /// As an HTTP entity tag, with its quotes. Equal bytes have equal tags, and no others.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.sha256)
    }

    /// Where anyone may fetch exactly these bytes; none unless it is public.
    pub fn url(&self) -> Option<&str> {
        self.public.then_some(self.url.as_str())
    }

    pub(crate) fn modified(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.modified_ms)
    }
}

/// Names have no character that a URL would write in another way.
fn url(scope: &Scope, name: &str, sha256: &str) -> String {
    format!("/v1/blobs/{}/{}/{name}?digest={sha256}", scope.tenant, scope.service)
}
