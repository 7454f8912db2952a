//! From a compiled component to a release that serves: check, link, try, swap.

use std::sync::Arc;
use std::time::Instant;

use super::compatible::{self, Promise};
use super::configurable;
use super::exports::{Export, Import, Interfaces, imports_of};
use super::extension::{self, Extension, Staging};
use super::link::{self, Origin};
use super::parts::AllPrepared;
use super::redact::Redactions;
use super::release::{Facts, Release};
use super::{ServiceRelease, ServiceView, Services, expect_service};
use crate::{CallContext, Code, Fault, Outcomes, Roles, ServiceName, TenantId};

/// The tenant for whom a release is tried. No real one has this name's instances: they are dropped.
const NOBODY: &str = "nobody";

/// A release that passed every check and was instantiated once. What is left is to let it serve, and that can't fail.
pub struct StagedService {
    release: Arc<Release>,
    objection: Option<Fault>,
}

impl StagedService {
    /// The service.
    pub fn name(&self) -> &ServiceName {
        &self.release.name
    }

    /// What is to serve.
    pub fn release(&self) -> &ServiceRelease {
        &self.release.given
    }

    /// What would serve, for those who describe it.
    pub fn view(&self) -> ServiceView {
        super::view::of(&self.release)
    }

    /// What it says against its own config, where it can be asked: `INVALID_CONFIG`. A new release should not be made
    /// to serve then; one that serves already comes up again all the same.
    pub fn objection(&self) -> Option<&Fault> {
        self.objection.as_ref()
    }
}

impl std::fmt::Debug for StagedService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StagedService({})", self.release.label)
    }
}

impl Services {
    /// Checks a release against the serving one, against its callers and what it calls, links it, and instantiates it
    /// once. Nothing serves yet.
    ///
    /// Between this and [`serve`](Self::serve) no other service should be staged; who does not go through
    /// [`activate`](Self::activate) sees to that.
    pub async fn stage(&self, name: ServiceName, release: ServiceRelease) -> Result<StagedService, Fault> {
        expect_service(&release)?;
        let interfaces = Interfaces::of(release.compiled.component(), &release.read_only);
        let imports = self.imports(&release);
        self.check(&name, &interfaces, &imports)?;
        let hook = configurable::hook(release.compiled.component())?;
        let granted = extension::granted(&name, &release.grants, &self.inner.extensions)?;
        self.check_grants(&name, &release)?;
        let pre = link::link(&self.inner, &name, &release.compiled, &imports, &granted)?;
        let label: Arc<str> = Arc::from(format!("{name}@{}", release.version));
        let facts = Arc::new(Facts {
            name: name.clone(),
            label: Arc::clone(&label),
            version: release.version.as_str().into(),
            config: Arc::clone(&release.config),
            prepared: prepare(&name, &release, &granted).await?,
            granted,
            redactions: Redactions::default(),
        });
        let badge = self.inner.house.warm.badge();
        let given = release;
        let staged = Arc::new(Release { name, label, given, facts, interfaces, imports, pre, badge });
        let objection = self.try_once(&staged, hook.as_deref()).await?;
        Ok(StagedService { release: staged, objection })
    }

    /// Lets a staged release serve. Calls in flight keep the one that it replaces.
    pub fn serve(&self, staged: StagedService) {
        let label = Arc::clone(&staged.release.label);
        let old = self.inner.directory.serve(staged.release);
        if let Some(old) = &old {
            self.inner.retire(old);
        }
        tracing::info!(service = %label, replaced = old.as_ref().map(|old| &*old.label), "service serves");
    }

    /// Stages and serves, one activation at a time.
    pub async fn activate(&self, name: ServiceName, release: ServiceRelease) -> Result<(), Fault> {
        let _turn = self.inner.activations.lock().await;
        let staged = self.stage(name, release).await?;
        if let Some(objection) = staged.objection {
            return Err(objection);
        }
        self.serve(staged);
        Ok(())
    }

    /// What it imports of other services.
    fn imports(&self, release: &ServiceRelease) -> Vec<Import> {
        let mut imports = imports_of(release.compiled.component());
        imports.retain(|import| matches!(link::origin(import, &self.inner.extensions), Origin::Service));
        imports
    }

