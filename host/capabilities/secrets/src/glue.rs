//! `fondaco:host/secrets`.

use std::sync::Arc;

use async_trait::async_trait;
use fondaco_engine::{Extension, Fault, Prepared, ServiceState, Staging, WitFault};
use secrecy::ExposeSecret;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::Secrets;
use crate::grant::Granted;

const INTERFACE: &str = "fondaco:host/secrets@1.0.0";
const GRANT: &str = "secrets";

/// The extension.
pub(crate) struct Glue {
    secrets: Secrets,
}

impl Glue {
    pub(crate) fn new(secrets: Secrets) -> Self {
        Self { secrets }
    }
}

#[async_trait]
impl Extension for Glue {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        let secrets = self.secrets.clone();
        linker.instance(INTERFACE)?.func_wrap_async(
            "get",
            move |mut store: StoreContextMut<'_, ServiceState>, (name,): (String,)| {
                let secrets = secrets.clone();
                Box::new(async move { Ok((get(&secrets, store.data_mut(), &name).await.map_err(WitFault::from),)) })
            },
        )
    }

    fn interfaces(&self) -> &[&str] {
        &[INTERFACE]
    }

    fn grant(&self) -> Option<&'static str> {
        Some(GRANT)
    }

    async fn prepare(&self, staging: Staging<'_>) -> Result<Option<Prepared>, Fault> {
        Ok(Some(Arc::new(Granted::parse(staging.grant)?)))
    }
}

/// The text is a copy: it goes into the guest's memory, which is the guest's own from then on.
async fn get(secrets: &Secrets, state: &mut ServiceState, name: &str) -> Result<String, Fault> {
    let granted = state.prepared::<Granted>().ok_or_else(|| Fault::internal("secrets were not prepared"))?;
    let name = granted.find(name)?;
    let (tenant, service) = (state.call().tenant.clone(), state.service().clone());
    let secret = secrets.get(&tenant, &service, name).await;
    let outcome = secret.as_ref().map_or_else(|fault| fault.reason.to_string(), |_| "ok".to_owned());
    metrics::counter!("fondaco_secrets_total", "service" => service.as_str().to_owned(), "outcome" => outcome)
        .increment(1);
    let secret = secret?;
    state.redact(secret.expose_secret());
    Ok(secret.expose_secret().to_owned())
}
