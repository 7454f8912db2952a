//! Cache and files in memory.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::ops::Bound;

use crate::bindings::fondaco::host::blob::{Draft, Info, Range};
use crate::bindings::fondaco::host::cache::Loaded;
use crate::{Fault, fault};

#[derive(Debug, Default)]
pub(super) struct Cache {
    /// Value and when it ends.
    entries: BTreeMap<String, (Vec<u8>, i64)>,
    leases: BTreeMap<String, u64>,
    given: u64,
}

impl Cache {
    pub(super) fn get(&self, key: &str, now_ms: i64) -> Option<Vec<u8>> {
        let (value, ends_ms) = self.entries.get(key)?;
        (now_ms < *ends_ms).then(|| value.clone())
    }

    pub(super) fn set(&mut self, key: &str, value: &[u8], now_ms: i64, ttl_ms: u64) {
        let ends_ms = now_ms.saturating_add_unsigned(ttl_ms);
        self.entries.insert(key.to_owned(), (value.to_vec(), ends_ms));
    }

    pub(super) fn delete(&mut self, key: &str) {
        self.entries.remove(key);
        self.leases.remove(key);
    }

    pub(super) fn load(&mut self, key: &str, now_ms: i64) -> Loaded {
        if let Some(value) = self.get(key, now_ms) {
            return Loaded::Hit(value);
        }
        // Nobody else can be loading: one call runs at a time, so it would be waiting for itself.
        if self.leases.contains_key(key) {
            return Loaded::Busy;
        }
        self.given += 1;
        self.leases.insert(key.to_owned(), self.given);
        Loaded::Lease(self.given)
    }

    pub(super) fn fill(&mut self, key: &str, lease: u64, value: &[u8], now_ms: i64, ttl_ms: u64) -> bool {
        if self.leases.get(key) != Some(&lease) {
            return false;
        }
        self.leases.remove(key);
        self.set(key, value, now_ms, ttl_ms);
        true
    }

    pub(super) fn end_leases(&mut self) {
        self.leases.clear();
    }
}

#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<String, (Info, Vec<u8>)>);

impl Files {
    pub(super) fn put(&mut self, draft: &Draft, bytes: &[u8], now_ms: i64) -> Info {
        // Stands in for a digest: the same bytes have the same, others hardly ever.
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let sha256 = format!("{:064x}", hasher.finish());
        let info = Info {
            name: draft.name.clone(),
            size: bytes.len() as u64,
            etag: format!("\"{sha256}\""),
            url: draft.public.then(|| format!("/blobs/{sha256}")),
            sha256,
            content_type: draft.content_type.clone(),
            modified_ms: now_ms.cast_unsigned(),
        };
        self.0.insert(draft.name.clone(), (info.clone(), bytes.to_vec()));
        info
    }

    pub(super) fn get(&self, name: &str, range: Option<Range>) -> Result<Vec<u8>, Fault> {
        let found = self.0.get(name).map(|(_, bytes)| bytes);
        let bytes = found.ok_or_else(|| fault::not_found("BLOB_NOT_FOUND", format!("There is no blob `{name}`.")))?;
        let Some(Range { offset, length }) = range else { return Ok(bytes.clone()) };
        let place = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Ok(bytes.iter().skip(place(offset)).take(place(length)).copied().collect())
    }

    pub(super) fn head(&self, name: &str) -> Option<Info> {
        self.0.get(name).map(|(info, _)| info.clone())
    }

    pub(super) fn delete(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    pub(super) fn list(&self, prefix: &str, after: Option<&str>, limit: u32) -> Vec<Info> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.0.range::<str, _>((start, Bound::Unbounded));
        let matching = behind.filter(|(name, _)| name.starts_with(prefix)).map(|(_, (info, _))| info.clone());
        matching.take(limit.try_into().unwrap_or(usize::MAX)).collect()
    }
}
