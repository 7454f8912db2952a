//! All databases of a host.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use fondaco_engine::{Code, Fault, ServiceName, TenantId};
use futures::TryStreamExt as _;
use moka::policy::EvictionPolicy;
use sqlx::{SqlSafeStr as _, SqlStr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::guard::{Effect, Guard};
use crate::migrate::{Plan, Step, Target, apply, rehearse};
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::store::{Home, Server, Statement, Terms, check_parameters};
use crate::{DatabasesConfig, InternalMigration, Kind, Limits, Migrations, Rows, Value, Work, fault};

/// Tenants whose connections are counted at a time. One that was forgotten begins to count anew.
const TENANTS: u64 = 100_000;

/// How often databases that nobody uses are looked for.
const TIDY: Duration = Duration::from_secs(1);

type Key = (TenantId, ServiceName);

/// All databases of a host: opened on demand, closed when idle. Cheap to clone.
#[derive(Clone)]
pub struct Databases {
    inner: Arc<Inner>,
}

struct Inner {
    server: Arc<dyn Server>,
    guard: Guard,
    limits: Arc<Limits>,
    homes: moka::future::Cache<Key, Arc<Opened>>,
    tenants: moka::sync::Cache<TenantId, Arc<Semaphore>>,
    internal: RwLock<Vec<&'static InternalMigration>>,
    plans: OnceLock<Vec<Plan>>,
    tidying: OnceLock<tokio::task::AbortHandle>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(tidying) = self.tidying.get() {
            tidying.abort();
        }
    }
}

/// A database that is in use, or was until a moment ago.
struct Opened {
    home: Arc<dyn Home>,
    /// The last two plans that it has: during a swap old and new release call in turns.
    has: [AtomicU64; 2],
    migrating: tokio::sync::Mutex<()>,
}

impl Opened {
    fn has(&self, plan: &Plan) -> bool {
        self.has.iter().any(|has| has.load(Ordering::Acquire) == plan.number)
    }

    fn note(&self, plan: &Plan) {
        let [first, second] = &self.has;
        second.store(first.swap(plan.number, Ordering::AcqRel), Ordering::Release);
    }
}

impl std::fmt::Debug for Databases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Databases({:?}, {} open)", self.inner.server.dialect(), self.inner.homes.entry_count())
    }
}

impl Databases {
    /// Gets them ready, by the configuration. Must be called within a tokio runtime.
    pub async fn open(config: DatabasesConfig) -> Result<Self, Fault> {
        let limits = Arc::new(config.limits);
        let server: Arc<dyn Server> = match config.kind {
            Kind::Embedded => Arc::new(Sqlite::open(config.embedded, Arc::clone(&limits)).await?),
            Kind::Postgres => Arc::new(Postgres::open(config.postgres).await?),
        };
        let (most, idle) = server.keeps();
        let homes = moka::future::Cache::builder()
            .max_capacity(most)
            .time_to_idle(idle)
            // The one that was used longest ago, and never the one that just came.
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let tenants = moka::sync::Cache::builder().max_capacity(TENANTS).eviction_policy(EvictionPolicy::lru()).build();
        let guard = Guard::new(server.dialect(), limits.statement_bytes);
        let inner = Inner {
            server,
            guard,
            limits,
            homes,
            tenants,
            internal: RwLock::default(),
            plans: OnceLock::new(),
            tidying: OnceLock::new(),
        };
        let databases = Self { inner: Arc::new(inner) };
        databases.tidy();
        Ok(databases)
    }

