//! One schema.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use fondaco_engine::{Fault, ServiceName};
use sqlx::SqlSafeStr as _;

use super::connection::{Beginning, Open};
use super::names::Names;
use super::pool::{Pool, Shard};
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

    async fn open(&self, pool: &Pool, terms: &Terms<'_>, writes: bool) -> Result<Open, Fault> {
        let statement_ms = terms.limits.statement_ms;
        let beginning = Beginning { names: Some(&self.names), writes, until: terms.deadline, statement_ms };
        Open::begin(pool, &beginning, terms.patience()).await
    }

    /// Measures now and then, at the beginning of a transaction that writes, whether the database outgrew its limit.
    async fn measure(&self, terms: &Terms<'_>) -> Result<(), Fault> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let before = self.measured.load(Ordering::Acquire);
        let due = now >= before.saturating_add(terms.limits.measure_seconds);
        if !due || self.measured.compare_exchange(before, now, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return Ok(());
        }
        let mut open = self.open(&self.shard.primary, terms, false).await?;
        let (text, parameters) = (SIZE.into_sql_str(), [Value::from(self.names.schema.as_str())]);
        let statement = Statement { text: &text, effect: Effect::Read, parameters: &parameters, terms: *terms };
        let (rows, _) = open.run("", &self.types, &statement).await?;
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
        let pool = if replica { self.shard.reader() } else { &self.shard.primary };
        let mut open = match self.open(pool, &statement.terms, false).await {
            // A replica that went away a moment ago.
            Err(fault) if replica && fault::is_lost(&fault) => {
                self.open(&self.shard.primary, &statement.terms, false).await?
            }
            open => open?,
        };
        // What was only read needs no commit: the rollback goes out with the connection's way back.
        open.run(&self.prefix(), &self.types, statement).await.map(|(rows, _)| rows)
    }

    async fn begin(&self, terms: &Terms) -> Result<Box<dyn Transaction>, Fault> {
        self.measure(terms).await?;
        let open = self.open(&self.shard.primary, terms, true).await?;
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
        let mut open = self.open(&self.shard.primary, &Terms { limits: &migrating, ..*terms }, true).await?;
        open.execute(format!("SELECT pg_advisory_xact_lock({}); RESET ROLE", self.names.lock())).await?;
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
    let beginning = Beginning { names: None, writes: true, until, statement_ms: 10_000 };
    let mut open = Open::begin(&shard.primary, &beginning, until).await?;
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
    let beginning = Beginning { names: None, writes: true, until, statement_ms: limits.migration_ms };
    let mut open = Open::begin(&shard.primary, &beginning, until).await?;
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
        self.open.execute("RESET ROLE".to_owned()).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), Fault> {
        self.open.commit().await
    }
}
