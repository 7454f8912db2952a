//! Secrets of the service, or of the calling tenant. Granted by `[grants.secrets]`.

use crate::{Fault, host};

/// The secret of that name. Ask for it when it is needed and do not keep it.
pub fn get(name: &str) -> Result<String, Fault> {
    host::current(|host| host.secret(name))
}
