//! Guest components on the real engine, for the suites of capabilities: one is released with its grants as a service
//! and called for a tenant.
//!
//! It must know no capability: a suite brings its extensions and its guest.
//!
//! ```no_run
//! use fondaco_test_probe::{Guest, Probe};
//! # use std::sync::Arc;
//! # use fondaco_engine::Extension;
//!
//! # async fn test(extension: Arc<dyn Extension>) {
//! let Some(guest) = Guest::built("blob") else { return };
//! let probe = Probe::new(vec![extension]);
//! probe.release(guest.read_only(&["probe.look"]).granted(serde_json::json!({ "blob": {} }))).await.unwrap();
//! assert_eq!(probe.run(&["head nothing"]).await, "none");
//! # }
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod guest;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use fondaco_engine::wasmtime::component::Val;
use fondaco_engine::{
    CallContext, Class, Engine, EngineConfig, Extension, Fault, Outcomes, PoolConfig, Roles, ServiceLimits,
    ServiceRelease, Services,
};

pub use guest::Guest;

/// How long a call may take where a test does not say: what takes longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A host's services, of which a test looks at one.
#[derive(Debug)]
pub struct Probe {
    services: Services,
    name: &'static str,
    interface: &'static str,
}

impl Probe {
    /// Services with these extensions and nothing released. The one that is looked at is `probe`, with an interface of
    /// that name.
    pub fn new(extensions: Vec<Arc<dyn Extension>>) -> Self {
        let services = Services::new(engine(), extensions, ServiceLimits::default());
        Self { services, name: "probe", interface: "probe" }
    }

    /// The service that is looked at has this name, and functions in this interface.
    pub fn named(self, name: &'static str, interface: &'static str) -> Self {
        Self { name, interface, ..self }
    }

    /// All services.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Lets a guest serve, in place of the one before.
    pub async fn release(&self, guest: Guest) -> Result<(), Fault> {
        self.release_as(self.name, guest).await
    }

    /// Lets a guest serve as another service.
    pub async fn release_as(&self, name: &str, guest: Guest) -> Result<(), Fault> {
        let release = ServiceRelease {
            compiled: engine().compile(Class::Service, guest.wasm).await?,
            version: "1.0.0".to_owned(),
            config: Arc::from("{}"),
            routes: Vec::new(),
            read_only: guest.read_only,
            grants: Arc::new(guest.grants),
            docs: Arc::default(),
        };
        self.services.activate(name.parse().unwrap(), release).await
    }

    /// Calls a function for a tenant.
    pub async fn call(&self, tenant: &str, function: &str, arguments: Vec<Val>) -> Result<Option<Val>, Fault> {
        self.call_within(PATIENCE, tenant, function, arguments).await
    }

    /// Calls a function that has so long.
    pub async fn call_within(
        &self,
        wall: Duration,
        tenant: &str,
        function: &str,
        arguments: Vec<Val>,
    ) -> Result<Option<Val>, Fault> {
        let function = self.services.function(self.name, self.interface, function)?;
        self.services.call(&context(tenant, wall), &function, arguments).await
    }

    /// Calls a function that takes commands, one a line, and answers a text.
    pub async fn tell(&self, tenant: &str, function: &str, commands: &[&str]) -> Result<String, Fault> {
        self.call(tenant, function, vec![Val::String(commands.join("\n"))]).await.map(text)
    }

    /// Calls its `run` for `acme` with commands that all go well.
    pub async fn run(&self, commands: &[&str]) -> String {
        self.tell("acme", "run", commands).await.unwrap()
    }
}

/// The text that a function answered.
pub fn text(answer: Option<Val>) -> String {
    match answer {
        Some(Val::String(answer)) => answer,
        other => panic!("a text, not {other:?}"),
    }
}

/// One engine for all tests of a process, with small pools and a quick clock; they differ in their components.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let pool = |config: PoolConfig| PoolConfig { instances: 32, ..config };
        let (plugins, services) = (pool(PoolConfig::plugins()), pool(PoolConfig::services()));
        let tick = Duration::from_millis(2);
        Engine::new(EngineConfig { plugins, services, tick, ..EngineConfig::in_process() }).unwrap()
    })
}

/// A call of a tenant's that begins now.
fn context(tenant: &str, wall: Duration) -> CallContext {
    CallContext {
        tenant: tenant.parse().unwrap(),
        subject: "test".into(),
        roles: Roles::CALLER,
        request_id: "request-1".into(),
        deadline: Instant::now() + wall,
        depth: 0,
        outcomes: Outcomes::none(),
    }
}
