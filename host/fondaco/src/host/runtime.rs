//! What the registry needs of the host: components examined, and releases staged and swapped in.
//!
//! Everything slow or fallible happens while staging; serving is a pointer swap.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fondaco_engine::{Class, Code, Compiled, Digest, Engine, Fault, ServiceName, ServiceRelease, Services, TenantId};
use fondaco_gateway::{Routes, check_routes};
use fondaco_pack::Manifest;
use fondaco_points::{ActivePlugin, PluginLimits, PluginSet, PluginSpec, Points};
use fondaco_registry::{Blobs, Examined, Kind, LeftOut, LimitsText, OnFailure, Plan, Release, Runtime, Slot, Staged};
use serde::Deserialize;
use serde_json::json;

/// The house, as the deployer sees it.
pub(super) struct Adapter {
    pub(super) engine: Engine,
    pub(super) points: Points,
    pub(super) services: Services,
    pub(super) routes: Routes,
}

#[async_trait::async_trait]
impl Runtime for Adapter {
    async fn examine(&self, class: Class, bytes: &Bytes) -> Result<Examined, Fault> {
        match class {
            Class::Plugin => self.examine_plugin(bytes.clone()).await,
            Class::Service => self.examine_service(bytes.clone()).await,
        }
    }

    async fn stage(&self, plan: Plan, blobs: &Blobs) -> Result<Staged, Fault> {
        match plan {
            Plan::Plugins { tenant, releases } => self.stage_plugins(tenant, &releases, blobs).await,
            Plan::Service { name, release: Some(release) } => self.stage_service(name, &release, blobs).await,
            Plan::Service { name, release: None } => {
                let (services, routes) = (self.services.clone(), self.routes.clone());
                Ok(Staged::new(move || {
                    services.deactivate(&name);
                    routes.refresh();
                }))
            }
        }
    }
}

impl Adapter {
    async fn examine_plugin(&self, bytes: Bytes) -> Result<Examined, Fault> {
        let found = self.points.examine(bytes.clone()).await?;
        let manifest = manifest(&bytes)?;
        let meta = json!({
            "imports": found.imports,
            "smokeFuel": found.fuel.0,
            "description": manifest.as_ref().map(|manifest| &manifest.description),
            "configExample": manifest.as_ref().and_then(|manifest| manifest.config_example.as_ref()),
        });
        let point = found.point.name().parse()?;
        Ok(Examined { kind: Kind::Plugin { point }, meta })
    }

    async fn examine_service(&self, bytes: Bytes) -> Result<Examined, Fault> {
        self.engine.compile(Class::Service, bytes.clone()).await?;
        let manifest = manifest(&bytes)?;
        if let Some(manifest) = &manifest {
            check_routes(&routes(manifest))?;
        }
        let description = manifest.map(|manifest| manifest.description);
        Ok(Examined { kind: Kind::Service, meta: json!({ "description": description }) })
    }

    async fn stage_plugins(&self, tenant: TenantId, releases: &[Release], blobs: &Blobs) -> Result<Staged, Fault> {
        let mut active = Vec::with_capacity(releases.len());
        let mut left_out = Vec::new();
        for release in releases {
            match self.prepare(release, blobs).await {
                Ok(plugin) => active.push(Arc::new(plugin)),
                Err(fault) => left_out.push(LeftOut { slot: release.slot.clone(), fault }),
            }
        }
        let set = PluginSet::new(active);
        let points = self.points.clone();
        Ok(Staged::new(move || points.serve(&tenant, set)).without(left_out))
    }

    async fn prepare(&self, release: &Release, blobs: &Blobs) -> Result<ActivePlugin, Fault> {
        let limits = release.limits.as_ref().map(limits).transpose()?;
        let on_failure = match release.on_failure {
            OnFailure::Skip => fondaco_points::OnFailure::Skip,
            OnFailure::Block => fondaco_points::OnFailure::Block,
            OnFailure::LastGood => fondaco_points::OnFailure::LastGood,
        };
        let mut spec = PluginSpec {
            name: release.slot.name().to_owned(),
            version: release.version.to_string(),
            compiled: self.load(Class::Plugin, release.digest, blobs).await?,
            config: release.config.text().to_string(),
            on_failure,
            limits,
            fallback: None,
        };
        if let (OnFailure::LastGood, Some(previous)) = (release.on_failure, &release.previous) {
            let before = PluginSpec {
                version: previous.version.to_string(),
                compiled: self.load(Class::Plugin, previous.digest, blobs).await?,
                config: previous.config.text().to_string(),
                fallback: None,
                ..spec.clone()
            };
            spec.fallback = Some(Arc::new(self.ready(before).await?));
        }
        self.ready(spec).await
    }