    /// Closes what nobody uses even while nobody calls.
    fn tidy(&self) {
        let homes = self.inner.homes.clone();
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(TIDY);
            loop {
                ticks.tick().await;
                homes.run_pending_tasks().await;
                #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
                metrics::gauge!("fondaco_sql_databases_open").set(homes.entry_count() as f64);
            }
        });
        // Never set before: it is called once.
        let _ = self.inner.tidying.set(task.abort_handle());
    }

    /// Tables of the host's own (`fondaco_…`), which every database is to have. To be called at start: a database that
    /// is opened before has them when it is opened again.
    pub fn add_internal_migrations(&self, migrations: &'static [InternalMigration]) {
        self.inner.internal.write().unwrap_or_else(PoisonError::into_inner).extend(migrations);
        debug_assert!(self.inner.plans.get().is_none(), "added after the first database was opened");
    }

    /// The database of a tenant and service, made if there is none. Holding it does not keep it open.
    pub async fn of(&self, tenant: &TenantId, service: &ServiceName) -> Result<Database, Fault> {
        let database = Database { databases: self.clone(), key: (tenant.clone(), service.clone()) };
        database.opened().await?;
        Ok(database)
    }

    /// All databases that exist, open or not.
    pub async fn known(&self) -> Result<Vec<(TenantId, ServiceName)>, Fault> {
        self.inner.server.known().await
    }

    /// How many are open.
    pub fn open_now(&self) -> u64 {
        self.inner.homes.entry_count()
    }

    /// Closes all connections, in order: the end.
    pub async fn close(&self) {
        for (_, opened) in &self.inner.homes {
            opened.home.close().await;
        }
        self.inner.homes.invalidate_all();
        self.inner.homes.run_pending_tasks().await;
        self.inner.server.close().await;
    }

    /// Before a release serves: tries its migrations on an empty database, then brings all databases of the service up
    /// to date, some at a time. The first that fails ends it; those before it are ahead, and that is fine.
    pub async fn stage(&self, service: &ServiceName, migrations: &Migrations) -> Result<(), Fault> {
        let inner = &self.inner;
        let plan = migrations.plan(inner.server.dialect());
        if inner.server.is_settled(service, &plan.id).await? {
            return Ok(());
        }
        let scratch = inner.server.scratch(&inner.limits).await?;
        let mut plans: Vec<&Plan> = inner.plans().iter().collect();
        plans.push(plan);
        rehearse(scratch, &plans, &inner.limits, service).await?;
        let known = self.known().await?.into_iter().filter(|(_, other)| other == service);
        futures::stream::iter(known.map(Ok))
            .try_for_each_concurrent(inner.limits.migrations_at_a_time.max(1), |(tenant, service)| async move {
                self.of(&tenant, &service).await?.migrate(migrations).await
            })
            .await?;
        inner.server.settle(service, &plan.id).await
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.inner.guard
    }

    /// One of the connections that a tenant may hold.
    async fn permit(&self, tenant: &TenantId, terms: &Terms<'_>) -> Result<OwnedSemaphorePermit, Fault> {
        let most = self.inner.limits.connections_per_tenant.max(1);
        let turns = match self.inner.tenants.get(tenant) {
            Some(turns) => turns,
            None => self.inner.tenants.get_with(tenant.clone(), || Arc::new(Semaphore::new(most))),
        };
        if let Ok(permit) = Arc::clone(&turns).try_acquire_owned() {
            return Ok(permit);
        }
        let permit = tokio::time::timeout_at(terms.patience().into(), turns.acquire_owned()).await;
        let too_many = |_| {
            let message = format!("the tenant uses all of its {most} connections; try again");
            Fault::new(Code::ResourceExhausted, "TENANT_BUSY", message)
        };
        permit.map_err(too_many)?.map_err(|_| fault::unavailable())
    }
}

impl Inner {
    /// The host's own steps, one plan an owner.
    fn plans(&self) -> &[Plan] {
        self.plans.get_or_init(|| {
            let all = self.internal.read().unwrap_or_else(PoisonError::into_inner);
            let mut owners: Vec<&'static str> = all.iter().map(|migration| migration.owner).collect();
            owners.sort_unstable();
            owners.dedup();
            let steps = |owner| {
                let own = all.iter().filter(move |migration| migration.owner == owner);
                let mut steps: Vec<_> = own.map(|step| Step::internal(step, self.server.dialect())).collect();
                steps.sort_unstable_by_key(|step| step.version);
                steps
            };
            owners.into_iter().map(|owner| Plan::new(owner, steps(owner))).collect()
        })
    }

    async fn open(&self, (tenant, service): &Key) -> Result<Arc<Opened>, Fault> {
        let home = self.server.open(tenant, service).await?;
        let plans: Vec<&Plan> = self.plans().iter().collect();
        apply(&*home, &plans, &self.limits, Target { tenant: Some(tenant), service }).await?;
        let has = <[AtomicU64; 2]>::default();
        Ok(Arc::new(Opened { home, has, migrating: tokio::sync::Mutex::default() }))
    }
}

