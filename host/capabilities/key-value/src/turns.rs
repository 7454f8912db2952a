//! Turns at writing: a few a tenant, so that one who writes without pause does not fill the queue before the others.

use std::sync::Arc;
use std::time::Duration;

use fondaco_engine::TenantId;
use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Writes of one tenant at a time; its others wait for these.
const AT_A_TIME: usize = 4;
/// A tenant that writes nothing for so long is forgotten.
const IDLE: Duration = Duration::from_mins(1);

pub(crate) struct Turns(Cache<TenantId, Arc<Semaphore>>);

impl Turns {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().time_to_idle(IDLE).build())
    }

    /// Waits for a tenant's turn; it ends when the answer is dropped.
    pub(crate) async fn take(&self, tenant: &TenantId) -> Option<OwnedSemaphorePermit> {
        let turns = self.0.get_with_by_ref(tenant, || Arc::new(Semaphore::new(AT_A_TIME)));
        // Nobody closes it; if somebody did, there would be no turns to wait for.
        turns.acquire_owned().await.ok()
    }
}
