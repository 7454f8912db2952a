//! The way in: what the binary and the gateway hold.

use std::sync::Arc;

use bytes::Bytes;
use fondaco_engine::{CONFIG_BYTES, CallContext, Code, Engine, Extension, Fault, TenantId};

use crate::evaluation::Evaluation;
use crate::examine::{self, Examined};
use crate::extension::Rules;
use crate::fan_out::{Verdict, fan_out};
use crate::function::Function;
use crate::limits::PluginLimits;
use crate::log_book::{LogBook, LogLimits};
use crate::plugin::{ActivePlugin, PluginSpec, TypedPlugin};
use crate::set::PluginSet;
use crate::shared::Shared;
use crate::wit::Cart;

/// Settings of [`Points`].
#[derive(Debug, Clone, Default)]
pub struct PointsConfig {
    /// What a call of a plugin may take, where its release says nothing else.
    pub limits: PluginLimits,
    /// How much of what plugins write is kept.
    pub logs: LogLimits,
}

/// The extension points of a host: who serves, and how they are called. Cheap to clone.
#[derive(Clone)]
pub struct Points {
    engine: Engine,
    limits: PluginLimits,
    shared: Arc<Shared>,
}

impl Points {
    /// With default settings; no tenant has a plugin yet.
    pub fn new(engine: Engine) -> Self {
        Self::with(engine, PointsConfig::default())
    }

    /// With other settings.
    pub fn with(engine: Engine, config: PointsConfig) -> Self {
        Self { engine, limits: config.limits, shared: Arc::new(Shared::new(config.logs)) }
    }

    /// The plural interfaces, for the services' linker.
    pub fn extension(&self) -> Arc<dyn Extension> {
        Arc::new(Rules(Arc::clone(&self.shared)))
    }

    /// Checks an uploaded component from the bytes on. See [`crate::examine`].
    pub async fn examine(&self, bytes: Bytes) -> Result<Examined, Fault> {
        examine::examine(&self.engine, bytes, self.limits.clone()).await
    }

    /// Makes a release ready to serve. Nothing serves it yet. Calls the plugin once, on the canonical cart: one that
    /// answers `INVALID_CONFIG` to its own config is not released.
    pub fn prepare(&self, spec: PluginSpec) -> Result<ActivePlugin, Fault> {
        check_config(&spec.config)?;
        let plugin = TypedPlugin::new(&self.engine, &spec.compiled)?;
        let limits = spec.limits.clone().unwrap_or_else(|| self.limits.clone());
        // A plugin that refuses its config would fail in every quote, and with `skip` nobody would notice but buyers.
        match examine::smoke::refuses(&plugin, &spec.config, &limits) {
            Some(refusal) => Err(refusal),
            None => Ok(ActivePlugin::new(spec, plugin, limits)),
        }
    }

    /// Serves `set` to `tenant` from now on. Cannot fail; evaluations that are open keep the set that they pinned.
    pub fn serve(&self, tenant: &TenantId, set: PluginSet) {
        self.shared.slots.put(tenant, Arc::new(set));
    }

    /// What serves now.
    pub fn set_of(&self, tenant: &TenantId) -> Arc<PluginSet> {
        self.shared.slots.get(tenant)
    }

    /// What plugins wrote.
    pub fn logs(&self) -> &LogBook {
        &self.shared.logs
    }

    /// Holds a cart, as a service does that opens an evaluation: for tools, tests and benchmarks.
    pub fn open(&self, call: CallContext, cart: Cart) -> Result<Evaluation, Fault> {
        Evaluation::open(cart, call, Arc::clone(&self.shared))
    }

    /// Runs all active plugins over a held cart, as a service does: for tools, tests and benchmarks.
    pub fn run<F: Function>(&self, on: &mut Evaluation, args: &F::Args) -> Result<Vec<Verdict<F::Answer>>, Fault> {
        fan_out::<F>(on, args)
    }
}

/// Config is opaque to the host, but it is JSON: what does not parse would fail at each quote.
fn check_config(config: &str) -> Result<(), Fault> {
    if config.len() > CONFIG_BYTES {
        let message = format!("the config is {} bytes long; at most {CONFIG_BYTES} are allowed", config.len());
        return Err(Fault::new(Code::InvalidArgument, "CONFIG_TOO_LARGE", message));
    }
    serde_json::from_str::<serde::de::IgnoredAny>(config).map(|_| ()).map_err(|error| {
        Fault::new(Code::InvalidArgument, "INVALID_CONFIG", format!("the config is not JSON: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_is_json_of_a_bounded_size() {
        assert_eq!(check_config(r#"{"tiers": [1, 2]}"#), Ok(()));
        assert_eq!(check_config("{").unwrap_err().reason, "INVALID_CONFIG");
        let long = format!("\"{}\"", "x".repeat(CONFIG_BYTES));
        assert_eq!(check_config(&long).unwrap_err().reason, "CONFIG_TOO_LARGE");
    }
}
