//! The one seam between a service and what stands around it.
//!
//! In a component the [`Host`] is its imports. Natively it is whatever [`with`] was given: `testing::House` in tests,
//! or the same statements over another driver in a benchmark.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod outgoing;
#[cfg(target_arch = "wasm32")]
mod wit;

use crate::bindings::fondaco::host::blob::{Draft as BlobDraft, Info, Range};
use crate::bindings::fondaco::host::cache::Loaded;
use crate::bindings::fondaco::host::caller::Identity;
use crate::bindings::fondaco::host::events::Draft;
use crate::bindings::fondaco::host::messages::{Email, Sms};
use crate::bindings::fondaco::host::sql::{Rows, Value};
use crate::http::{Request, Response};
use crate::{Code, Fault};

#[cfg(not(target_arch = "wasm32"))]
pub use native::with;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::current;
#[cfg(target_arch = "wasm32")]
pub(crate) use wit::current;

/// What a service needs of the world around it. The contracts in `wit/host` say what each function promises; one that
/// a host does not have answers [`missing`].
#[allow(unused_variables, missing_docs)]
pub trait Host {
    fn query(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Fault> {
        Err(missing("sql"))
    }
    fn execute(&self, statement: &str, parameters: &[Value]) -> Result<u64, Fault> {
        Err(missing("sql"))
    }
    fn commit(&self) -> Result<(), Fault> {
        Err(missing("sql"))
    }
    fn publish(&self, event: &Draft) -> Result<String, Fault> {
        Err(missing("events"))
    }
    fn send_email(&self, message: &Email) -> Result<String, Fault> {
        Err(missing("messages"))
    }
    fn send_sms(&self, message: &Sms) -> Result<String, Fault> {
        Err(missing("messages"))
    }
    fn caller(&self) -> Identity;
    fn config(&self) -> Result<Option<String>, Fault> {
        Ok(None)
    }
    fn now_ms(&self) -> i64;
    fn secret(&self, name: &str) -> Result<String, Fault> {
        Err(missing("secrets"))
    }
    fn cache_get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        Err(missing("key-value"))
    }
    fn cache_set(&self, key: &str, value: &[u8], ttl_ms: u64) -> Result<(), Fault> {
        Err(missing("key-value"))
    }
    fn cache_delete(&self, key: &str) -> Result<(), Fault> {
        Err(missing("key-value"))
    }
    fn cache_load(&self, key: &str, wait_ms: u32) -> Result<Loaded, Fault> {
        Err(missing("key-value"))
    }
    fn cache_fill(&self, key: &str, lease: u64, value: &[u8], ttl_ms: u64) -> Result<bool, Fault> {
        Err(missing("key-value"))
    }
    fn blob_put(&self, draft: &BlobDraft, bytes: &[u8]) -> Result<Info, Fault> {
        Err(missing("blob"))
    }
    fn blob_get(&self, name: &str, range: Option<Range>) -> Result<Vec<u8>, Fault> {
        Err(missing("blob"))
    }
    fn blob_head(&self, name: &str) -> Result<Option<Info>, Fault> {
        Err(missing("blob"))
    }
    fn blob_delete(&self, name: &str) -> Result<bool, Fault> {
        Err(missing("blob"))
    }
    fn blob_list(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Info>, Fault> {
        Err(missing("blob"))
    }
    fn http(&self, request: &Request) -> Result<Response, Fault> {
        Err(missing("http"))
    }
}

/// The fault of a host that does not have a capability.
pub fn missing(capability: &str) -> Fault {
    let message = format!("There is no host here that has `{capability}`: in a test, run the code in a `House`.");
    Fault::new(Code::Unimplemented, "NO_HOST", message).with("capability", capability)
}
