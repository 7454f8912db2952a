//! What the registry needs of the host: components examined, and releases staged and swapped in.
//!
//! Everything slow or fallible happens while staging; serving is a pointer swap.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fondaco_engine::{Class, Code, Compiled, Digest, Engine, Fault, ServiceName, ServiceRelease, Services, TenantId};
use fondaco_gateway::{Routes, check_routes, check_service};
use fondaco_pack::Manifest;
use fondaco_points::{ActivePlugin, MissingPlugin, PluginLimits, PluginSet, PluginSpec, Points};
use fondaco_registry::{
    Blobs, Config, Examined, Kind, LeftOut, LimitsText, OnFailure, Plan, Previous, Release, Runtime, Slot, Staged,
};
use semver::Version;
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
                unused(&name, &services.callers(&name))?;
                Ok(Staged::new(move || {
                    services.deactivate(&name);
                    routes.refresh();
                }))
            }
        }
    }

    fn stage_missing(&self, tenant: &TenantId, releases: &[Release], cause: &Fault) -> Staged {
        let missing = releases.iter().filter_map(|release| missing(release, None, cause).map(Arc::new));
        self.swap(tenant.clone(), PluginSet::new(missing))
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
            let (plugin, fault) = self.prepare(release, blobs).await;
            active.extend(plugin.map(Arc::new));
            left_out.extend(fault.map(|fault| LeftOut { slot: release.slot.clone(), fault }));
        }
        Ok(self.swap(tenant, PluginSet::new(active)).without(left_out))
    }

    fn swap(&self, tenant: TenantId, set: PluginSet) -> Staged {
        let points = self.points.clone();
        Staged::new(move || points.serve(&tenant, set))
    }

    /// The release, or what stands in for it, and why.
    async fn prepare(&self, release: &Release, blobs: &Blobs) -> (Option<ActivePlugin>, Option<Fault>) {
        let fallback = match (release.on_failure, &release.previous) {
            (OnFailure::LastGood, Some(previous)) => self.fallback(release, previous, blobs).await.map(Arc::new),
            _ => None,
        };
        let content = Content { version: &release.version, digest: release.digest, config: &release.config };
        match self.content(release, &content, fallback.clone(), blobs).await {
            Ok(plugin) => (Some(plugin), None),
            Err(cause) => (missing(release, fallback, &cause), Some(cause)),
        }
    }

    async fn content(
        &self,
        release: &Release,
        content: &Content<'_>,
        fallback: Option<Arc<ActivePlugin>>,
        blobs: &Blobs,
    ) -> Result<ActivePlugin, Fault> {
        let spec = PluginSpec {
            name: release.slot.name().to_owned(),
            version: content.version.to_string(),
            compiled: self.load(Class::Plugin, content.digest, blobs).await?,
            config: content.config.text().to_string(),
            on_failure: release.on_failure,
            limits: release.limits.as_ref().map(limits).transpose()?,
            fallback,
        };
        self.ready(spec).await
    }

    /// The release before, to answer for `release`. One that can't be brought up is a fallback less, and no reason to
    /// refuse the release that it would have stood in for.
    async fn fallback(&self, release: &Release, previous: &Previous, blobs: &Blobs) -> Option<ActivePlugin> {
        let before = Content { version: &previous.version, digest: previous.digest, config: &previous.config };
        let prepared = self.content(release, &before, None, blobs).await;
        prepared
            .inspect_err(|fault| {
                tracing::warn!(
                    scope = %release.slot.scope(), slot = %release.slot, version = %previous.version, %fault,
                    "the release before cannot stand in for this one"
                );
            })
            .ok()
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
        let (read_only, grants) = manifest.map(|manifest| (manifest.read_only, manifest.grants)).unwrap_or_default();
        let given = ServiceRelease {
            compiled,
            version: release.version.to_string(),
            config: Arc::clone(release.config.text()),
            routes: routes_of,
            read_only,
            grants: Arc::new(grants),
            docs: Arc::new(BTreeMap::new()),
        };
        let staged = self.services.stage(name, given).await;
        let slot = release.slot.clone();
        let (services, routes) = (self.services.clone(), self.routes.clone());
        match staged {
            Ok(staged) => {
                let objection = staged.objection().cloned().or_else(|| check_service(&staged.view()).err());
                let swap = move || {
                    services.serve(staged);
                    routes.refresh();
                };
                Ok(Staged::new(swap).objecting(objection))
            }
            Err(fault) => Ok(Staged::new(|| {}).without(vec![LeftOut { slot, fault }])),
        }
    }
}

/// A service that others call can't go: each of their calls would fail.
fn unused(name: &ServiceName, callers: &[Arc<str>]) -> Result<(), Fault> {
    if callers.is_empty() {
        return Ok(());
    }
    let callers = callers.join(", ");
    let message = format!("service `{name}` is called by {callers}: remove them first, or release another version");
    Err(Fault::new(Code::Aborted, "SERVICE_IN_USE", message).with("callers", callers))
}

/// What a release and the one before it differ in.
struct Content<'a> {
    version: &'a Version,
    digest: Digest,
    config: &'a Config,
}

/// Stands for a release that can't be brought up, so that its failure policy goes on to hold. None where this host does
/// not know the point: then there is nothing that it could be called for.
fn missing(release: &Release, fallback: Option<Arc<ActivePlugin>>, cause: &Fault) -> Option<ActivePlugin> {
    let Slot::Plugin { point, .. } = &release.slot else { return None };
    Some(ActivePlugin::missing(MissingPlugin {
        point: point.as_str().parse().ok()?,
        name: release.slot.name().to_owned(),
        version: release.version.to_string(),
        digest: release.digest,
        config: release.config.text().to_string(),
        on_failure: release.on_failure,
        fallback,
        cause: cause.clone(),
    }))
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
