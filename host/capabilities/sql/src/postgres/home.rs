//! One schema.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use fondaco_engine::{Fault, ServiceName};
use sqlx::SqlSafeStr as _;

use super::names::Names;
use super::pool::Pool;
use super::reading::read;
use super::session::Place;
use super::shard::Shard;
use super::transaction::{AS_HOST, Open};
use super::values::ParameterTypes;
use crate::guard::Effect;
use crate::store::{Home, Rights, Statement, Terms, Transaction};
use crate::{Limits, Rows, Value, fault};

const SIZE: &str = "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c \
                    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'";

pub(super) struct PostgresHome {
    shard: Arc<Shard>,
    names: Arc<Names>,
    service: ServiceName,
    /// The newest migration that this host knows of: part of the text of prepared statements, because a plan that was
    /// made for other tables cannot be used.
    version: AtomicU32,
    types: Arc<ParameterTypes>,
    full: Arc<AtomicBool>,
    /// When it was measured, in seconds since 1970.
    measured: AtomicU64,
}

impl PostgresHome {
    pub(super) fn new(shard: Arc<Shard>, names: Names, service: &ServiceName, types: Arc<ParameterTypes>) -> Self {
        Self {
            shard,
            names: Arc::new(names),
            service: service.clone(),
            version: AtomicU32::new(0),
            types,
            full: Arc::default(),
            measured: AtomicU64::new(0),
        }
    }

    /// Tenants of one service share their prepared statements, and nobody else's tables have the same names by chance.
    fn prefix(&self) -> String {
        format!("/*{} {}*/", self.service, self.version.load(Ordering::Acquire))
    }

    fn place(&self, limits: &Limits) -> Place {
        Place { names: Some(Arc::clone(&self.names)), statement_ms: limits.statement_ms }
    }

    async fn open(&self, terms: &Terms<'_>) -> Result<Open, Fault> {
        Open::begin(&self.shard.primary, &self.place(terms.limits), terms.deadline, terms.patience()).await
    }

    async fn read_from(&self, pool: &Pool, statement: &Statement<'_>) -> Result<Rows, Fault> {
        read(pool, &self.place(statement.terms.limits), &self.prefix(), &self.types, statement).await
    }

    /// Measures now and then, at the beginning of a transaction that writes, whether the database outgrew its limit.
    async fn measure(&self, terms: &Terms<'_>) -> Result<(), Fault> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let before = self.measured.load(Ordering::Acquire);
        let due = now >= before.saturating_add(terms.limits.measure_seconds);
        if !due || self.measured.compare_exchange(before, now, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return Ok(());
        }
        let (text, parameters) = (SIZE.into_sql_str(), [Value::from(self.names.schema.as_str())]);
        let statement = Statement { text: &text, effect: Effect::Read, parameters: &parameters, terms: *terms };
        let place = self.place(terms.limits);
        let rows = read(&self.shard.primary, &place, "", &self.types, &statement).await?;
        if let Some(Value::Integer(bytes)) = rows.rows.iter().flatten().next() {
            let full = u64::try_from(*bytes).unwrap_or(0) >= terms.limits.database_bytes;
            self.full.store(full, Ordering::Release);
        }
        Ok(())
    }
}

#[async_trait]
impl Home for PostgresHome {
    async fn read(&self, statement: &Statement<'_>, replica: bool) -> Result<Rows, Fault> {
        if !replica {
            return self.read_from(&self.shard.primary, statement).await;
        }
        match self.read_from(self.shard.reader(), statement).await {
            // A replica that went away a moment ago.
            Err(fault) if fault::is_lost(&fault) => self.read_from(&self.shard.primary, statement).await,
            answer => answer,
        }
    }

    async fn begin(&self, terms: &Terms) -> Result<Box<dyn Transaction>, Fault> {
        self.measure(terms).await?;
        let open = self.open(terms).await?;
        Ok(Box::new(Writing {
            open,
            names: Arc::clone(&self.names),
            prefix: self.prefix(),
            types: Arc::clone(&self.types),
            full: Arc::clone(&self.full),
        }))
    }

