//! A session with a transaction in it that writes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fondaco_engine::Fault;

use super::names::Names;
use super::pool::{Lease, Pool};
use super::session::Place;
use super::shard::Shard;
use super::values::ParameterTypes;
use crate::store::{Rights, Statement};
use crate::{Rows, fault};

/// How long a rollback may take of which nobody waits for the end.
const ROLLBACK: Duration = Duration::from_secs(5);

/// A transaction that is open. Dropped, it is rolled back.
pub(super) struct Open {
    /// Taken out while something is under way: whoever leaves in the middle leaves a connection behind that closes, and
    /// so does what ends in doubt.
    lease: Option<Lease>,
}

impl Drop for Open {
    fn drop(&mut self) {
        let Some(mut lease) = self.lease.take() else { return };
        // Without a runtime the connection closes, which rolls back too.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let rollback = lease.session.execute("ROLLBACK".to_owned());
            if let Ok(Ok(())) = tokio::time::timeout(ROLLBACK, rollback).await {
                lease.give_back();
            }
        });
    }
}

impl Open {
    /// Begins on a session of the pool's, of which one that died in its sleep is made anew.
    pub(super) async fn begin(pool: &Pool, place: &Place, until: Instant, wait: Instant) -> Result<Self, Fault> {
        let mut lease = pool.acquire(place, wait).await?;
        loop {
            let Err(fault) = lease.session.begin(place, until).await else {
                return Ok(Self { lease: Some(lease) });
            };
            if !fault::is_lost(&fault) {
                return Err(fault);
            }
            lease = pool.renew(lease).await?.ok_or(fault)?;
        }
    }

    pub(super) async fn commit(mut self) -> Result<(), Fault> {
        let mut lease = self.lease.take().ok_or_else(fault::unavailable)?;
        // One that was refused has been rolled back, or is lost; the connection closes in either case.
        lease.session.execute("COMMIT".to_owned()).await?;
        lease.give_back();
        Ok(())
    }

    /// Runs a statement of which `prefix` says for which tables it was prepared.
    pub(super) async fn run(
        &mut self,
        prefix: &str,
        types: &Arc<ParameterTypes>,
        statement: &Statement<'_>,
    ) -> Result<(Rows, u64), Fault> {
        let mut lease = self.lease.take().ok_or_else(fault::unavailable)?;
        let answer = lease.session.run(prefix, types, statement).await;
        self.keep(lease);
        answer
    }

    /// Runs statements of ours as the host or as the schema's owner.
    pub(super) async fn batch(&mut self, text: &str, rights: Rights, names: &Names) -> Result<(), Fault> {
        let role = match rights {
            Rights::Host => AS_HOST.to_owned(),
            Rights::Service => format!("SET LOCAL ROLE \"{}\"", names.role),
        };
        self.execute(role).await?;
        self.execute(text.to_owned()).await
    }

    pub(super) async fn execute(&mut self, text: String) -> Result<(), Fault> {
        let mut lease = self.lease.take().ok_or_else(fault::unavailable)?;
        let done = lease.session.execute(text).await;
        self.keep(lease);
        done
    }

    fn keep(&mut self, lease: Lease) {
        if lease.session.is_settled() {
            self.lease = Some(lease);
        }
    }
}

/// Until the end of the transaction only: the session goes on as the one that it was set up for.
pub(super) const AS_HOST: &str = "SET LOCAL ROLE NONE";

/// Takes from everybody what PostgreSQL gives to everybody: to make tables in `public`, and temporary ones. Needs the
/// database's owner; where the host is not, its operator should do it.
pub(super) async fn close_off(shard: &Shard) -> Result<(), Fault> {
    let until = Instant::now() + Duration::from_secs(10);
    let mut open = Open::begin(&shard.primary, &Place::host(10_000), until, until).await?;
    let database = shard.database.replace('"', "\"\"");
    // Hosts that start together would change the same rows at once.
    let text = format!(
        "SELECT pg_advisory_xact_lock(4702111234474983745); REVOKE ALL ON SCHEMA public FROM PUBLIC; \
         REVOKE TEMPORARY ON DATABASE \"{database}\" FROM PUBLIC"
    );
    match open.execute(text).await {
        Ok(()) => open.commit().await,
        Err(fault) if fault::is_lost(&fault) => Err(fault),
        Err(fault) => {
            tracing::warn!(shard = shard.name, %fault, "cannot take rights on `public` and temporary tables from all");
            Ok(())
        }
    }
}
