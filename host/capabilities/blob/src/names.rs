//! Whose blobs, and under which names: checked once at the edge.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use fondaco_engine::{Fault, ServiceName, ServiceState, TenantId};

use crate::faults;

/// Bytes of a name.
const NAME_BYTES: usize = 512;
/// Bytes of a media type: those of RFC 6838 have 127 at most on either side, and nobody's have.
const TYPE_BYTES: usize = 127;

/// Whose: a tenant's and one of its services'.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The tenant.
    pub tenant: TenantId,
    /// The service.
    pub service: ServiceName,
}

impl Scope {
    /// That of the running call.
    pub fn of(state: &ServiceState) -> Self {
        Self { tenant: state.call().tenant.clone(), service: state.service().clone() }
    }
}

/// A blob's name. It never becomes a path of the file system or of the bucket; it stands in URLs as it is, and there
/// `..` would mean something, to browsers if not to us.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlobName(Arc<str>);

impl BlobName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BlobName {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if !(1..=NAME_BYTES).contains(&text.len()) {
            return Err(faults::invalid_name(&format!("this one has {}", text.len())));
        }
        if !is_prefix(text) {
            return Err(faults::invalid_name("this one has another character"));
        }
        if text.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(faults::invalid_name("no segment is empty, `.` or `..`"));
        }
        Ok(Self(Arc::from(text)))
    }
}

/// Whether a name could begin like this: no other characters, and not longer.
pub(crate) fn is_prefix(text: &str) -> bool {
    text.len() <= NAME_BYTES
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-' | b'/'))
}

/// A media type that may stand in a header.
pub(crate) fn content_type(text: &str) -> Result<String, Fault> {
    if text.len() > TYPE_BYTES {
        return Err(faults::invalid_content_type());
    }
    let parsed = text.parse::<mime::Mime>().map_err(|_| faults::invalid_content_type())?;
    // `*/*` is for those who ask; and the parser takes `image/`, with nothing behind it.
    if parsed.type_() == mime::STAR || parsed.subtype() == mime::STAR || parsed.subtype().as_str().is_empty() {
        return Err(faults::invalid_content_type());
    }
    Ok(parsed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names() {
        for good in ["a", "products/chair-1/front.jpg", "a.b", "...", "a/..b", ".well-known/x", "~_~", &"x".repeat(512)]
        {
            assert!(good.parse::<BlobName>().is_ok(), "{good}");
        }
    }

    #[test]
    fn names_that_mean_more_than_they_say() {
        for bad in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "a/./b",
            "a\\b",
            "..\\a",
            "a\0",
            "a b",
            "%2e%2e/a",
            "a?b",
            "a#b",
            "a:b",
            "ä",
            "a\n",
            "C:\\x",
            "\u{202e}a",
            &"x".repeat(513),
        ] {
            assert_eq!(bad.parse::<BlobName>().unwrap_err().reason, "INVALID_BLOB_NAME", "{bad:?}");
        }
    }

    #[test]
    fn media_types() {
        assert_eq!(content_type("Image/JPEG").unwrap(), "image/jpeg");
        assert_eq!(content_type("text/html; charset=utf-8").unwrap(), "text/html; charset=utf-8");
        for bad in ["", "jpeg", "image/", "*/*", "image/*", "a/b\r\nset-cookie: x", &format!("a/{}", "b".repeat(200))] {
            assert_eq!(content_type(bad).unwrap_err().reason, "INVALID_CONTENT_TYPE", "{bad:?}");
        }
    }
}
