//! Secrets in variables: `FONDACO_SECRET_MAILER_SMTP_PASSWORD`.

use std::ffi::OsString;

use async_trait::async_trait;
use fondaco_engine::{Fault, ServiceName, TenantId};
use secrecy::SecretString;

use crate::SecretName;
use crate::source::{Source, text, unreadable};

type Find = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// Variables of a process. A service's only: names of tenants are too many for an environment.
pub struct Environment {
    find: Box<Find>,
}

impl Environment {
    /// This process's.
    pub fn of_process() -> Self {
        Self { find: Box::new(|name| std::env::var_os(name)) }
    }

    /// Those that a function finds by name: for tests and other launchers.
    pub fn of(find: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self { find: Box::new(find) }
    }
}

/// The variable of a secret: what is no letter or digit is an underscore, the rest is in capitals.
fn variable(service: &ServiceName, name: &SecretName) -> String {
    let spell = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "_").to_ascii_uppercase();
    format!("FONDACO_SECRET_{}_{}", spell(service.as_str()), spell(name.as_str()))
}

#[async_trait]
impl Source for Environment {
    fn describe(&self) -> String {
        "environment FONDACO_SECRET_<SERVICE>_<NAME>".to_owned()
    }

    async fn get(
        &self,
        _tenant: &TenantId,
        service: &ServiceName,
        name: &SecretName,
    ) -> Result<Option<SecretString>, Fault> {
        let Some(value) = (self.find)(&variable(service, name)) else { return Ok(None) };
        let value = value.into_string().map_err(|_| unreadable(service, name, "is not UTF-8 text"))?;
        text(value.into_bytes(), service, name).map(Some)
    }
}
