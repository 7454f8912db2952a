//! What can go wrong, each with its stable reason.

use fondaco_engine::{Code, Fault};

use crate::config::Quota;
use crate::names::{BATCH, BATCH_BYTES};

/// The store behind is away.
pub(crate) fn unavailable() -> Fault {
    let message = "the key-value store does not answer just now; a write may have happened or not; try again";
    Fault::new(Code::Unavailable, "KEY_VALUE_UNAVAILABLE", message)
}

/// The same of a cache, where only what must not be lost says so.
pub(crate) fn cache_unavailable() -> Fault {
    let message = "the cache does not answer just now, so what it holds of this key may be old; try again";
    Fault::new(Code::Unavailable, "CACHE_UNAVAILABLE", message)
}

pub(crate) fn over_quota(quota: Quota) -> Fault {
    let Quota { keys, bytes } = quota;
    let message = format!("the tenant's buckets are full: {keys} keys, {bytes} bytes; delete what is not needed");
    let fault = Fault::new(Code::ResourceExhausted, "KEY_VALUE_QUOTA", message);
    fault.with("keys", keys.to_string()).with("bytes", bytes.to_string())
}

pub(crate) fn batch_too_large(keys: usize) -> Fault {
    let message = format!("a batch has at most {BATCH} keys, this one {keys}; send it in parts");
    Fault::new(Code::InvalidArgument, "BATCH_TOO_LARGE", message)
}

pub(crate) fn batch_too_heavy(bytes: usize) -> Fault {
    let message = format!("a batch has at most {BATCH_BYTES} bytes of values, this one {bytes}; send it in parts");
    Fault::new(Code::InvalidArgument, "BATCH_TOO_LARGE", message)
}

pub(crate) fn not_a_number() -> Fault {
    let message = "the value is not the decimal text of a signed 64-bit integer, so nothing can be added to it";
    Fault::new(Code::FailedPrecondition, "NOT_A_NUMBER", message)
}

pub(crate) fn out_of_range() -> Fault {
    Fault::new(Code::OutOfRange, "NUMBER_OUT_OF_RANGE", "the sum does not fit a signed 64-bit integer")
}

pub(crate) fn read_only() -> Fault {
    let message = "the manifest says that this function only reads; take it out of `read-only` or write elsewhere";
    Fault::new(Code::FailedPrecondition, "READ_ONLY", message)
}

pub(crate) fn invalid_ttl() -> Fault {
    Fault::new(Code::InvalidArgument, "INVALID_TTL", "`ttl-ms` is 1 to 86400000 milliseconds")
}

pub(crate) fn too_many_leases() -> Fault {
    let message = "one call holds at most 64 leases; fill what was loaded before loading more";
    Fault::new(Code::ResourceExhausted, "TOO_MANY_LEASES", message)
}

/// The host's own store is broken; what it says is for the log.
pub(crate) fn broken(error: &dyn std::error::Error) -> Fault {
    tracing::error!(error = %error, "key-value store failed");
    unavailable()
}
