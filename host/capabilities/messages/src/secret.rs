//! The host's own secrets for providers: of the service name `messages`, a tenant's own before the one for all.

use fondaco_engine::{Fault, ServiceName, TenantId};
use fondaco_secrets::{SecretName, Secrets};
use secrecy::SecretString;

/// The name that they are found by in the sources of secrets.
const OWNER: &str = "messages";

/// The secret of that name.
pub(crate) async fn get(secrets: &Secrets, tenant: &TenantId, name: &SecretName) -> Result<SecretString, Fault> {
    let owner: ServiceName = OWNER.parse().map_err(|_| Fault::internal("a name that is none"))?;
    secrets.get(tenant, &owner, name).await
}
