//! A host that only pretends to run components. The bytes of a component say what it is:
//! `price-rule:anything` is a plugin of that point, `service:anything` a service.

#![allow(unreachable_pub, dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fondaco_engine::{Class, Code, Digest, Fault, ServiceName, TenantId};
use fondaco_registry::{
    Actor, Blobs, Deployer, Examined, Expect, Kind, LeftOut, Owner, Plan, Registry, Release, ReleaseSpec, Runtime,
    Slot, Staged, Upload,
};

#[derive(Default)]
pub struct World {
    /// What serves: `acme price-rule/tiers` → `1.0.0 {}`.
    pub serving: BTreeMap<String, String>,
    /// Components that cannot be staged.
    pub broken: BTreeSet<Digest>,
    /// Services that are only accepted when that other one serves.
    pub needs: BTreeMap<String, String>,
    /// Components object to the config `"bad"`.
    pub objects: bool,
    /// How many examinations there were.
    pub examined: usize,
    /// The sets that were staged, by their sizes.
    pub staged: Vec<usize>,
}

#[derive(Clone, Default)]
pub struct Host {
    pub world: Arc<Mutex<World>>,
    /// Staging for this tenant waits for a permit.
    pub gate: Option<(&'static str, Arc<tokio::sync::Semaphore>)>,
}

impl Host {
    pub fn serving(&self) -> Vec<String> {
        let world = self.world.lock().unwrap();
        world.serving.iter().map(|(slot, what)| format!("{slot} {what}")).collect()
    }

    pub fn breaks(&self, bytes: &str) {
        self.world.lock().unwrap().broken.insert(Digest::of(bytes.as_bytes()));
    }

    pub fn mends(&self) {
        self.world.lock().unwrap().broken.clear();
    }
}

pub fn stage_fault() -> Fault {
    Fault::new(Code::FailedPrecondition, "BROKEN", "it does not start")
}

#[async_trait::async_trait]
impl Runtime for Host {
    async fn examine(&self, _class: Class, bytes: &Bytes) -> Result<Examined, Fault> {
        self.world.lock().unwrap().examined += 1;
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let kind = match text.split_once(':') {
            Some(("service", _)) => Kind::Service,
            Some((point, _)) => Kind::Plugin { point: point.parse()? },
            None => {
                return Err(Fault::new(Code::InvalidArgument, "NOT_A_COMPONENT", "no colon in it"));
            }
        };
        Ok(Examined { kind, meta: serde_json::json!({ "found": bytes.len() }) })
    }

    async fn stage(&self, plan: Plan, blobs: &Blobs) -> Result<Staged, Fault> {
        let (scope, releases) = match plan {
            Plan::Plugins { tenant, releases } => (format!("{tenant} "), releases),
            Plan::Service { name, release } => {
                (format!("@platform service/{name}"), release.into_iter().map(|boxed| *boxed).collect())
            }
        };
        if let Some((tenant, gate)) = &self.gate
            && scope.trim_end() == *tenant
        {
            gate.acquire().await.unwrap().forget();
        }
        let mut left_out = Vec::new();
        let mut set = BTreeMap::new();
        for release in &releases {
            let bytes = blobs.get(release.digest).await?;
            match self.try_stage(release, &bytes) {
                Ok(()) => {
                    set.insert(
                        format!("{} {}", release.slot.scope(), release.slot),
                        format!("{} {}", release.version, release.config.text()),
                    );
                }
                Err(fault) => left_out.push(LeftOut { slot: release.slot.clone(), fault }),
            }
        }
        let world = Arc::clone(&self.world);
        world.lock().unwrap().staged.push(releases.len());
        let swap = move || {
            let mut world = world.lock().unwrap();
            world.serving.retain(|slot, _what| !slot.starts_with(&scope));
            world.serving.extend(set);
        };
        let bad = |release: &Release| release.config.text().as_ref() == "\"bad\"";
        let objects = self.world.lock().unwrap().objects && releases.iter().any(bad);
        let objection = objects.then(|| Fault::new(Code::InvalidArgument, "INVALID_CONFIG", "it says so"));
        Ok(Staged::new(swap).without(left_out).objecting(objection))
    }

