//! Services and capabilities in this process, wired as the host wires them, without HTTP: what a call costs there is
//! neither hidden by the way to it nor added to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use fondaco_engine::wasmtime::component::Val;
use fondaco_engine::{
    CallContext, Class, Engine, EngineConfig, Extension, Fault, Function, Outcomes, Roles, ServiceLimits,
    ServiceRelease, Services, TenantId,
};
use fondaco_events::{Events, EventsConfig};
use fondaco_pack::Manifest;
use fondaco_sql::{Database, Databases, DatabasesConfig, Migrations};

/// No call needs as long.
const TIME: Duration = Duration::from_secs(10);
/// What `tests/guests/stock` has on its shelf.
pub(crate) const FILL: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
     INSERT INTO stock (sku, on_hand, reserved) SELECT 'sku-' || i, 1000000000, 0 FROM n";

/// The sku that `tests/guests/stock` takes for this number.
pub(crate) fn sku(number: u32) -> String {
    format!("sku-{}", u64::from(number) * 7_919 % 10_000 + 1)
}

/// A host in small.
pub(crate) struct House {
    pub(crate) services: Services,
    pub(crate) databases: Databases,
    pub(crate) events: Events,
    engine: Engine,
    components: PathBuf,
}

/// One engine for all houses: it reserves the address space of a whole pool.
pub(crate) fn engine() -> Result<Engine> {
    Ok(Engine::new(EngineConfig::in_process())?)
}

impl House {
    /// Opens the capabilities below `folder`; no service is released yet.
    pub(crate) async fn open(
        engine: &Engine,
        components: &Path,
        sql: DatabasesConfig,
        events: &EventsConfig,
        folder: &Path,
    ) -> Result<Self> {
        let databases = Databases::open(sql).await.map_err(failed)?;
        let events = Events::open(events, &folder.join("events"), databases.clone()).await?;
        let mut extensions: Vec<Arc<dyn Extension>> = fondaco_capabilities::all();
        extensions.push(events.extension());
        extensions.extend(fondaco_sql::extensions(&databases));
        let services = Services::new(engine, extensions, ServiceLimits::default());
        Ok(Self { services, databases, events, engine: engine.clone(), components: components.into() })
    }

    /// Releases a service of `tests/guests`, with what its manifest grants.
    pub(crate) async fn release(&self, name: &str) -> Result<()> {
        let (bytes, manifest) = self.read(name)?;
        let release = ServiceRelease {
            compiled: self.engine.compile(Class::Service, bytes.into()).await.map_err(failed)?,
            version: manifest.version.to_string(),
            config: Arc::from("{}"),
            routes: Vec::new(),
            read_only: manifest.read_only,
            grants: Arc::new(manifest.grants),
            docs: Arc::default(),
        };
        self.services.activate(name.parse()?, release).await.map_err(failed)
    }

    fn read(&self, name: &str) -> Result<(Vec<u8>, Manifest)> {
        let path = self.components.join("tests").join(name).with_extension("wasm");
        let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let manifest = fondaco_pack::manifest_of(&bytes)?.with_context(|| format!("{name} has no manifest"))?;
        Ok((bytes, manifest))
    }

    /// A tenant's database of a service, with its tables.
    pub(crate) async fn database(&self, tenant: &TenantId, service: &str) -> Result<Database> {
        let (_, manifest) = self.read(service)?;
        let grant = manifest.grants.get("sql").with_context(|| format!("{service} is not granted sql"))?;
        let database = self.databases.of(tenant, &service.parse()?).await.map_err(failed)?;
        database.migrate(&Migrations::from_grant(grant).map_err(failed)?).await.map_err(failed)?;
        Ok(database)
    }

    /// Fills a tenant's shelf.
    pub(crate) async fn fill(&self, tenant: &TenantId) -> Result<()> {
        let mut work = self.database(tenant, "stock").await?.begin(Instant::now() + TIME).await.map_err(failed)?;
        work.execute(FILL, &[]).await.map_err(failed)?;
        work.commit().await.map_err(failed)
    }

    /// A function of `stock`'s `shelf`, to be called for a tenant.
    pub(crate) fn shelf(&self, function: &str, tenant: &TenantId) -> Result<Call> {
        let function = self.services.function("stock", "shelf", function).map_err(failed)?;
        Ok(Call { services: self.services.clone(), function, tenant: tenant.clone() })
    }

    /// Stops in order; the next house finds all of the engine's room.
    pub(crate) async fn close(self) {
        self.events.stop(TIME).await;
        for service in self.services.snapshot() {
            self.services.deactivate(&service.name);
        }
        self.databases.close().await;
    }
}

/// A function `(first: u32, count: u32)` that is called again and again.
#[derive(Clone)]
pub(crate) struct Call {
    services: Services,
    function: Function,
    tenant: TenantId,
}

impl Call {
    /// Calls it from outside, as the gateway does.
    pub(crate) async fn run(&self, first: u32, count: u32) -> Result<()> {
        let context = CallContext {
            tenant: self.tenant.clone(),
            subject: "bench".into(),
            roles: Roles::CALLER,
            request_id: "bench".into(),
            deadline: Instant::now() + TIME,
            depth: 0,
            outcomes: Outcomes::none(),
        };
        let arguments = vec![Val::U32(first), Val::U32(count)];
        self.services.call(&context, &self.function, arguments).await.map(drop).map_err(failed)
    }
}

/// A fault as an error.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(crate) fn failed(fault: Fault) -> anyhow::Error {
    anyhow!("{}: {}", fault.reason, fault.message)
}
