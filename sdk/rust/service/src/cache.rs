//! A cache of the calling tenant and this service, as JSON. Granted by `[grants.key-value]`.
//!
//! What is in it may be gone at any moment, so [`read_through`] is the way to use it: it answers what is there, or
//! loads it once, however many ask at a time. Whoever changes what was loaded calls [`forget`] **after** the commit
//! (a handler of the change's event does), so that nobody fills in what was read before.
//!
//! For many values at a time there is [`many`], over bytes in whatever form is quick to read.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::fondaco::host::cache::Loaded;
use crate::{Fault, host};

pub mod many;

/// How long [`read_through`] waits for another that is just loading the same.
const WAIT_MS: u32 = 1_000;

/// The value under `key`, or what `load` answers, kept for `ttl_ms` (at most a day). Of all that miss a key at a time,
/// in all instances and replicas, one loads and the others wait for it. A fault of `load` is not kept.
pub fn read_through<T>(key: &str, ttl_ms: u64, load: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault>
where
    T: Serialize + DeserializeOwned,
{
    match host::current(|host| host.cache_load(key, WAIT_MS))? {
        Loaded::Hit(bytes) => match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(value),
            // A release before this one wrote another shape.
            Err(_) => load_and(load, |value| set(key, value, ttl_ms)),
        },
        Loaded::Lease(lease) => load_and(load, |value| {
            let Ok(json) = serde_json::to_vec(value) else { return Ok(()) };
            host::current(|host| host.cache_fill(key, lease, &json, ttl_ms)).map(drop)
        }),
        Loaded::Busy => load(),
    }
}

fn load_and<T>(
    load: impl FnOnce() -> Result<T, Fault>,
    keep: impl FnOnce(&T) -> Result<(), Fault>,
) -> Result<T, Fault> {
    let value = load()?;
    keep(&value)?;
    Ok(value)
}

/// The values under `keys`, in their order; one that is not there, or of another shape, is none.
pub fn get_many<T: DeserializeOwned>(keys: &[String]) -> Result<Vec<Option<T>>, Fault> {
    Ok(many::get(keys)?.into_iter().map(|bytes| serde_json::from_slice(&bytes?).ok()).collect())
}

/// Keeps a value for `ttl_ms`. One that is no JSON is not kept.
pub fn set<T: Serialize>(key: &str, value: &T, ttl_ms: u64) -> Result<(), Fault> {
    let Ok(json) = serde_json::to_vec(value) else { return Ok(()) };
    host::current(|host| host.cache_set(key, &json, ttl_ms))
}

/// Forgets a key, and what somebody may be loading for it right now.
pub fn forget(key: &str) -> Result<(), Fault> {
    host::current(|host| host.cache_delete(key))
}
