//! A service that uses both interfaces, on the real engine: `tests/guests/key-value`.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use fondaco_engine::wasmtime::component::Val;
use fondaco_engine::{
    CallContext, Class, Engine, EngineConfig, Fault, Outcomes, PoolConfig, Roles, ServiceLimits, ServiceRelease,
    Services,
};
use fondaco_key_value::KeyValue;
use serde_json::json;

use crate::house::{DEADLINE, House};
use crate::on_both;

on_both!(
    buckets_are_opened_by_grant_and_kept_apart,
    the_whole_interface_answers,
    faults_come_as_values,
    a_read_only_function_writes_to_no_bucket,
    the_cache_answers,
    a_call_that_dies_gives_its_leases_back,
);

fn component() -> Option<Vec<u8>> {
    let beside = || std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("components");
    let folder = std::env::var_os("FONDACO_COMPONENTS").map_or_else(beside, PathBuf::from);
    let file = folder.join("tests/key-value.wasm");
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
        let services = services(&house.key_value);
        activate(&services, json!({ "stores": ["carts", "counters"] })).await?.unwrap();
        Some(Self(services))
    }

    async fn call(&self, tenant: &str, function: &str, commands: &[&str]) -> Result<String, Fault> {
        let context = CallContext {
            tenant: tenant.parse().unwrap(),
            subject: "test".into(),
            roles: Roles::CALLER,
            request_id: "r".into(),
            deadline: Instant::now() + DEADLINE,
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

fn services(key_value: &Arc<KeyValue>) -> Services {
    Services::new(engine(), vec![key_value.extension()], ServiceLimits::default())
}

/// None where the component is not built.
async fn activate(services: &Services, grant: serde_json::Value) -> Option<Result<(), Fault>> {
    let release = ServiceRelease {
        compiled: engine().compile(Class::Service, component()?.into()).await.unwrap(),
        version: "1.0.0".to_owned(),
        config: Arc::from("{}"),
        routes: Vec::new(),
        read_only: vec!["probe.look".to_owned()],
        grants: Arc::new([("key-value".to_owned(), grant)].into()),
        docs: Arc::default(),
    };
    Some(services.activate("probe".parse().unwrap(), release).await)
}

async fn buckets_are_opened_by_grant_and_kept_apart(house: &House) {
    let Some(probe) = Probe::of(house).await else { return };
    let answer =
        probe.run(&["open carts", "open counters", "open other", "open ../carts", "open ", "open CARTS"]).await;
    assert_eq!(answer, "ok\nok\nno-such-store\nno-such-store\nno-such-store\nno-such-store");
    assert_eq!(probe.run(&["set carts k mine", "get carts k", "get counters k"]).await, "ok\nmine\nnone");
    assert_eq!(probe.call("other", "run", &["get carts k", "keys carts"]).await.unwrap(), "none\n");
}

async fn the_whole_interface_answers(house: &House) {
    let Some(probe) = Probe::of(house).await else { return };
    let answer = probe
        .run(&[
            "set carts a 1",
            "exists carts a",
            "delete carts a",
            "exists carts a",
            "set-many carts a=1 b=2 c=3",
            "get-many carts c x a",
            "delete-many carts a x",
            "keys carts",
            "increment counters n 41",
            "increment counters n 1",
            "race carts cas theirs ours",
            "get carts cas",
        ])
        .await;
    let expected = "ok\ntrue\nok\nfalse\nok\nc=3,none,a=1\nok\nb,c\n41\n42\nnone failed theirs swapped\nours";
    assert_eq!(answer, expected);
}

async fn faults_come_as_values(house: &House) {
    let Some(probe) = Probe::of(house).await else { return };
    let long = format!("set carts {} v", "k".repeat(257));
    let many = format!("get-many carts {}", vec!["k"; 101].join(" "));
    let answer = probe
        .run(&[
            "set carts  v",
            &long,
            &many,
            "set-large carts k 1048576",
            "set-large carts k 1048577",
            "set carts text abc",
            "increment carts text 1",
        ])
        .await;
    let expected = "INVALID_KEY\nINVALID_KEY\nBATCH_TOO_LARGE\nok\nVALUE_TOO_LARGE\nok\nNOT_A_NUMBER";
    assert_eq!(answer, expected);
    for (command, reason) in [
        ("cache get ", "INVALID_KEY"),
        ("cache set k v 0", "INVALID_TTL"),
        ("cache set k v 86400001", "INVALID_TTL"),
        (many.replace("get-many carts", "cache get-many").as_str(), "BATCH_TOO_LARGE"),
    ] {
        assert_eq!(probe.call("acme", "run", &[command]).await.unwrap_err().reason, reason, "{command}");
    }
}

async fn a_read_only_function_writes_to_no_bucket(house: &House) {
    let Some(probe) = Probe::of(house).await else { return };
    probe.run(&["set carts k v", "increment counters n 1"]).await;
    let commands = [
        "get carts k",
        "set carts k w",
        "delete carts k",
        "increment counters n 1",
        "race carts k a b",
        "set-many carts k=w",
        "delete-many carts k",
        "get carts k",
        "cache set c v 60000",
        "cache get c",
    ];
    let answer = probe.call("acme", "look", &commands).await.unwrap();
    let read_only = ["READ_ONLY"; 6].join("\n");
    assert_eq!(answer, format!("v\n{read_only}\nv\nok\nv"));
}

async fn the_cache_answers(house: &House) {
    let Some(probe) = Probe::of(house).await else { return };
    let answer = probe
        .run(&[
            "cache get k",
            "cache read-through k made",
            "cache read-through k again",
            "cache delete k",
            "cache get k",
            "cache fill-stale k",
            "cache fill-forged k",
            "cache set a 1 60000",
            "cache get-many a k",
        ])
        .await;
    assert_eq!(answer, "none\ntrue\nmade\nok\nnone\nfalse\nfalse\nok\n1,none");
    assert_eq!(probe.call("other", "run", &["cache get a"]).await.unwrap(), "none");
    // One that waits for itself does not wait.
    assert_eq!(probe.run(&["cache load own", "cache load own"]).await, "lease\nbusy");
}

async fn a_call_that_dies_gives_its_leases_back(house: &House) {
    let Some(probe) = Probe::of(house).await else { return };
    let trapped = probe.call("acme", "run", &["cache load k", "trap"]).await.unwrap_err();
    assert_eq!(trapped.reason, "SERVICE_FAILED");
    let returned = tokio::time::timeout(Duration::from_secs(5), async {
        // Without a fill, at the end of the call.
        assert_eq!(probe.run(&["cache read-through k made"]).await, "true");
        assert_eq!(probe.run(&["cache load l"]).await, "lease");
        assert_eq!(probe.run(&["cache read-through l made"]).await, "true");
    });
    returned.await.expect("well before a lease ends by itself");
}

#[tokio::test]
async fn what_is_not_granted_is_not_given() {
    let house = House::embedded().await;
    let services = services(&house.key_value);
    for bad in [json!({ "stores": ["../x"] }), json!({ "buckets": [] }), json!(null), json!({ "stores": "carts" })] {
        let Some(activated) = activate(&services, bad.clone()).await else { return };
        assert_eq!(activated.unwrap_err().reason, "INVALID_GRANT", "{bad}");
    }
}
