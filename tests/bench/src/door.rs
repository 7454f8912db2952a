//! The host's own front door with a linked function behind it: the contenders pass the same connections, key check,
//! limits, deadline, request id, metrics and log line as a call of a component, by the same code.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use fondaco_engine::{Class, Engine, EngineConfig, Fault, ServiceLimits, Services, TenantId};
use fondaco_events::{Events, EventsConfig};
use fondaco_gateway::{Admin, Gateway, GatewayConfig, NativeFunction, Parts, Routes, Telemetry};
use fondaco_points::Points;
use fondaco_registry::{Blobs, Deployer, Examined, Plan, Registry, Release, Runtime, Staged};
use fondaco_schedule::{Schedule, ScheduleConfig};
use fondaco_sql::{Databases, DatabasesConfig};
use tokio_util::sync::CancellationToken;

use crate::{log, quotes};

/// Serves quotes by `function` on `address` until the process ends. Keys are those of the host state in `state`.
pub(crate) async fn serve(address: &str, state: &Path, function: Arc<dyn NativeFunction>) -> Result<()> {
    log::start()?;
    let registry = Registry::open(state.join("registry")).await?;
    let telemetry = Telemetry::new()?;
    telemetry.install();
    // An engine without components: the host's own endpoints want one.
    let engine = Engine::new(EngineConfig::in_process())?;
    let points = Points::new(engine.clone());
    let services = Services::new(&engine, Vec::new(), ServiceLimits::default());
    let routes = Routes::new(services.clone(), telemetry.clone());
    routes.serve_native(http::Method::POST, quotes::PATH, function);
    let deployer = Deployer::open(registry.clone(), Arc::new(NoComponents)).await?;
    let (_ready, is_ready) = tokio::sync::watch::channel(true);
    let databases = Databases::open(DatabasesConfig::embedded(state.join("door/sql"))).await?;
    let schedule = Schedule::new(ScheduleConfig::default(), databases.clone());
    let admin = Admin {
        deployer,
        points,
        contracts: Arc::default(),
        events: Events::open(&EventsConfig::default(), &state.join("door/events"), databases).await?,
        jobs: schedule.overview(&services),
        blobs: fondaco_blob::Blobs::open(&fondaco_blob::BlobConfig::default(), &state.join("door/blob")).await?,
        ready: is_ready,
        away: Arc::new(Vec::new),
    };
    let keys = registry.keys().clone();
    let gateway = Gateway::new(Parts { routes, keys, admin, telemetry, config: GatewayConfig::default() });
    let listener = tokio::net::TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?;
    Ok(gateway.serve(listener, CancellationToken::new()).await?)
}

struct NoComponents;

#[async_trait::async_trait]
impl Runtime for NoComponents {
    async fn examine(&self, _: Class, _: &Bytes) -> Result<Examined, Fault> {
        Err(Fault::internal("this server takes no components"))
    }

    async fn stage(&self, _: Plan, _: &Blobs) -> Result<Staged, Fault> {
        Err(Fault::internal("this server serves no components"))
    }

    fn stage_missing(&self, _: &TenantId, _: &[Release], _: &Fault) -> Staged {
        Staged::new(|| {})
    }
}