/// One tenant's database of one service. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    databases: Databases,
    key: Key,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({} of {})", self.key.1, self.key.0)
    }
}

impl Database {
    /// Whose it is.
    pub fn tenant(&self) -> &TenantId {
        &self.key.0
    }

    /// For which service.
    pub fn service(&self) -> &ServiceName {
        &self.key.1
    }

    /// The one that is open, or opened now. One opens, others wait for it.
    async fn opened(&self) -> Result<Arc<Opened>, Fault> {
        let inner = &self.databases.inner;
        if let Some(opened) = inner.homes.get(&self.key).await {
            return Ok(opened);
        }
        let opening = inner.homes.try_get_with_by_ref(&self.key, inner.open(&self.key));
        opening.await.map_err(|fault| Fault::clone(&fault))
    }

    /// Brings the service's tables up to date; nothing to do is cheap.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), Fault> {
        let inner = &self.databases.inner;
        let plan = migrations.plan(inner.server.dialect());
        let opened = self.opened().await?;
        if opened.has(plan) {
            return Ok(());
        }
        let _turn = opened.migrating.lock().await;
        if opened.has(plan) {
            return Ok(());
        }
        let (tenant, service) = &self.key;
        let target = Target { tenant: Some(tenant), service };
        if apply(&*opened.home, &[plan], &inner.limits, target).await? {
            opened.home.migrated(plan.version()).await;
        }
        opened.note(plan);
        Ok(())
    }

    /// Reads what was committed, by a statement that is checked as a service's.
    pub async fn query(&self, statement: &str, parameters: &[Value], deadline: Instant) -> Result<Rows, Fault> {
        self.read_checked(statement, parameters, deadline, false).await
    }

    /// The same, from a replica where there is one: what was committed a moment ago may be missing.
    pub async fn query_replica(&self, statement: &str, parameters: &[Value], deadline: Instant) -> Result<Rows, Fault> {
        self.read_checked(statement, parameters, deadline, true).await
    }

    async fn read_checked(
        &self,
        statement: &str,
        parameters: &[Value],
        deadline: Instant,
        replica: bool,
    ) -> Result<Rows, Fault> {
        let checked = self.databases.guard().check(statement).await?;
        if checked.effect != Effect::Read {
            return Err(fault::read_only());
        }
        check_parameters(checked.parameters, parameters, self.databases.limits())?;
        self.read(&checked.text, parameters, deadline, replica).await
    }

    /// Reads what was committed, by a statement of the host's own, over any table.
    pub async fn query_internal(
        &self,
        statement: &'static str,
        parameters: &[Value],
        deadline: Instant,
    ) -> Result<Rows, Fault> {
        self.read(&statement.into_sql_str(), parameters, deadline, false).await
    }

    pub(crate) async fn read(
        &self,
        text: &SqlStr,
        parameters: &[Value],
        deadline: Instant,
        replica: bool,
    ) -> Result<Rows, Fault> {
        let terms = Terms { limits: self.databases.limits(), deadline };
        let _permit = self.databases.permit(&self.key.0, &terms).await?;
        let home = Arc::clone(&self.opened().await?.home);
        let statement = Statement { text, effect: Effect::Read, parameters, terms };
        match home.read(&statement, replica).await {
            // A prepared statement was of yesterday; there is a new connection now.
            Err(fault) if fault.reason == fault::SCHEMA_CHANGED => home.read(&statement, replica).await,
            answer => answer,
        }
    }

    /// Begins a unit of work, which is rolled back where it is dropped without a commit. One writes at a time.
    pub async fn begin(&self, deadline: Instant) -> Result<Work, Fault> {
        let terms = Terms { limits: self.databases.limits(), deadline };
        let permit = self.databases.permit(&self.key.0, &terms).await?;
        let opened = self.opened().await?;
        let transaction = opened.home.begin(&terms).await?;
        Ok(Work::new(transaction, Arc::clone(&opened.home), self.databases.clone(), deadline, permit))
    }
}
