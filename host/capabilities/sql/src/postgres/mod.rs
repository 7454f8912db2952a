//! PostgreSQL: a schema a tenant and service.
//!
//! Tenants are placed on shards by a table in the first one. Each schema has a role of its own that owns its tables and
//! has rights nowhere else. A connection is set up for one schema: it has that role, and that schema as the only one it
//! finds. It stays so until somebody comes for another schema and sets up everything anew, and no statement runs before
//! that is done. So a statement that got past the guard would still find nothing but its own.
//!
//! Where to look: `session` is a connection and for whom it is set up; `pool` lends them; `reading` and `transaction` are
//! the two ways to use one.

mod away;
mod directory;
mod home;
mod names;
mod numeric;
mod pool;
mod pooler;
mod reading;
mod session;
mod shard;
mod transaction;
mod values;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fondaco_engine::{Code, Fault, ServiceName, TenantId};

use crate::guard::Dialect;
use crate::store::{Home, Server, Transaction};
use crate::{Limits, PostgresConfig};
use directory::Directory;
use home::PostgresHome;
use shard::Shard;
use values::ParameterTypes;

/// Schemas whose place is remembered: a name, a role and a few numbers each.
const HOMES: u64 = 200_000;
const IDLE: Duration = Duration::from_mins(10);

/// All shards.
pub(crate) struct Postgres {
    shards: Vec<Arc<Shard>>,
    directory: Directory,
    types: Arc<ParameterTypes>,
}

impl Postgres {
    pub(crate) async fn open(config: PostgresConfig) -> Result<Self, Fault> {
        let shards: Result<Vec<_>, Fault> =
            config.shards.iter().map(|shard| Shard::new(shard, &config).map(Arc::new)).collect();
        let shards = shards?;
        let Some(first) = shards.first() else {
            let message = "sql.postgres.shards is empty; name at least one database";
            return Err(Fault::new(Code::FailedPrecondition, "NO_SHARDS", message));
        };
        let directory = Directory::new(Arc::clone(first));
        directory.prepare().await?;
        for shard in &shards {
            transaction::close_off(shard).await?;
        }
        Ok(Self { shards, directory, types: Arc::new(ParameterTypes::new()) })
    }

    fn shard(&self, name: &str) -> Result<&Arc<Shard>, Fault> {
        self.shards.iter().find(|shard| shard.name == name).ok_or_else(|| {
            tracing::error!(shard = name, "a tenant is placed on a shard that the configuration does not have");
            crate::fault::unavailable()
        })
    }
}

#[async_trait]
impl Server for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn keeps(&self) -> (u64, Duration) {
        (HOMES, IDLE)
    }

    async fn open(&self, tenant: &TenantId, service: &ServiceName) -> Result<Arc<dyn Home>, Fault> {
        let open: Vec<&str> = self.shards.iter().filter(|shard| shard.open).map(|shard| shard.name.as_str()).collect();
        let shard = Arc::clone(self.shard(&self.directory.place(tenant, &open).await?)?);
        let names = names::Names::of(&shard.database, tenant, service);
        if !self.directory.has(tenant, service).await? {
            home::create(&shard, &names).await?;
            self.directory.add(tenant, service, &names.schema).await?;
        }
        Ok(Arc::new(PostgresHome::new(shard, names, service, Arc::clone(&self.types))))
    }

    async fn known(&self) -> Result<Vec<(TenantId, ServiceName)>, Fault> {
        self.directory.known().await
    }

    async fn scratch(&self, limits: &Limits) -> Result<Box<dyn Transaction>, Fault> {
        let first = self.shards.first().ok_or_else(crate::fault::unavailable)?;
        home::scratch(first, Arc::clone(&self.types), limits).await
    }

    async fn is_settled(&self, service: &ServiceName, plan: &str) -> Result<bool, Fault> {
        self.directory.is_settled(service, plan).await
    }

    async fn settle(&self, service: &ServiceName, plan: &str) -> Result<(), Fault> {
        self.directory.settle(service, plan).await
    }

    async fn close(&self) {
        for shard in &self.shards {
            shard.close().await;
        }
    }
}
