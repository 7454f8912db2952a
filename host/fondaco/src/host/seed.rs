//! The demo, brought in as far as it is not there yet.
//!
//! A file whose bytes were never pushed is pushed and released; one that is known is left alone, so that what somebody
//! released by hand since stays.

pub(super) mod goods;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use fondaco_engine::{Class, Digest, Fault, Roles, ServiceName, TenantId};
use fondaco_registry::{
    Actor, Config, Expect, Kind, NewKey, OnFailure, Owner, PluginName, ReleaseSpec, Slot, Upload, VersionRecord,
};
use secrecy::ExposeSecret;
use semver::Version;

use super::House;
use super::runtime::plugin_slot;
use crate::component::ComponentFile;
use crate::demo::{self, Demo, DemoKeys};
use crate::failure::Failure;
use crate::output::Output;

/// Whose keys run the demo's platform.
const OPERATOR: &str = "operator";

pub(super) async fn seed(
    house: &House,
    folder: &Path,
    components: &Path,
    state: &Path,
    output: Output,
) -> Result<DemoKeys, Failure> {
    let demo = Demo::load(folder).map_err(|error| Failure::Local(format!("{error:#}")))?;
    let seeder = Seeder { house, folder, components, output, actor: Actor::new("seed") };
    for service in &demo.services {
        seeder.service(service).await?;
    }
    for plugin in &demo.plugins {
        seeder.push(Owner::Platform, &plugin.component).await?;
    }
    for tenant in &demo.tenants {
        seeder.tenant(tenant).await?;
    }
    let tenants: Vec<&str> = demo.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
    keys(house, state, &tenants, &seeder.actor).await
}

struct Seeder<'a> {
    house: &'a House,
    folder: &'a Path,
    components: &'a Path,
    output: Output,
    actor: Actor,
}

impl Seeder<'_> {
    async fn service(&self, wanted: &demo::Pushed) -> Result<(), Failure> {
        let Some((version, is_new)) = self.push(Owner::Platform, &wanted.component).await? else { return Ok(()) };
        let name: ServiceName = version.name.parse().context("a service's name")?;
        let slot = Slot::Service { name };
        if !is_new && self.serves(&slot).await {
            return Ok(());
        }
        let config = match &wanted.config_file {
            Some(file) => {
                let path = self.folder.join(file);
                Some(
                    std::fs::read_to_string(&path)
                        .map_err(|error| Failure::Local(format!("{}: {error}", path.display())))?,
                )
            }
            None => wanted.config.clone(),
        };
        let spec = spec(&version, Owner::Platform, config)?;
        match self.release(&slot, spec.clone()).await {
            // The state is that of a demo before this one, whose contract was another. It makes way: a demo keeps no
            // promise to callers of the one before.
            Err(Failure::Fault(problem)) if problem.reason == "INCOMPATIBLE_TYPES" => {
                self.output.note(format!("{slot} {} replaces one with another contract", version.version));
                self.house.deployer.remove(&slot, Expect::Any, &self.actor).await?;
                self.release(&slot, spec).await
            }
            released => released,
        }
    }

    async fn tenant(&self, tenant: &demo::Tenant) -> Result<(), Failure> {
        let id: TenantId = tenant.name.parse().context("a tenant of the demo")?;
        for wanted in &tenant.releases {
            let outcome = self.plugin(&id, wanted).await;
            if let Err(failure) = outcome {
                let what =
                    wanted.component.as_ref().map(|path| path.display().to_string()).or_else(|| wanted.plugin.clone());
                self.output.note(format!("{id}: {} is left out: {failure}", what.unwrap_or_default()));
            }
        }
        Ok(())
    }

    async fn plugin(&self, tenant: &TenantId, wanted: &demo::Release) -> Result<(), Failure> {
        let own = Owner::Tenant(tenant.clone());
        let (version, is_new, source) = match (&wanted.component, &wanted.plugin) {
            (Some(component), _) => match self.push(own.clone(), component).await? {
                Some((version, is_new)) => (version, is_new, own),
                None => return Ok(()),
            },
            (None, Some(name)) => match self.newest_of_platform(name).await? {
                Some(version) => (version, false, Owner::Platform),
                None => return Ok(()),
            },
            (None, None) => return Ok(()),
        };
        let Kind::Plugin { point } = &version.kind else { return Ok(()) };
        let slot = plugin_slot(tenant, point.as_str(), &version.name)?;
        if !is_new && self.was_released(&slot).await? {
            return Ok(());
        }
        let config = wanted.config.clone().or_else(|| example(&version));
        let mut spec = spec(&version, source, config)?;
        spec.position = wanted.position;
        spec.on_failure = wanted.on_failure.or(Some(OnFailure::Skip));
        self.release(&slot, spec).await
    }

    /// The version with this file's bytes, and whether it is new here. None where the file is not there.
    async fn push(&self, owner: Owner, component: &Path) -> Result<Option<(VersionRecord, bool)>, Failure> {
        let path = self.components.join(component).with_extension("wasm");
        if !path.is_file() {
            self.output.note(format!("{} is not there and left out", path.display()));
            return Ok(None);
        }
        let pushed = push_file(&self.house.deployer, owner, &path, &self.actor).await?;
        Ok(Some(pushed))
    }

    async fn newest_of_platform(&self, name: &str) -> Result<Option<VersionRecord>, Failure> {
        match self.house.registry.versions(&Owner::Platform, Class::Plugin, name).await {
            Ok(versions) => Ok(versions.into_iter().next()),
            Err(_not_there) => Ok(None),
        }
    }

    async fn serves(&self, slot: &Slot) -> bool {
        self.house.registry.release(slot).await.is_ok()
    }

    /// Even if somebody removed it since.
    async fn was_released(&self, slot: &Slot) -> Result<bool, Failure> {
        Ok(!self.house.registry.history(slot, None, Some(1)).await?.items.is_empty())
    }

    async fn release(&self, slot: &Slot, spec: ReleaseSpec) -> Result<(), Failure> {
        let version = spec.version.clone();
        let bar = self.output.progress(format!("releasing {slot} {version}"));
        let released = self.house.deployer.release(slot, spec, Expect::Any, &self.actor).await;
        bar.finish_and_clear();
        released?;
        Ok(())
    }
}

