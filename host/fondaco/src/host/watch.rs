//! `up --watch`: components are pushed and released anew as their files change.
//!
//! Builds write a file in steps and touch several at once, so changes are collected until it was quiet for a moment.
//! A file that is refused is reported, and what served goes on serving.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fondaco_engine::Class;
use fondaco_registry::{Actor, Deployer, Expect, Owner, Release, ReleaseSpec, Slot, VersionRecord};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::seed::push_file;
use crate::component::ComponentFile;
use crate::failure::Failure;

/// So long nothing may change before what changed is looked at.
const QUIET: Duration = Duration::from_millis(300);
/// Changes in the queue; beyond it they are dropped, and the next one finds the files as they are then.
const QUEUE: usize = 1_024;

/// Watches until it is dropped.
pub(super) struct Watching {
    _watcher: RecommendedWatcher,
    _task: AbortOnDropHandle<()>,
}

pub(super) fn start(folder: &Path, deployer: Deployer) -> Result<Watching, Failure> {
    let (changed, changes) = mpsc::channel(QUEUE);
    let local = |error: notify::Error| Failure::Local(format!("--watch {}: {error}", folder.display()));
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        for path in event.into_iter().filter(|event| is_write(event.kind)).flat_map(|event| event.paths) {
            if path.extension().is_some_and(|extension| extension == "wasm") {
                let _full_or_gone = changed.try_send(path);
            }
        }
    })
    .map_err(local)?;
    watcher.watch(folder, RecursiveMode::Recursive).map_err(local)?;
    tracing::info!(folder = %folder.display(), "components are reloaded as their files change");
    let task = AbortOnDropHandle::new(tokio::spawn(follow(changes, deployer)));
    Ok(Watching { _watcher: watcher, _task: task })
}

fn is_write(kind: EventKind) -> bool {
    matches!(kind, EventKind::Create(_) | EventKind::Modify(_))
}

async fn follow(mut changes: mpsc::Receiver<PathBuf>, deployer: Deployer) {
    while let Some(first) = changes.recv().await {
        let mut files = BTreeSet::from([first]);
        while let Ok(Some(more)) = tokio::time::timeout(QUIET, changes.recv()).await {
            files.insert(more);
        }
        for file in files.iter().filter(|file| file.is_file()) {
            if let Err(failure) = reload(&deployer, file).await {
                tracing::error!(file = %file.display(), %failure, "not reloaded; what served goes on");
            }
        }
    }
}

async fn reload(deployer: &Deployer, file: &Path) -> Result<(), Failure> {
    let actor = Actor::new("watch");
    let component = ComponentFile::read(file)?;
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    let name = component.manifest.map_or(stem, |manifest| manifest.name);
    let serving = serving(deployer, component.class, &name).await?;
    if serving.is_empty() {
        tracing::info!(file = %file.display(), name, "nobody has released this; push and release it once by hand");
        return Ok(());
    }
    for release in serving {
        let (version, is_new) = push_file(deployer, release.source.clone(), file, &actor).await?;
        if version.digest == release.digest {
            continue;
        }
        let spec = again(&release, &version);
        deployer.release(&release.slot, spec, Expect::Any, &actor).await?;
        tracing::info!(scope = %release.slot.scope(), slot = %release.slot, version = %version.version, is_new, "reloaded");
    }
    Ok(())
}

/// All releases of that plugin or service, whosoever they are.
async fn serving(deployer: &Deployer, class: Class, name: &str) -> Result<Vec<Release>, Failure> {
    let registry = deployer.registry();
    let scopes = match class {
        Class::Service => vec![Owner::Platform],
        Class::Plugin => registry.scopes().await?,
    };
    let mut found = Vec::new();
    for scope in scopes {
        let releases = registry.releases(&scope).await?;
        found.extend(releases.into_iter().filter(|release| {
            let is_service = matches!(release.slot, Slot::Service { .. });
            release.slot.name() == name && is_service == (class == Class::Service)
        }));
    }
    Ok(found)
}

/// The new version with everything else as it is.
fn again(release: &Release, version: &VersionRecord) -> ReleaseSpec {
    let mut spec = ReleaseSpec::of(version.version.clone());
    if matches!(release.slot, Slot::Plugin { .. }) {
        spec.source = Some(release.source.clone());
    }
    spec
}
