//! Files of the calling tenant and this service. Granted by `[grants.blob]`.
//!
//! A file is durable once [`put`] has returned, and does not belong to the unit of work: put it first, and write its
//! name into a table afterwards.

pub use crate::bindings::fondaco::host::blob::{Draft, Info, Range};
use crate::{Fault, host};

/// Keeps bytes under a name, in place of what had it before.
pub fn put(draft: &Draft, bytes: &[u8]) -> Result<Info, Fault> {
    host::current(|host| host.blob_put(draft, bytes))
}

/// The bytes, or a part of them. `BLOB_NOT_FOUND` where there are none.
pub fn get(name: &str, range: Option<Range>) -> Result<Vec<u8>, Fault> {
    host::current(|host| host.blob_get(name, range))
}

/// What the file is; none where there is none.
pub fn head(name: &str) -> Result<Option<Info>, Fault> {
    host::current(|host| host.blob_head(name))
}

/// Takes the name away; false where it was not there.
pub fn delete(name: &str) -> Result<bool, Fault> {
    host::current(|host| host.blob_delete(name))
}

/// Files whose name begins with `prefix`, from behind `after` on, in the order of their names; at most `limit`.
pub fn list(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Info>, Fault> {
    host::current(|host| host.blob_list(prefix, after, limit))
}