    fn stage_missing(&self, tenant: &TenantId, releases: &[Release], cause: &Fault) -> Staged {
        let scope = format!("{tenant} ");
        let set: Vec<_> = releases
            .iter()
            .map(|release| (format!("{} {}", release.slot.scope(), release.slot), format!("fails: {}", cause.reason)))
            .collect();
        let world = Arc::clone(&self.world);
        Staged::new(move || {
            let mut world = world.lock().unwrap();
            world.serving.retain(|slot, _what| !slot.starts_with(&scope));
            world.serving.extend(set);
        })
    }
}

impl Host {
    fn try_stage(&self, release: &Release, bytes: &[u8]) -> Result<(), Fault> {
        let world = self.world.lock().unwrap();
        if world.broken.contains(&Digest::of(bytes)) {
            return Err(stage_fault());
        }
        match world.needs.get(release.slot.name()) {
            Some(needed) if !world.serving.contains_key(&format!("@platform service/{needed}")) => Err(stage_fault()),
            _ => Ok(()),
        }
    }
}

/// A host on an empty folder.
pub struct House {
    pub folder: tempfile::TempDir,
    pub registry: Registry,
    pub deployer: Deployer,
    pub host: Host,
}

impl House {
    pub async fn new() -> Self {
        Self::with(Host::default()).await
    }

    pub async fn with(host: Host) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(folder.path()).await.unwrap();
        let deployer = Deployer::open(registry.clone(), Arc::new(host.clone())).await.unwrap();
        Self { folder, registry, deployer, host }
    }

    /// The process ends and another begins on the same folder.
    pub async fn restart(self, host: Host) -> Self {
        let Self { folder, registry, deployer, .. } = self;
        deployer.close().await;
        registry.close().await;
        drop((deployer, registry));
        let registry = Registry::open(folder.path()).await.unwrap();
        let deployer = Deployer::open(registry.clone(), Arc::new(host.clone())).await.unwrap();
        Self { folder, registry, deployer, host }
    }

    pub async fn push(&self, owner: &str, name: &str, version: &str, bytes: &str) -> Result<bool, Fault> {
        let upload = Upload::plugin(
            owner.parse().unwrap(),
            &name.parse().unwrap(),
            version.parse().unwrap(),
            Bytes::copy_from_slice(bytes.as_bytes()),
        );
        self.deployer.push(upload, &actor()).await.map(|pushed| pushed.is_new)
    }

    pub async fn push_service(&self, name: &str, version: &str, bytes: &str) -> Result<bool, Fault> {
        let name: ServiceName = name.parse().unwrap();
        let bytes = Bytes::copy_from_slice(bytes.as_bytes());
        let upload = Upload::service(&name, version.parse().unwrap(), bytes);
        self.deployer.push(upload, &actor()).await.map(|pushed| pushed.is_new)
    }

    pub async fn release(&self, slot: &Slot, version: &str) -> Result<Release, Fault> {
        let spec = ReleaseSpec::of(version.parse().unwrap());
        self.deployer.release(slot, spec, Expect::Any, &actor()).await
    }

    pub async fn rollback(&self, slot: &Slot) -> Result<Release, Fault> {
        self.deployer.rollback(slot, Expect::Any, &actor()).await
    }

    pub async fn remove(&self, slot: &Slot) -> Result<(), Fault> {
        self.deployer.remove(slot, Expect::Any, &actor()).await
    }

    /// Nothing contradicts anything in what is stored.
    pub async fn assert_sound(&self) {
        assert_eq!(self.registry.check().await.unwrap(), Vec::<String>::new());
    }
}

pub fn actor() -> Actor {
    Actor::new("test")
}

pub fn owner(text: &str) -> Owner {
    text.parse().unwrap()
}

pub fn plugin(tenant: &str, point: &str, name: &str) -> Slot {
    Slot::Plugin { tenant: tenant.parse().unwrap(), point: point.parse().unwrap(), name: name.parse().unwrap() }
}

pub fn service(name: &str) -> Slot {
    Slot::Service { name: name.parse().unwrap() }
}

pub fn reason<T: std::fmt::Debug>(outcome: Result<T, Fault>) -> String {
    outcome.expect_err("refused").reason.into_owned()
}
