//! Once a day: compiled components that nobody needs leave the disk.

use std::time::Duration;

use fondaco_engine::{Engine, Fault, PruneRules, Pruned};
use fondaco_registry::Registry;
use tokio_util::task::AbortOnDropHandle;

const EVERY: Duration = Duration::from_hours(24);

/// Prunes now, and every day until it is dropped. Started once everything that is released was loaded: what is in
/// memory by then is not old.
pub(super) fn start(engine: Engine, registry: Registry) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut days = tokio::time::interval(EVERY);
        loop {
            days.tick().await;
            match prune(&engine, &registry).await {
                Ok(Pruned { files: 0, .. }) => {}
                Ok(Pruned { files, bytes, left_bytes }) => {
                    tracing::info!(files, bytes, left_bytes, "removed compiled components that nobody used");
                }
                Err(fault) => tracing::warn!(%fault, "the compile cache was not pruned; trying again tomorrow"),
            }
        }
    }))
}

async fn prune(engine: &Engine, registry: &Registry) -> Result<Pruned, Fault> {
    engine.prune(PruneRules::default(), registry.digests().await?).await
}
