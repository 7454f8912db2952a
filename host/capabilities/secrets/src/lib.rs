//! The secrets capability: what a service must know and nobody must see.
//!
//! A service names its secrets in its manifest and asks for them by `fondaco:host/secrets`. They come from a folder in
//! the form that Vault's agent and Kubernetes mount (one file a secret), or from the environment; a tenant's own goes
//! before the service's. They are read at each request for one, so that a rotated secret is used at once, and are
//! wiped from the host's memory when the answer has been given.
//!
//! It must not know what a secret is for. It tells the engine to blacken in logs and faults what it gave out.
//!
//! ```
//! use fondaco_secrets::{Secrets, SecretsConfig};
//! use secrecy::ExposeSecret;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! std::fs::create_dir(folder.path().join("mailer"))?;
//! std::fs::write(folder.path().join("mailer/smtp-password"), "hunter2\n")?;
//!
//! let secrets = Secrets::new(&SecretsConfig { folder: Some(folder.path().to_owned()), environment: false });
//! let password = secrets.get(&"acme".parse()?, &"mailer".parse()?, &"smtp-password".parse()?).await?;
//! assert_eq!(password.expose_secret(), "hunter2");
//! # Ok(())
//! # }
//! ```

mod environment;
mod folder;
mod glue;
mod grant;
mod name;
mod source;

use std::path::PathBuf;
use std::sync::Arc;

use fondaco_engine::{Extension, Fault, ServiceName, TenantId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use environment::Environment;
pub use folder::Folder;
pub use name::{InvalidName, SecretName};
pub use source::{MAX_BYTES, Source};

/// Where secrets come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretsConfig {
    /// A folder with `<service>/<name>` and `<service>/<tenant>/<name>`; none where absent.
    pub folder: Option<PathBuf>,
    /// Whether `FONDACO_SECRET_<SERVICE>_<NAME>` is looked at, after the folder.
    pub environment: bool,
}

impl Default for SecretsConfig {
    fn default() -> Self {
        Self { folder: None, environment: true }
    }
}

/// The secrets of this host. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    sources: Arc<[Arc<dyn Source>]>,
}

impl Secrets {
    /// Those that the configuration names, in its order.
    pub fn new(config: &SecretsConfig) -> Self {
        let folder = config.folder.as_ref().map(|folder| Arc::new(Folder::new(folder)) as Arc<dyn Source>);
        let environment = config.environment.then(|| Arc::new(Environment::of_process()) as Arc<dyn Source>);
        Self { sources: folder.into_iter().chain(environment).collect() }
    }

    /// The secret, from the first source that has it.
    ///
    /// Fails with `SECRET_NOT_FOUND` or `SECRET_UNREADABLE`. No message says anything of its content.
    pub async fn get(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        name: &SecretName,
    ) -> Result<SecretString, Fault> {
        for source in &*self.sources {
            if let Some(secret) = source.get(tenant, service, name).await? {
                return Ok(secret);
            }
        }
        Err(source::not_found(service, name, &self.sources))
    }

    /// What a host links into services that are granted `secrets`.
    pub fn extension(&self) -> Arc<dyn Extension> {
        Arc::new(glue::Glue::new(self.clone()))
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.sources.iter().map(|source| source.describe())).finish()
    }
}
