//! A whole gateway over real services, a real registry in a temporary folder, and a runtime that stages anything.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use fondaco_engine::{
    Class, Code, Engine, EngineConfig, Fault, Roles, ServiceLimits, ServiceRelease, Services, TenantId,
};
use fondaco_events::{Events, EventsConfig};
use fondaco_gateway::{Admin, Gateway, GatewayConfig, Parts, Routes, Telemetry};
use fondaco_points::Points;
use fondaco_registry::{Actor, Blobs, Deployer, Examined, Kind, NewKey, Plan, Registry, Release, Runtime, Staged};
use fondaco_schedule::{Schedule, ScheduleConfig};
use fondaco_sql::{Databases, DatabasesConfig};
use http::{HeaderMap, Method, Request, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

pub(crate) struct House {
    pub(crate) gateway: Gateway,
    pub(crate) registry: Registry,
    pub(crate) ready: watch::Sender<bool>,
    pub(crate) databases: Databases,
    pub(crate) events: Events,
    pub(crate) blobs: Arc<fondaco_blob::Blobs>,
    pub(crate) engine: Engine,
    services: Services,
    routes: Routes,
    _folder: TempDir,
}

/// The manifest's routes of `math`. The last one names a parameter that is not there and is left out.
const ROUTES: [(&str, &str); 4] = [
    ("POST /v1/sums", "api.add"),
    ("GET /v1/sums/{leftHand}", "api.add"),
    ("PUT /v1/sums/{leftHand}/{rightHand}", "api.add"),
    ("GET /v1/odd/{middleHand}", "api.add"),
];

/// Stages whatever it is asked to; refuses uploads that say so.
struct Anything;

#[async_trait::async_trait]
impl Runtime for Anything {
    async fn examine(&self, class: Class, bytes: &Bytes) -> Result<Examined, Fault> {
        if bytes.starts_with(b"bad") {
            return Err(Fault::new(Code::InvalidArgument, "FORBIDDEN_IMPORT", "no"));
        }
        let kind = match class {
            Class::Plugin => Kind::Plugin { point: "price-rule".parse()? },
            Class::Service => Kind::Service,
        };
        Ok(Examined { kind, meta: Value::Null })
    }

    async fn stage(&self, _plan: Plan, _blobs: &Blobs) -> Result<Staged, Fault> {
        Ok(Staged::new(|| {}))
    }

    fn stage_missing(&self, _tenant: &TenantId, _releases: &[Release], _cause: &Fault) -> Staged {
        Staged::new(|| {})
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(GatewayConfig::default()).await
    }

    pub(crate) async fn with(config: GatewayConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(folder.path()).await.unwrap();
        let mut settings = EngineConfig::in_process();
        settings.plugins.pooling = false;
        settings.services.pooling = false;
        let engine = Engine::new(settings).unwrap();
        let services = Services::new(&engine, Vec::new(), ServiceLimits::default());
        let telemetry = Telemetry::new().unwrap();
        let routes = Routes::new(services.clone(), telemetry.clone());
        let deployer = Deployer::open(registry.clone(), Arc::new(Anything)).await.unwrap();
        let (ready, is_ready) = watch::channel(true);
        let databases = Databases::open(DatabasesConfig::embedded(folder.path().join("sql"))).await.unwrap();
        let bus = folder.path().join("events");
        let events = Events::open(&EventsConfig::default(), &bus, databases.clone()).await.unwrap();
        let schedule = Schedule::new(ScheduleConfig::default(), databases.clone());
        let blobs =
            fondaco_blob::Blobs::open(&fondaco_blob::BlobConfig::default(), &folder.path().join("blob")).await.unwrap();
        let admin = Admin {
            deployer,
            points: Points::new(engine.clone()),
            contracts: Arc::default(),
            events: events.clone(),
            jobs: schedule.overview(&services),
            blobs: Arc::clone(&blobs),
            ready: is_ready,
            away: Arc::new(Vec::new),
        };
        let gateway =
            Gateway::new(Parts { routes: routes.clone(), keys: registry.keys().clone(), admin, telemetry, config });
        Self { gateway, registry, ready, databases, events, blobs, engine, services, routes, _folder: folder }
    }

    /// With the service `math` in its first version.
    pub(crate) async fn with_math(config: GatewayConfig) -> Self {
        let house = Self::with(config).await;
        house.activate("1.0.0").await;
        house
    }

    pub(crate) async fn activate(&self, version: &str) {
        let bytes = math(version);
        let release = ServiceRelease {
            compiled: self.engine.compile(Class::Service, bytes).await.unwrap(),
            version: version.to_owned(),
            config: "{}".into(),
            routes: ROUTES.map(|(route, target)| (route.to_owned(), target.to_owned())).to_vec(),
            read_only: Vec::new(),
            grants: Arc::default(),
            docs: Arc::default(),
        };
        self.services.activate("math".parse().unwrap(), release).await.unwrap();
        self.routes.refresh();
    }

    pub(crate) fn deactivate(&self) {
        self.services.deactivate(&"math".parse().unwrap());
        self.routes.refresh();
    }

    pub(crate) async fn key(&self, tenant: &str, roles: &[Roles]) -> String {
        let roles = roles.iter().copied().collect();
        let new = NewKey { tenant: tenant.parse().unwrap(), name: "test".into(), roles, expires_ms: None };
        let (_, text) = self.registry.keys().create(new, &Actor::new("test")).await.unwrap();
        text.expose_secret().to_owned()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.gateway.handle(request).await).await
    }

    /// With a key of all merchant's roles.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        let key = self.key("acme", &[Roles::CALLER, Roles::READER, Roles::PUBLISHER]).await;
        self.send(request(Method::POST, path, &key, body)).await
    }
}

