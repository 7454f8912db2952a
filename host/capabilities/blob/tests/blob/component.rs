//! A service that uses the interface, on the real engine: `tests/guests/blob`.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use fondaco_engine::wasmtime::component::Val;
use fondaco_engine::{
    CallContext, Class, Engine, EngineConfig, Fault, Outcomes, PoolConfig, Roles, ServiceLimits, ServiceRelease,
    Services,
};
use serde_json::json;

use crate::house::House;

fn component() -> Option<Vec<u8>> {
    let beside = || std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("components");
    let folder = std::env::var_os("FONDACO_COMPONENTS").map_or_else(beside, PathBuf::from);
    let file = folder.join("tests/blob.wasm");
    let bytes = std::fs::read(&file).ok();
    if bytes.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is not there", file.display());
        eprintln!("skipped: {} is not there, run cargo xtask build-plugins", file.display());
    }
    bytes
}

struct Probe(Services);

impl Probe {
    async fn of(house: &House) -> Option<Self> {
        let services = services(house);
        activate(&services, json!({})).await?.unwrap();
        Some(Self(services))
    }

    async fn call(&self, tenant: &str, function: &str, commands: &[&str]) -> Result<String, Fault> {
        let context = CallContext {
            tenant: tenant.parse().unwrap(),
            subject: "test".into(),
            roles: Roles::CALLER,
            request_id: "r".into(),
            deadline: Instant::now() + Duration::from_secs(20),
            depth: 0,
            outcomes: Outcomes::none(),
        };
        let function = self.0.function("probe", "probe", function).unwrap();
        match self.0.call(&context, &function, vec![Val::String(commands.join("\n"))]).await? {
            Some(Val::String(answer)) => Ok(answer),
            other => panic!("a text, not {other:?}"),
        }
    }

    async fn run(&self, commands: &[&str]) -> String {
        self.call("acme", "run", commands).await.unwrap()
    }
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let pool = |config: PoolConfig| PoolConfig { instances: 32, ..config };
        let (plugins, services) = (pool(PoolConfig::plugins()), pool(PoolConfig::services()));
        Engine::new(EngineConfig { plugins, services, ..EngineConfig::in_process() }).unwrap()
    })
}

fn services(house: &House) -> Services {
    Services::new(engine(), vec![house.blobs.extension()], ServiceLimits::default())
}

/// None where the component is not built.
async fn activate(services: &Services, grant: serde_json::Value) -> Option<Result<(), Fault>> {
    let release = ServiceRelease {
        compiled: engine().compile(Class::Service, component()?.into()).await.unwrap(),
        version: "1.0.0".to_owned(),
        config: Arc::from("{}"),
        routes: Vec::new(),
        read_only: vec!["probe.look".to_owned()],
        grants: Arc::new([("blob".to_owned(), grant)].into()),
        docs: Arc::default(),
    };
    Some(services.activate("probe".parse().unwrap(), release).await)
}

async fn houses() -> [House; 2] {
    [House::in_folder().await, House::in_s3().await]
}

#[tokio::test]
async fn the_whole_interface_answers() {
    for house in houses().await {
        let Some(probe) = Probe::of(&house).await else { return };
        let answer = probe
            .run(&[
                "put a/1 image/png public abc",
                "put a/2 text/plain private abc",
                "get a/1",
                "get a/1 1 1",
                "head a/2",
                "head a/3",
                "list a/",
                "list a/ a/1",
                "delete a/1",
                "delete a/1",
                "list ",
            ])
            .await;
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let url = format!("/v1/blobs/acme/probe/a/1?digest={digest}");
        let expected = [
            &format!("a/1 3 image/png {url}"),
            "a/2 3 text/plain private",
            "abc",
            "b",
            "a/2 3 text/plain private",
            "none",
            "a/1,a/2",
            "a/2",
            "true",
            "false",
            "a/2",
        ];
        assert_eq!(answer, expected.join("\n"));
        assert_eq!(probe.call("other", "run", &["list ", "head a/2"]).await.unwrap(), "\nnone");
    }
}

#[tokio::test]
async fn faults_come_as_values() {
    let house = House::in_folder().await;
    let Some(probe) = Probe::of(&house).await else { return };
    for (command, reason) in [
        ("get nothing", "BLOB_NOT_FOUND"),
        ("get ../x", "INVALID_BLOB_NAME"),
        ("put ../x a/b public x", "INVALID_BLOB_NAME"),
        ("put /etc/passwd a/b public x", "INVALID_BLOB_NAME"),
        ("put x html public x", "INVALID_CONTENT_TYPE"),
        ("put-large x 10485761", "BLOB_TOO_LARGE"),
        ("put-large x 100001", "BLOB_QUOTA"),
    ] {
        assert_eq!(probe.call("acme", "run", &[command]).await.unwrap_err().reason, reason, "{command}");
    }
    assert!(house.objects().is_empty());
}

#[tokio::test]
async fn a_read_only_function_writes_nothing() {
    let house = House::in_folder().await;
    let Some(probe) = Probe::of(&house).await else { return };
    probe.run(&["put a a/b private abc"]).await;
    assert_eq!(probe.call("acme", "look", &["get a"]).await.unwrap(), "abc");
    for command in ["put a a/b private x", "delete a"] {
        assert_eq!(probe.call("acme", "look", &[command]).await.unwrap_err().reason, "READ_ONLY");
    }
    assert_eq!(probe.run(&["get a"]).await, "abc");
}

#[tokio::test]
async fn the_grant_has_nothing_to_say() {
    let house = House::in_folder().await;
    for bad in [json!({ "quota": 1 }), json!(null)] {
        let Some(activated) = activate(&services(&house), bad).await else { return };
        assert_eq!(activated.unwrap_err().reason, "INVALID_GRANT");
    }
}
