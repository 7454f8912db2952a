//! A place where secrets are kept.

use std::sync::Arc;

use async_trait::async_trait;
use fondaco_engine::{Code, Fault, ServiceName, TenantId};
use secrecy::SecretString;
use secrecy::zeroize::Zeroize;

use crate::SecretName;

/// The longest secret, in bytes.
pub const MAX_BYTES: usize = 64 << 10;

/// A place where secrets are kept.
#[async_trait]
pub trait Source: Send + Sync {
    /// Where it looks, for messages: `folder /run/secrets`.
    fn describe(&self) -> String;

    /// The tenant's secret, or else the service's; none where this source has neither.
    async fn get(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        name: &SecretName,
    ) -> Result<Option<SecretString>, Fault>;
}

/// The text of a secret, without the one line's end that files close with. Wipes what it was given where it fails.
pub(crate) fn text(bytes: Vec<u8>, service: &ServiceName, name: &SecretName) -> Result<SecretString, Fault> {
    if bytes.len() > MAX_BYTES {
        return Err(wiped(bytes, unreadable(service, name, "is longer than 64 KiB")));
    }
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(wiped(error.into_bytes(), unreadable(service, name, "is not UTF-8 text"))),
    };
    if text.ends_with('\n') {
        text.pop();
    }
    if text.is_empty() {
        return Err(unreadable(service, name, "is empty"));
    }
    // A boxed text is as long as it is, so the copy that `into_boxed_str` may make must not leave the first behind.
    let secret = SecretString::from(text.as_str());
    text.zeroize();
    Ok(secret)
}

fn wiped(mut bytes: Vec<u8>, fault: Fault) -> Fault {
    bytes.zeroize();
    fault
}

pub(crate) fn unreadable(service: &ServiceName, name: &SecretName, problem: &str) -> Fault {
    let message = format!("the secret `{name}` of service `{service}` {problem}; ask the platform's operator");
    Fault::new(Code::FailedPrecondition, "SECRET_UNREADABLE", message).with("secret", name.as_str())
}

pub(crate) fn not_found(service: &ServiceName, name: &SecretName, sources: &[Arc<dyn Source>]) -> Fault {
    let places: Vec<_> = sources.iter().map(|source| source.describe()).collect();
    tracing::warn!(%service, secret = %name, looked_in = places.join(", "), "a secret is not set");
    let message = format!("the secret `{name}` of service `{service}` is not set; ask the platform's operator");
    Fault::new(Code::FailedPrecondition, "SECRET_NOT_FOUND", message).with("secret", name.as_str())
}