    /// Whether all that it imports of the host was granted.
    fn check_grants(&self, name: &ServiceName, release: &ServiceRelease) -> Result<(), Fault> {
        for import in imports_of(release.compiled.component()) {
            let provider = link::provider(&import, &self.inner.extensions);
            if let Some(grant) = provider.and_then(|extension| extension.grant())
                && !release.grants.contains_key(grant)
            {
                return Err(extension::not_granted(name, &import.name, grant));
            }
        }
        Ok(())
    }

    fn check(&self, name: &ServiceName, interfaces: &Interfaces, imports: &[Import]) -> Result<(), Fault> {
        if interfaces.list.is_empty() {
            let message = format!("service `{name}` exports no interface with a function; there is nothing to call");
            return Err(Fault::new(Code::InvalidArgument, "NO_EXPORTS", message));
        }
        for interface in &interfaces.list {
            for export in interface.functions.values() {
                compatible::crosses(&interface.name, &export.name, &export.ty)?;
            }
        }
        for import in imports {
            for (function, ty) in &import.functions {
                compatible::crosses(&import.name, function, ty)?;
            }
        }
        self.check_against_active(name, interfaces, imports)
    }

    fn check_against_active(
        &self,
        name: &ServiceName,
        interfaces: &Interfaces,
        imports: &[Import],
    ) -> Result<(), Fault> {
        for active in self.inner.directory.all() {
            if active.name == *name {
                compatible::keeps(&active.interfaces, &active.label, interfaces)?;
                continue;
            }
            if let Some(taken) = interfaces.keys().find(|key| active.interfaces.find(key).is_some()) {
                let message =
                    format!("`{}` provides `{taken}` already, and an interface has one service", active.label);
                return Err(Fault::new(Code::AlreadyExists, "INTERFACE_TAKEN", message));
            }
            for import in &active.imports {
                compatible::satisfies(import, interfaces, Promise::Called(&active.label))?;
            }
            for import in imports {
                compatible::satisfies(import, &active.interfaces, Promise::Wanted(&active.label))?;
            }
        }
        Ok(())
    }

    /// Instantiates it once: what can't start is found out before it serves, and its code is in memory when it does.
    /// Answers what it says against its config.
    async fn try_once(&self, release: &Release, hook: Option<&Export>) -> Result<Option<Fault>, Fault> {
        let house = &self.inner.house;
        let deadline = Instant::now() + house.limits.wall;
        let context = CallContext {
            tenant: NOBODY.parse::<TenantId>().map_err(|error| Fault::internal(error.to_string()))?,
            subject: Arc::clone(release.name.shared()),
            roles: Roles::NONE,
            request_id: Arc::from("activation"),
            deadline,
            depth: 0,
            outcomes: Outcomes::none(),
        };
        let trial = async {
            let mut live = house.instantiate(release, context, true).await?;
            match hook {
                Some(hook) => Ok(configurable::objection(release, hook, &mut live).await),
                None => Ok(None),
            }
        };
        let trial = tokio::time::timeout_at(deadline.into(), trial).await;
        let trial = trial.unwrap_or_else(|_| Err(super::fault::deadline(&release.label)));
        trial.map_err(|fault| {
            let message = format!("`{}` does not start: {}", release.label, fault.message);
            Fault::new(Code::FailedPrecondition, "DOES_NOT_START", message).with("cause", fault.reason)
        })
    }
}

/// Lets the extensions make of the grants what they need.
async fn prepare(
    service: &ServiceName,
    release: &ServiceRelease,
    granted: &[Arc<dyn Extension>],
) -> Result<AllPrepared, Fault> {
    let mut all = AllPrepared::default();
    for extension in granted {
        let grant = extension.grant().and_then(|grant| release.grants.get(grant)).unwrap_or(&serde_json::Value::Null);
        if let Some(prepared) = extension.prepare(Staging { service, grant, release }).await? {
            all.add(prepared);
        }
    }
    Ok(all)
}
