//! Brings components in and makes them serve, so that a crash at any moment leaves the whole change
//! or none of it.
//!
//! A push: examine → store the artifact → commit the version. A release: decide → stage (compile,
//! prepare; nothing serves yet) → commit, with the audit entry → serve (a swap). Changes of one
//! tenant wait for each other; those of different tenants do not.
//!
//! A change runs in a task of its own: a client that goes away in the middle cannot tear it between
//! the commit and the swap. [`Deployer::close`] waits for those tasks.

mod change;
mod locks;
mod restore;
mod runtime;
mod upload;

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use fondaco_engine::{Code, Fault};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::Error;
use crate::owner::{Actor, Slot};
use crate::registry::Registry;
use crate::release::{Expect, Intent, Release, ReleaseSpec};

pub use restore::{Progress, Restored};
pub use runtime::{Examined, LeftOut, Plan, Runtime, Staged};
pub use upload::{Pushed, Upload};

/// How a deployer works.
#[derive(Clone, Debug)]
pub struct DeployOptions {
    /// The longest that preparing a plan may take.
    pub stage_deadline: Duration,
    /// How long an artifact may lie about that no version refers to.
    pub garbage_grace: Duration,
    /// How often to look for those.
    pub garbage_every: Duration,
}

impl Default for DeployOptions {
    fn default() -> Self {
        Self {
            stage_deadline: Duration::from_mins(2),
            garbage_grace: Duration::from_hours(24),
            garbage_every: Duration::from_hours(1),
        }
    }
}

/// The one that changes what serves. Cheap to clone.
#[derive(Clone)]
pub struct Deployer {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    runtime: Arc<dyn Runtime>,
    options: DeployOptions,
    changing: locks::Turns,
    pushing: locks::Turns,
    problems: RwLock<HashMap<Slot, Fault>>,
    tasks: TaskTracker,
    stopping: CancellationToken,
    /// Held for as long as this host works on the folder. The system lets go of it when the process ends.
    _host: File,
}

impl Deployer {
    /// Takes the folder for this host, and cleans what a killed one left aside. It serves nothing
    /// yet: see [`Deployer::restore`]. Error: [`Error::InUse`].
    pub async fn open(registry: Registry, runtime: Arc<dyn Runtime>) -> Result<Self, Error> {
        Self::open_with(registry, runtime, DeployOptions::default()).await
    }

    /// The same with other options.
    pub async fn open_with(
        registry: Registry,
        runtime: Arc<dyn Runtime>,
        options: DeployOptions,
    ) -> Result<Self, Error> {
        let host = take_folder(&registry)?;
        let cleaned = registry.blobs().clean_aside().await?;
        if cleaned > 0 {
            tracing::info!(cleaned, "removed uploads that were interrupted");
        }
        let deployer = Self {
            inner: Arc::new(Inner {
                registry,
                runtime,
                options,
                changing: locks::Turns::default(),
                pushing: locks::Turns::default(),
                problems: RwLock::default(),
                tasks: TaskTracker::new(),
                stopping: CancellationToken::new(),
                _host: host,
            }),
        };
        deployer.spawn_collector();
        Ok(deployer)
    }

    /// The registry that it writes to.
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// Brings a component in as an immutable version. The same bytes again are fine; other bytes
    /// are refused.
    ///
    /// Faults: `EMPTY_UPLOAD`, `COMPONENT_TOO_LARGE`, `INVALID_VERSION`, `VERSION_EXISTS`,
    /// `WRONG_CLASS`, `POINT_CHANGED`, `TOO_MANY_PLUGINS`, `TOO_MANY_VERSIONS`,
    /// `STORAGE_EXHAUSTED`, and those of [`Runtime::examine`].
    pub async fn push(&self, upload: Upload, actor: &Actor) -> Result<Pushed, Fault> {
        let (inner, actor) = (Arc::clone(&self.inner), actor.clone());
        self.run(async move { upload::push(&inner, &upload, &actor).await }).await
    }

    /// Makes a version serve in a slot. What serves already as asked is staged and swapped in again,
    /// and makes no new revision.
    ///
    /// Faults: `PLUGIN_NOT_FOUND`, `SERVICE_NOT_FOUND`, `VERSION_NOT_FOUND`, `WRONG_POINT`,
    /// `TOO_MANY_ACTIVE_PLUGINS`, `REVISION_MISMATCH`, `STAGING_TIMED_OUT`, `OTHER_RELEASE_FAILS`,
    /// and those of [`Runtime::stage`].
    pub async fn release(
        &self,
        slot: &Slot,
        spec: ReleaseSpec,
        expect: Expect,
        actor: &Actor,
    ) -> Result<Release, Fault> {
        let released = self.change(slot, Intent::Put(spec), expect, actor).await?;
        released.ok_or_else(|| crate::changes::not_released(slot))
    }

