//! Whose pairs, in which bucket, under which key: checked once at the edge.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use fondaco_engine::{CallContext, Code, Fault, ServiceName, ServiceState, TenantId};
use serde::{Deserialize, Serialize};

use crate::faults;

/// Bytes of a key.
pub const KEY_BYTES: usize = 256;
/// Bytes of a value.
pub const VALUE_BYTES: usize = 1 << 20;
/// Keys of one batch.
pub const BATCH: usize = 100;
/// Bytes of the values of one batch.
pub const BATCH_BYTES: usize = 4 << 20;
/// Keys of one page.
pub const PAGE: usize = 1_000;

/// Whose: a tenant's and one of its services'. Nothing else is ever in reach.
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
        let CallContext { tenant, .. } = state.call();
        Self { tenant: tenant.clone(), service: state.service().clone() }
    }
}

/// The name of a bucket, a label like a service's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BucketName(ServiceName);

impl FromStr for BucketName {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        text.parse().map(Self).map_err(|_| {
            let message = "a bucket's name is 1 to 63 of a-z, 0-9 and `-`, and no `-` in front";
            Fault::new(Code::InvalidArgument, "INVALID_BUCKET", message)
        })
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A bucket of one tenant's service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Whose it is.
    pub scope: Scope,
    /// Its name in the grant.
    pub name: BucketName,
}

/// A key: 1 to 256 bytes of any text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Arc<str>);

impl Key {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Checks a list of keys.
    pub fn all(texts: &[String]) -> Result<Vec<Self>, Fault> {
        if texts.len() > BATCH {
            return Err(faults::batch_too_large(texts.len()));
        }
        texts.iter().map(|text| text.parse()).collect()
    }
}

impl FromStr for Key {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if (1..=KEY_BYTES).contains(&text.len()) {
            return Ok(Self(Arc::from(text)));
        }
        let message = format!("a key is 1 to {KEY_BYTES} bytes, this one {}; use a hash of what is longer", text.len());
        Err(Fault::new(Code::InvalidArgument, "INVALID_KEY", message))
    }
}

/// A value within its bound.
pub(crate) fn value(bytes: Vec<u8>) -> Result<bytes::Bytes, Fault> {
    if bytes.len() <= VALUE_BYTES {
        return Ok(bytes.into());
    }
    let message = format!("a value is at most {VALUE_BYTES} bytes, this one {}; keep it as a blob", bytes.len());
    Err(Fault::new(Code::InvalidArgument, "VALUE_TOO_LARGE", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_bounded() {
        assert!("a".parse::<Key>().is_ok());
        assert!("ä/../\0".parse::<Key>().is_ok());
        assert_eq!("".parse::<Key>().unwrap_err().reason, "INVALID_KEY");
        assert!("x".repeat(256).parse::<Key>().is_ok());
        assert_eq!("x".repeat(257).parse::<Key>().unwrap_err().reason, "INVALID_KEY");
        assert!(value(vec![0; VALUE_BYTES]).is_ok());
        assert_eq!(value(vec![0; VALUE_BYTES + 1]).unwrap_err().reason, "VALUE_TOO_LARGE");
    }

    #[test]
    fn a_batch_is_bounded() {
        assert!(Key::all(&vec!["k".to_owned(); BATCH]).is_ok());
        assert_eq!(Key::all(&vec!["k".to_owned(); BATCH + 1]).unwrap_err().reason, "BATCH_TOO_LARGE");
    }

    #[test]
    fn a_buckets_name_is_a_label() {
        assert!("carts-2".parse::<BucketName>().is_ok());
        for bad in ["", "a:b", "a/b", "{a}", "A"] {
            assert_eq!(bad.parse::<BucketName>().unwrap_err().reason, "INVALID_BUCKET", "{bad}");
        }
    }
}