pub(crate) fn request(method: Method, path: &str, key: &str, body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
    request.body(Body::from(body.to_owned())).unwrap()
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 24).await.unwrap();
        Self { status: head.status, headers: head.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The fault's reason, with what every fault's answer has checked on the way.
    pub(crate) fn reason(&self) -> String {
        let json = self.json();
        assert_eq!(self.headers["content-type"], "application/problem+json", "{json}");
        assert_eq!(json["status"], self.status.as_u16(), "{json}");
        assert_eq!(json["requestId"], self.headers["x-request-id"].to_str().unwrap(), "{json}");
        assert_eq!(json["type"], format!("urn:fondaco:fault:{}", json["reason"].as_str().unwrap()));
        json["reason"].as_str().unwrap().to_owned()
    }
}

/// The service `math`: `add` answers, `fail` faults, `spin` never ends, `crash` traps, `nothing` answers nothing. From
/// version 1.1.0 on `add` subtracts, and there is `twice`.
pub(crate) fn math(version: &str) -> Bytes {
    let is_old = version == "1.0.0";
    let twice = if is_old { "" } else { "twice: func(number: u32) -> result<u32, fault>;" };
    let wit = format!(
        "package test:math@1.0.0;
        interface api {{
            use fondaco:types/faults@1.0.0.{{fault}};
            /// Adds two numbers. They may overflow.
            add: func(left-hand: u32, right-hand: u32) -> result<u32, fault>;
            fail: func() -> result<u32, fault>;
            spin: func() -> result<_, fault>;
            crash: func() -> result<_, fault>;
            nothing: func() -> result<_, fault>;
            {twice}
        }}
        world w {{ export api; }}"
    );
    let operation = if is_old { "i32.add" } else { "i32.sub" };
    // A result lies at 64: its case there, its payload at 68.
    let wat = format!(
        r#"(module
          (memory (export "memory") 1)
          (data (i32.const 128) "OUT_OF_LUCKno luck today")
          (func $ok (param i32) (result i32)
            (i32.store8 (i32.const 64) (i32.const 0)) (i32.store (i32.const 68) (local.get 0)) (i32.const 64))
          (func (export "test:math/api@1.0.0#add") (param i32 i32) (result i32)
            (call $ok ({operation} (local.get 0) (local.get 1))))
          (func (export "test:math/api@1.0.0#twice") (param i32) (result i32)
            (call $ok (i32.add (local.get 0) (local.get 0))))
          (func (export "test:math/api@1.0.0#fail") (result i32)
            (i32.store8 (i32.const 64) (i32.const 1))
            (i32.store8 (i32.const 68) (i32.const 8))
            (i32.store (i32.const 72) (i32.const 128)) (i32.store (i32.const 76) (i32.const 11))
            (i32.store (i32.const 80) (i32.const 139)) (i32.store (i32.const 84) (i32.const 13))
            (i32.const 64))
          (func (export "test:math/api@1.0.0#spin") (result i32) (loop $again (br $again)) (i32.const 64))
          (func (export "test:math/api@1.0.0#crash") (result i32) unreachable)
          (func (export "test:math/api@1.0.0#nothing") (result i32)
            (i32.store8 (i32.const 64) (i32.const 0)) (i32.const 64)))"#
    );
    let wat = if is_old { without_twice(&wat) } else { wat };
    let mut resolve = wit_parser::Resolve::default();
    resolve.push_str("types.wit", include_str!("../../../../wit/types/types.wit")).unwrap();
    let package = resolve.push_str("math.wit", &wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = wat::parse_str(wat).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, wit_component::StringEncoding::UTF8).unwrap();
    wit_component::ComponentEncoder::default().module(&module).unwrap().encode().unwrap().into()
}

/// An export that the world does not have would be refused.
fn without_twice(wat: &str) -> String {
    wat.replace("(func (export \"test:math/api@1.0.0#twice\")", "(func $unused")
}
