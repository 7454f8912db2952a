//! The life of a host process: set up, listen, restore, seed, serve, stop. All of it is on this page.

mod capabilities;
mod config;
mod logging;
mod prune;
mod runtime;
mod seed;
mod watch;
mod welcome;

use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use fondaco_engine::{Engine, EngineConfig, ServiceLimits, Services, WorkerCommand};
use fondaco_gateway::{Admin, Gateway, Parts, Routes, Telemetry};
use fondaco_points::Points;
use fondaco_registry::{Deployer, Registry};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch as flag;
use tokio_util::sync::CancellationToken;

use crate::cli::{Common, Up};
use crate::failure::Failure;
use crate::output::Output;

use capabilities::Capabilities;
use config::{Config, ServicesConfig};
use runtime::Adapter;

/// What is set up before anything is served.
struct House {
    engine: Engine,
    registry: Registry,
    deployer: Deployer,
    points: Points,
    services: Services,
    capabilities: Capabilities,
    routes: Routes,
    telemetry: Telemetry,
}

/// Runs a host until it is told to stop.
pub(crate) async fn up(common: &Common, up: &Up, output: Output) -> Result<(), Failure> {
    let config = Config::load(common, up)?;
    let log = logging::start(&config.log)?;
    let house = set_up(&config).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| Failure::Local(format!("{} cannot be listened on: {error}", config.listen)))?;
    let address = listener.local_addr().map_err(anyhow::Error::from)?;

    let (ready, is_ready) = flag::channel(false);
    let shutdown = CancellationToken::new();
    let gateway = gateway(&house, &config, is_ready);
    let serving = tokio::spawn(gateway.serve(listener, shutdown.clone()));

    restore(&house.deployer, output).await?;
    house.capabilities.start(&house.services);
    let mut welcome = None;
    if let Some(folder) = &up.seed {
        let keys = seed::seed(&house, folder, &up.components, &config.state, output).await?;
        welcome = Some((folder, keys));
    }
    let watching = up.watch.as_deref().map(|folder| watch::start(folder, house.deployer.clone())).transpose()?;
    let _pruning = prune::start(house.engine.clone(), house.registry.clone());
    let _sweeping = house.capabilities.sweep();
    ready.send_replace(true);
    tracing::info!(%address, state = %config.state.display(), "host is ready");
    output.note(format!("listening on http://{address} (Ctrl-C stops)"));
    let stop = pin!(stop_asked()?);
    wait(stop, async {
        if let Some((folder, keys)) = &welcome {
            // Some hundred requests, which say nothing to whoever looks at a demo for the first time.
            let quiet = log.without_requests();
            seed::goods::stock(folder, keys, address, output).await;
            drop(quiet);
            output.note(welcome::text(folder, keys, &config, address));
        }
    })
    .await;
    tracing::info!("host stops");
    ready.send_replace(false);
    drop(watching);
    shutdown.cancel();
    serving.await.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?;
    house.deployer.close().await;
    house.capabilities.close().await;
    house.registry.close().await;
    tracing::info!("host has stopped");
    Ok(())
}

async fn set_up(config: &Config) -> Result<House, Failure> {
    make_private(&config.state)?;
    open_many_files();
    let registry = Registry::open(config.state.join("registry")).await?;
    let telemetry = Telemetry::new().map_err(anyhow::Error::from)?;
    telemetry.install();
    let worker = WorkerCommand::this_program().context("the path of this program")?;
    let settings =
        EngineConfig { compile: config.compile.limits(), ..EngineConfig::new(config.state.join("cache"), worker) };
    let engine = Engine::new(settings).map_err(anyhow::Error::from)?;
    let points = Points::new(engine.clone());
    let capabilities = Capabilities::open(config).await?;
    let mut extensions = vec![points.extension()];
    extensions.extend(capabilities.extensions());
    let services = Services::new(&engine, extensions, limits(&config.services));
    let routes = Routes::new(services.clone(), telemetry.clone());
    let adapter =
        Adapter { engine: engine.clone(), points: points.clone(), services: services.clone(), routes: routes.clone() };
    let deployer = Deployer::open(registry.clone(), Arc::new(adapter)).await?;
    Ok(House { engine, registry, deployer, points, services, capabilities, routes, telemetry })
}

/// Raises the limit on open files as far as we may: each loaded plugin holds one for each core (four at most), and the
/// usual limit of 1,024 is there for programs that use `select`.
fn open_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    if let Err(error) = raised {
        tracing::warn!(%error, ?limit, "the limit on open files can't be raised");
    }
}

fn limits(config: &ServicesConfig) -> ServiceLimits {
    ServiceLimits { roots: config.roots, wall: Duration::from_millis(config.wall_ms), ..ServiceLimits::default() }
}

fn gateway(house: &House, config: &Config, ready: flag::Receiver<bool>) -> Gateway {
    let admin = Admin {
        deployer: house.deployer.clone(),
        points: house.points.clone(),
        contracts: Arc::new(crate::contracts::resolve()),
        events: house.capabilities.events.clone(),
        jobs: house.capabilities.jobs(&house.services),
        blobs: Arc::clone(&house.capabilities.blobs),
        ready,
        away: house.capabilities.away(),
    };
    Gateway::new(Parts {
        routes: house.routes.clone(),
        keys: house.registry.keys().clone(),
        admin,
        telemetry: house.telemetry.clone(),
        config: config.gateway.clone(),
    })
}

async fn restore(deployer: &Deployer, output: Output) -> Result<(), Failure> {
    let bar = output.progress("restoring releases".to_owned());
    let restored = deployer
        .restore(|progress| {
            bar.set_message(format!("restoring {} ({}/{})", progress.what, progress.done, progress.total));
        })
        .await?;
    bar.finish_and_clear();
    if restored.served > 0 || !restored.left_out.is_empty() {
        tracing::info!(served = restored.served, left_out = restored.left_out.len(), "releases were restored");
    }
    for left in &restored.left_out {
        output.note(format!("{} of {} does not serve: {}", left.slot, left.slot.scope(), left.fault));
    }
    Ok(())
}

/// Ends at SIGINT or SIGTERM, from now on.
fn stop_asked() -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(anyhow::Error::from)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(anyhow::Error::from)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Waits for the stop; what is still to be done meanwhile is left where it is then.
async fn wait(mut stop: Pin<&mut impl Future<Output = ()>>, meanwhile: impl Future<Output = ()>) {
    tokio::select! {
        () = stop.as_mut() => return,
        () = meanwhile => {}
    }
    stop.await;
}

/// State holds keys' hashes and merchants' code: it is this user's own.
fn make_private(folder: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = std::fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| Failure::Local(format!("the state folder {}: {error}", folder.display())))
}
