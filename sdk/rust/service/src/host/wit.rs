//! The component's imports.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::bindings::fondaco::host::blob::{Draft as BlobDraft, Info, Range};
use crate::bindings::fondaco::host::cache::Loaded;
use crate::bindings::fondaco::host::caller::Identity;
use crate::bindings::fondaco::host::events::Draft;
use crate::bindings::fondaco::host::messages::{Email, Sms};
use crate::bindings::fondaco::host::sql::{Rows, Value};
use crate::bindings::fondaco::host::{blob, cache, caller, events, messages, secrets, sql, unit_of_work};
use crate::bindings::wasi::config::store;
use crate::http::{Request, Response};
use crate::{Fault, fault};

use super::outgoing;

pub(crate) struct Imports;

/// Not `dyn`: what a service never calls is then not linked, and so not imported.
pub(crate) fn current<R>(work: impl FnOnce(&Imports) -> Result<R, Fault>) -> Result<R, Fault> {
    work(&Imports)
}

// The methods of `Host`, of its own.
#[allow(clippy::unused_self, clippy::unnecessary_wraps)]
impl Imports {
    pub(crate) fn query(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Fault> {
        sql::query(statement, parameters)
    }

    pub(crate) fn execute(&self, statement: &str, parameters: &[Value]) -> Result<u64, Fault> {
        sql::execute(statement, parameters)
    }

    pub(crate) fn commit(&self) -> Result<(), Fault> {
        unit_of_work::commit()
    }

    pub(crate) fn publish(&self, event: &Draft) -> Result<String, Fault> {
        events::publish(event)
    }

    pub(crate) fn send_email(&self, message: &Email) -> Result<String, Fault> {
        messages::send_email(message)
    }

    pub(crate) fn send_sms(&self, message: &Sms) -> Result<String, Fault> {
        messages::send_sms(message)
    }

    pub(crate) fn caller(&self) -> Identity {
        caller::current()
    }

    pub(crate) fn config(&self) -> Result<Option<String>, Fault> {
        store::get("config").map_err(|error| fault::internal("BAD_CONFIG", format!("{error:?}")))
    }

    pub(crate) fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    pub(crate) fn secret(&self, name: &str) -> Result<String, Fault> {
        secrets::get(name)
    }

    pub(crate) fn cache_get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        cache::get_many(keys)
    }

    pub(crate) fn cache_set(&self, key: &str, value: &[u8], ttl_ms: u64) -> Result<(), Fault> {
        cache::set(key, value, ttl_ms)
    }

    pub(crate) fn cache_delete(&self, key: &str) -> Result<(), Fault> {
        cache::delete(key)
    }

    pub(crate) fn cache_load(&self, key: &str, wait_ms: u32) -> Result<Loaded, Fault> {
        cache::load(key, wait_ms)
    }

    pub(crate) fn cache_fill(&self, key: &str, lease: u64, value: &[u8], ttl_ms: u64) -> Result<bool, Fault> {
        cache::fill(key, lease, value, ttl_ms)
    }

    pub(crate) fn blob_put(&self, draft: &BlobDraft, bytes: &[u8]) -> Result<Info, Fault> {
        blob::put(draft, bytes)
    }

    pub(crate) fn blob_get(&self, name: &str, range: Option<Range>) -> Result<Vec<u8>, Fault> {
        blob::get(name, range)
    }

    pub(crate) fn blob_head(&self, name: &str) -> Result<Option<Info>, Fault> {
        blob::head(name)
    }

    pub(crate) fn blob_delete(&self, name: &str) -> Result<bool, Fault> {
        blob::delete(name)
    }

    pub(crate) fn blob_list(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Info>, Fault> {
        blob::list(prefix, after, limit)
    }

    pub(crate) fn http(&self, request: &Request) -> Result<Response, Fault> {
        outgoing::send(request)
    }
}
