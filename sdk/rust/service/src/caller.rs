//! Who called.

pub use crate::bindings::fondaco::host::caller::Identity;
use crate::host;

/// The caller of the function that is running: tenant, subject, roles, request id.
pub fn current() -> Identity {
    host::current(|host| Ok(host.caller())).unwrap_or_else(|_| Identity {
        tenant: String::new(),
        subject: String::new(),
        roles: Vec::new(),
        request_id: String::new(),
    })
}
