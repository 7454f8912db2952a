//! What can go wrong, each with its stable reason.

use fondaco_engine::{Code, Fault};

use crate::BLOB_BYTES;
use crate::config::Quota;

pub(crate) fn invalid_name(why: &str) -> Fault {
    let message = format!(
        "a blob's name is 1 to 512 bytes: segments of A-Z, a-z, 0-9, `.`, `_`, `~` and `-` with `/` between them; {why}"
    );
    Fault::new(Code::InvalidArgument, "INVALID_BLOB_NAME", message)
}

pub(crate) fn invalid_content_type() -> Fault {
    let message = "`content-type` is not a media type of at most 127 bytes, such as image/jpeg";
    Fault::new(Code::InvalidArgument, "INVALID_CONTENT_TYPE", message)
}

pub(crate) fn too_large(bytes: usize) -> Fault {
    let message = format!("a blob is at most {BLOB_BYTES} bytes, this one {bytes}; store it in parts");
    Fault::new(Code::InvalidArgument, "BLOB_TOO_LARGE", message).with("limit", BLOB_BYTES.to_string())
}

pub(crate) fn not_found() -> Fault {
    Fault::new(Code::NotFound, "BLOB_NOT_FOUND", "there is no blob of this name")
}

pub(crate) fn out_of_range(size: u64) -> Fault {
    let message = format!("the range begins behind the blob's end; the blob has {size} bytes");
    Fault::new(Code::OutOfRange, "RANGE_OUT_OF_BOUNDS", message).with("size", size.to_string())
}

pub(crate) fn range_too_long() -> Fault {
    let message = format!("at most {BLOB_BYTES} bytes are read at a time; read it in parts");
    Fault::new(Code::InvalidArgument, "RANGE_TOO_LONG", message)
}

pub(crate) fn invalid_limit() -> Fault {
    Fault::new(Code::InvalidArgument, "INVALID_LIMIT", "`limit` is 1 to 1000")
}

pub(crate) fn over_quota(quota: Quota) -> Fault {
    let Quota { names, bytes } = quota;
    let message = format!("the tenant's blobs are full: {names} names, {bytes} bytes; delete what is not needed");
    let fault = Fault::new(Code::ResourceExhausted, "BLOB_QUOTA", message);
    fault.with("names", names.to_string()).with("bytes", bytes.to_string())
}

pub(crate) fn read_only() -> Fault {
    let message = "the manifest says that this function only reads; take it out of `read-only` or write elsewhere";
    Fault::new(Code::FailedPrecondition, "READ_ONLY", message)
}

/// The name is there and its bytes are not.
pub(crate) fn lost(object: &str) -> Fault {
    tracing::error!(object, "a blob's bytes are gone");
    let message = "the blob's bytes are gone from the store behind; put it again";
    Fault::new(Code::DataLoss, "BLOB_LOST", message)
}

/// The store behind is away or broken; what it says is for the log.
pub(crate) fn unavailable(error: &dyn std::error::Error) -> Fault {
    tracing::warn!(error = %error, "blob store failed");
    let message = "the blob store does not answer just now; try again";
    Fault::new(Code::Unavailable, "BLOB_STORE_UNAVAILABLE", message)
}