    /// Calls the plugin once, so not on a thread that serves others.
    async fn ready(&self, spec: PluginSpec) -> Result<ActivePlugin, Fault> {
        let points = self.points.clone();
        let prepared = tokio::task::spawn_blocking(move || points.prepare(spec)).await;
        prepared.map_err(|error| Fault::internal(format!("a plugin could not be prepared: {error}")))?
    }

    async fn load(&self, class: Class, digest: Digest, blobs: &Blobs) -> Result<Arc<Compiled>, Fault> {
        let blobs = blobs.clone();
        self.engine.load(class, digest, move || blobs.read(&digest)).await
    }

    async fn stage_service(&self, name: ServiceName, release: &Release, blobs: &Blobs) -> Result<Staged, Fault> {
        let compiled = self.load(Class::Service, release.digest, blobs).await?;
        let manifest = manifest(&blobs.get(release.digest).await?)?;
        let routes_of = manifest.as_ref().map(routes).unwrap_or_default();
        check_routes(&routes_of)?;
        let given = ServiceRelease {
            compiled,
            version: release.version.to_string(),
            config: Arc::clone(release.config.text()),
            routes: routes_of,
            read_only: manifest.map(|manifest| manifest.read_only).unwrap_or_default(),
            docs: Arc::new(BTreeMap::new()),
        };
        let staged = self.services.stage(name, given).await;
        let slot = release.slot.clone();
        let (services, routes) = (self.services.clone(), self.routes.clone());
        match staged {
            Ok(staged) => Ok(Staged::new(move || {
                services.serve(staged);
                routes.refresh();
            })),
            Err(fault) => Ok(Staged::new(|| {}).without(vec![LeftOut { slot, fault }])),
        }
    }
}

fn manifest(bytes: &[u8]) -> Result<Option<Manifest>, Fault> {
    fondaco_pack::manifest_of(bytes)
        .map_err(|error| Fault::new(Code::InvalidArgument, "INVALID_MANIFEST", format!("the manifest: {error}")))
}

fn routes(manifest: &Manifest) -> Vec<(String, String)> {
    manifest.routes.iter().map(|(route, target)| (route.clone(), target.clone())).collect()
}

/// Limits of one release, over the host's defaults.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LimitsSpec {
    fuel: Option<u64>,
    wall_ms: Option<u64>,
    memory_bytes: Option<usize>,
    output_bytes: Option<usize>,
    log_bytes: Option<usize>,
}

fn limits(text: &LimitsText) -> Result<PluginLimits, Fault> {
    let spec: LimitsSpec = serde_json::from_str(text.text())
        .map_err(|error| Fault::new(Code::InvalidArgument, "INVALID_LIMITS", format!("the limits: {error}")))?;
    let mut limits = PluginLimits::default();
    // A release may ask for less than the host allows, never for more.
    let base = &mut limits.base;
    base.fuel = spec.fuel.unwrap_or(base.fuel).min(base.fuel);
    base.wall = spec.wall_ms.map_or(base.wall, Duration::from_millis).min(base.wall);
    base.memory_bytes = spec.memory_bytes.unwrap_or(base.memory_bytes).min(base.memory_bytes);
    base.output_bytes = spec.output_bytes.unwrap_or(base.output_bytes).min(base.output_bytes);
    base.log_bytes = spec.log_bytes.unwrap_or(base.log_bytes).min(base.log_bytes);
    Ok(limits)
}

/// The slot of a plugin or a service, for those who only have names.
pub(super) fn plugin_slot(tenant: &TenantId, point: &str, name: &str) -> Result<Slot, Fault> {
    Ok(Slot::Plugin { tenant: tenant.clone(), point: point.parse()?, name: name.parse()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_may_ask_for_less_and_never_for_more() {
        let of = |text: &str| limits(&LimitsText::new(text).unwrap());
        let default = PluginLimits::default().base;
        assert_eq!(of("{\"fuel\": 5}").unwrap().base.fuel, 5);
        assert_eq!(of(&format!("{{\"fuel\": {}}}", u64::MAX)).unwrap().base.fuel, default.fuel);
        assert_eq!(of("{\"wallMs\": 999999999}").unwrap().base.wall, default.wall);
        assert_eq!(of("{\"fule\": 5}").unwrap_err().reason, "INVALID_LIMITS");
    }
}