    async fn begin_migration(&self, terms: &Terms) -> Result<Box<dyn Transaction>, Fault> {
        let migrating = Limits { statement_ms: terms.limits.migration_ms, ..terms.limits.clone() };
        let mut open = self.open(&Terms { limits: &migrating, ..*terms }).await?;
        open.execute(format!("SELECT pg_advisory_xact_lock({}); {AS_HOST}", self.names.lock())).await?;
        Ok(Box::new(Writing {
            open,
            names: Arc::clone(&self.names),
            // The tables change under it.
            prefix: format!("/*migration of {}*/", self.names.role),
            types: Arc::clone(&self.types),
            full: Arc::default(),
        }))
    }

    async fn migrated(&self, version: u32) {
        self.version.fetch_max(version, Ordering::AcqRel);
    }

    async fn close(&self) {}
}

/// Makes a schema and its role. Two hosts may do so at once; the second finds all there.
pub(super) async fn create(shard: &Shard, names: &Names) -> Result<(), Fault> {
    let until = Instant::now() + Duration::from_secs(10);
    let mut open = Open::begin(&shard.primary, &Place::host(10_000), until, until).await?;
    create_in(&mut open, names).await?;
    open.commit().await
}

async fn create_in(open: &mut Open, names: &Names) -> Result<(), Fault> {
    let Names { schema, role } = names;
    // PostgreSQL has no CREATE ROLE IF NOT EXISTS. The lock is one for all: making roles changes what is shared.
    open.execute(format!(
        "SELECT pg_advisory_xact_lock(4702111234474983746);
         DO $fondaco$ BEGIN
             IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                 CREATE ROLE \"{role}\" NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE;
             END IF;
         END $fondaco$;
         GRANT \"{role}\" TO CURRENT_USER;
         CREATE SCHEMA IF NOT EXISTS \"{schema}\" AUTHORIZATION \"{role}\";
         ALTER DEFAULT PRIVILEGES IN SCHEMA \"{schema}\"
             GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO \"{role}\";
         ALTER DEFAULT PRIVILEGES IN SCHEMA \"{schema}\" GRANT USAGE, SELECT ON SEQUENCES TO \"{role}\""
    ))
    .await
}

/// A schema that is never committed.
pub(super) async fn scratch(
    shard: &Shard,
    types: Arc<ParameterTypes>,
    limits: &Limits,
) -> Result<Box<dyn Transaction>, Fault> {
    let until = Instant::now() + limits.migration();
    let mut open = Open::begin(&shard.primary, &Place::host(limits.migration_ms), until, until).await?;
    let names = Names::scratch(rand::random());
    create_in(&mut open, &names).await?;
    open.execute(format!("SET LOCAL search_path = \"{}\", pg_temp", names.schema)).await?;
    let prefix = format!("/*migration of {}*/", names.role);
    Ok(Box::new(Writing { open, names: Arc::new(names), prefix, types, full: Arc::default() }))
}

struct Writing {
    open: Open,
    names: Arc<Names>,
    prefix: String,
    types: Arc<ParameterTypes>,
    full: Arc<AtomicBool>,
}

#[async_trait]
impl Transaction for Writing {
    async fn run(&mut self, statement: &Statement<'_>) -> Result<(Rows, u64), Fault> {
        if statement.effect == Effect::Put && self.full.load(Ordering::Acquire) {
            return Err(fault::full());
        }
        self.open.run(&self.prefix, &self.types, statement).await
    }

    async fn batch(&mut self, text: &str, rights: Rights, _until: Instant) -> Result<(), Fault> {
        self.open.batch(text, rights, &self.names).await?;
        // What follows is the host's: writing down what was done.
        self.open.execute(AS_HOST.to_owned()).await
    }

    async fn run_and_commit(mut self: Box<Self>, statement: &Statement<'_>) -> Result<u64, Fault> {
        let (_, changed) = self.run(statement).await?;
        self.open.commit().await?;
        Ok(changed)
    }

    async fn commit(self: Box<Self>) -> Result<(), Fault> {
        self.open.commit().await
    }
}