    /// Makes serve what served before: the release before, or what was removed. Again: the one
    /// before that.
    ///
    /// Faults: `RELEASE_NOT_FOUND`, `NOTHING_TO_ROLL_BACK_TO`, and those of [`Deployer::release`].
    pub async fn rollback(&self, slot: &Slot, expect: Expect, actor: &Actor) -> Result<Release, Fault> {
        let released = self.change(slot, Intent::Rollback, expect, actor).await?;
        released.ok_or_else(|| crate::changes::not_released(slot))
    }

    /// Makes nothing serve in a slot. Fault: `RELEASE_NOT_FOUND`, and those of [`Runtime::stage`].
    pub async fn remove(&self, slot: &Slot, expect: Expect, actor: &Actor) -> Result<(), Fault> {
        self.change(slot, Intent::Remove, expect, actor).await.map(|_nothing| ())
    }

    async fn change(
        &self,
        slot: &Slot,
        intent: Intent,
        expect: Expect,
        actor: &Actor,
    ) -> Result<Option<Release>, Fault> {
        let (inner, slot, actor) = (Arc::clone(&self.inner), slot.clone(), actor.clone());
        self.run(async move { change::change(&inner, &slot, &intent, expect, &actor).await }).await
    }

    /// Serves everything again that is released: tenants first, several at a time, then services. A
    /// release that cannot be staged is reported, and fails each call of it; the others serve.
    pub async fn restore(&self, progress: impl Fn(Progress<'_>) + Send + Sync) -> Result<Restored, Fault> {
        restore::restore(&self.inner, &progress).await
    }

    /// Why a release does not serve, if it does not.
    pub fn problem(&self, slot: &Slot) -> Option<Fault> {
        self.inner.problem(slot)
    }

    /// All releases that do not serve, in order.
    pub fn problems(&self) -> Vec<LeftOut> {
        let problems = self.inner.problems.read().unwrap_or_else(PoisonError::into_inner);
        let mut listed: Vec<LeftOut> =
            problems.iter().map(|(slot, fault)| LeftOut { slot: slot.clone(), fault: fault.clone() }).collect();
        listed.sort_by(|one, other| one.slot.cmp(&other.slot));
        listed
    }

    /// Takes no more changes and waits for those under way.
    pub async fn close(&self) {
        self.inner.stopping.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Runs to its end even when the caller stops waiting.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        if self.inner.stopping.is_cancelled() {
            return Err(Fault::new(
                Code::Unavailable,
                "SHUTTING_DOWN",
                "this host is stopping: nothing was changed, try again",
            ));
        }
        let task = self.inner.tasks.spawn(work);
        task.await.unwrap_or_else(|stopped| {
            tracing::error!(%stopped, "a change panicked");
            Err(Fault::internal("the change failed because of an error in the host; its log says which"))
        })
    }

    fn spawn_collector(&self) {
        let registry = self.inner.registry.clone();
        let stopping = self.inner.stopping.clone();
        let options = self.inner.options.clone();
        self.inner.tasks.spawn(stopping.run_until_cancelled_owned(async move {
            let mut ticks = tokio::time::interval(options.garbage_every);
            loop {
                ticks.tick().await;
                match registry.collect_garbage(options.garbage_grace).await {
                    Ok(0) => {}
                    Ok(removed) => {
                        tracing::info!(removed, "removed artifacts that no version refers to");
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot collect garbage; trying again later");
                    }
                }
            }
        }));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

impl Inner {
    fn problem(&self, slot: &Slot) -> Option<Fault> {
        let problems = self.problems.read().unwrap_or_else(PoisonError::into_inner);
        problems.get(slot).cloned()
    }

    /// Replaces what is known of the covered slots.
    fn note_problems(&self, covered: impl Fn(&Slot) -> bool, left_out: &[LeftOut]) {
        let mut problems = self.problems.write().unwrap_or_else(PoisonError::into_inner);
        problems.retain(|slot, _fault| !covered(slot));
        problems.extend(left_out.iter().map(|left| (left.slot.clone(), left.fault.clone())));
    }
}

fn take_folder(registry: &Registry) -> Result<File, Error> {
    let folder = registry.folder();
    let path = folder.join("host.lock");
    let file = File::create(&path).map_err(Error::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(Error::io(path)(error)),
    }
}