/// Pushes a file under the name and version of its manifest. Bytes that differ from those of that version get a
/// version of their own: `1.0.0+3f2a91c07b1e`.
pub(super) async fn push_file(
    deployer: &fondaco_registry::Deployer,
    owner: Owner,
    path: &Path,
    actor: &Actor,
) -> Result<(VersionRecord, bool), Failure> {
    let ComponentFile { bytes, class, manifest } = ComponentFile::read(path)?;
    let digest = Digest::of(&bytes);
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = manifest.as_ref().map_or_else(|| stem.to_owned(), |manifest| manifest.name.clone());
    let version = manifest.map_or(Version::new(0, 1, 0), |manifest| manifest.version);
    let known = deployer.registry().versions(&owner, class, &name).await.unwrap_or_default();
    if let Some(there) = known.iter().find(|there| there.digest == digest) {
        return Ok((there.clone(), false));
    }
    let version = if known.iter().any(|there| there.version == version) { numbered(version, digest)? } else { version };
    let upload = match class {
        Class::Service => Upload::service(&name.parse().context("the service's name")?, version, bytes.into()),
        Class::Plugin => Upload::plugin(owner, &name.parse::<PluginName>()?, version, bytes.into()),
    };
    let pushed = deployer.push(upload, actor).await?;
    Ok((pushed.version, pushed.is_new))
}

fn numbered(mut version: Version, digest: Digest) -> Result<Version, Failure> {
    version.build = digest.short().parse().context("a build number")?;
    Ok(version)
}

fn spec(version: &VersionRecord, source: Owner, config: Option<String>) -> Result<ReleaseSpec, Fault> {
    let mut spec = ReleaseSpec::of(version.version.clone());
    if matches!(version.kind, Kind::Plugin { .. }) {
        spec.source = Some(source);
    }
    spec.config = config.map(|text| Config::new(&text)).transpose()?;
    Ok(spec)
}

/// The config that the plugin's author would begin with.
fn example(version: &VersionRecord) -> Option<String> {
    let meta: serde_json::Value = serde_json::from_str(version.meta.get()).ok()?;
    meta.get("configExample")?.as_str().map(str::to_owned)
}

/// The keys of the demo: those of the state folder as long as they are good, otherwise new ones.
async fn keys(house: &House, state: &Path, tenants: &[&str], actor: &Actor) -> Result<DemoKeys, Failure> {
    if let Some(known) = DemoKeys::load(state)
        && tenants.iter().all(|tenant| known.tenants.contains_key(*tenant))
        && house.registry.keys().verify(&known.operator).await.is_ok()
    {
        return Ok(known);
    }
    let merchant = Roles::READER.union(Roles::CALLER).union(Roles::PUBLISHER);
    let mut of_tenants = BTreeMap::new();
    for tenant in tenants {
        of_tenants.insert((*tenant).to_owned(), key(house, tenant, "demo", merchant, actor).await?);
    }
    let operator = key(house, OPERATOR, "demo operator", Roles::OPERATOR, actor).await?;
    let keys = DemoKeys { operator, tenants: of_tenants };
    keys.store(state).map_err(|error| Failure::Local(format!("the demo's keys: {error}")))?;
    Ok(keys)
}

async fn key(house: &House, tenant: &str, name: &str, roles: Roles, actor: &Actor) -> Result<String, Failure> {
    let new = NewKey {
        tenant: tenant.parse().context("a tenant of the demo")?,
        name: name.to_owned(),
        roles,
        expires_ms: None,
    };
    let (_record, text) = house.registry.keys().create(new, actor).await?;
    Ok(text.expose_secret().to_owned())
}
