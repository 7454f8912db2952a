//! What a manifest grants: `[grants.key-value] stores = ["carts"]`.

use std::collections::BTreeSet;
use std::sync::Arc;

use fondaco_engine::{Code, Fault};
use serde::Deserialize;

use crate::KeyValue;
use crate::names::BucketName;

/// Buckets that one service may have.
const STORES: usize = 16;

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    stores: Vec<BucketName>,
}

/// What a release may open, and where it is.
pub(crate) struct Granted {
    pub(crate) stores: BTreeSet<BucketName>,
    pub(crate) key_value: Arc<KeyValue>,
}

/// Reads the grant of a manifest.
pub(crate) fn read(grant: &serde_json::Value) -> Result<BTreeSet<BucketName>, Fault> {
    let asked: Asked = serde_path_to_error::deserialize(grant)
        .map_err(|error| invalid(&format!("grants.key-value.{}: {}", error.path(), error.inner())))?;
    if asked.stores.len() > STORES {
        return Err(invalid(&format!("grants.key-value.stores: at most {STORES}, here {}", asked.stores.len())));
    }
    Ok(asked.stores.into_iter().collect())
}

fn invalid(message: &str) -> Fault {
    Fault::new(Code::InvalidArgument, "INVALID_GRANT", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_grant_names_buckets() {
        let stores = read(&json!({ "stores": ["carts", "counters", "carts"] })).unwrap();
        assert_eq!(stores.iter().map(ToString::to_string).collect::<Vec<_>>(), ["carts", "counters"]);
        assert!(read(&json!({})).unwrap().is_empty());
    }

    #[test]
    fn a_bad_grant_is_refused_with_its_path() {
        let many: Vec<_> = (0..17).map(|at| format!("s{at}")).collect();
        for (grant, path) in [
            (json!({ "stores": ["a", "../b"] }), "grants.key-value.stores[1]"),
            (json!({ "store": [] }), "grants.key-value."),
            (json!({ "stores": many }), "grants.key-value.stores"),
            (json!(null), "grants.key-value"),
        ] {
            let fault = read(&grant).unwrap_err();
            assert_eq!(fault.reason, "INVALID_GRANT");
            assert!(fault.message.starts_with(path), "{}", fault.message);
        }
    }
}
