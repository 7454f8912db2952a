//! Capabilities: granted or not, told of a call's end, asked before a call leaves the service.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fondaco_engine::{
    Class, Code, End, Extension, Fault, Prepared, ServiceLimits, ServiceRelease, ServiceState, Services, Staging,
};
use serde_json::json;
use wasmtime::component::Linker;

use super::guests::{DOUBLE, Math, engine, gated_relay};
use super::services::{double, reason, through_relay};

type Diary = Arc<Mutex<Vec<String>>>;

/// Opens something at the first use in a call, and closes it at the call's end.
struct Ledger(Diary);

/// What is open. What nobody closed says so.
struct Open {
    diary: Diary,
    closed: bool,
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.closed {
            self.diary.lock().unwrap().push("dropped".to_owned());
        }
    }
}

struct Name(String);

#[async_trait::async_trait]
impl Extension for Ledger {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        let diary = Arc::clone(&self.0);
        linker.instance("test:numbers/gate@1.0.0")?.func_wrap("wait", move |mut store, (): ()| {
            let state: &mut ServiceState = store.data_mut();
            let name = state.prepared::<Name>().map_or_else(String::new, |name| name.0.clone());
            diary.lock().unwrap().push(format!("{name} opened, read-only {}", state.read_only()));
            state.set_part(Open { diary: Arc::clone(&diary), closed: false });
            Ok(())
        })
    }

    fn interfaces(&self) -> &[&str] {
        &["test:numbers/gate@1.0.0"]
    }

    fn grant(&self) -> Option<&'static str> {
        Some("ledger")
    }

    async fn prepare(&self, staging: Staging<'_>) -> Result<Option<Prepared>, Fault> {
        match staging.grant.get("name").and_then(|name| name.as_str()) {
            Some(name) => Ok(Some(Arc::new(Name(name.to_owned())))),
            None => Err(Fault::new(Code::InvalidArgument, "INVALID_GRANT", "ledger.name is missing")),
        }
    }

    async fn finish(&self, state: &mut ServiceState, end: End) -> Result<(), Fault> {
        let Some(mut open) = state.take_part::<Open>() else { return Ok(()) };
        open.closed = true;
        self.0.lock().unwrap().push(format!("closed {end:?}"));
        match state.call().tenant.as_str() {
            "unlucky" => Err(Fault::new(Code::Aborted, "NOT_WRITTEN", "the ledger is full")),
            _ => Ok(()),
        }
    }

    fn before_call(&self, state: &ServiceState) -> Result<(), Fault> {
        match state.part::<Open>() {
            Some(_) => Err(Fault::new(Code::FailedPrecondition, "STILL_OPEN", "close the ledger first")),
            None => Ok(()),
        }
    }
}

fn house() -> (Services, Diary) {
    let diary = Diary::default();
    let services = Services::new(engine(), vec![Arc::new(Ledger(Arc::clone(&diary)))], ServiceLimits::default());
    (services, diary)
}

async fn activate(services: &Services, name: &str, wasm: Bytes, grants: serde_json::Value) -> Result<(), Fault> {
    let serde_json::Value::Object(grants) = grants else { panic!("grants are an object") };
    let release = ServiceRelease {
        compiled: engine().compile(Class::Service, wasm).await?,
        version: "1.0.0".to_owned(),
        config: Arc::from("{}"),
        routes: Vec::new(),
        read_only: vec!["math.halve".to_owned()],
        grants: Arc::new(grants.into_iter().collect()),
        docs: Arc::default(),
    };
    services.activate(name.parse().unwrap(), release).await
}

fn taken(diary: &Diary) -> Vec<String> {
    std::mem::take(&mut *diary.lock().unwrap())
}

/// Opens the ledger, then answers by `double`.
fn opening(double: &'static str) -> Math<'static> {
    Math {
        imports: "import gate;",
        core: "(import \"test:numbers/gate@1.0.0\" \"wait\" (func $wait))",
        double,
        ..DOUBLE
    }
}

const OK: &str = "(call $wait) (call $ok (i64.mul (local.get $n) (i64.const 2)))";

#[tokio::test]
async fn nothing_is_granted_by_default() {
    let (services, _) = house();
    let refused = activate(&services, "numbers", opening(OK).wasm(), json!({})).await.unwrap_err();
    assert_eq!((refused.code, &*refused.reason), (Code::PermissionDenied, "NOT_GRANTED"));
    assert_eq!(refused.detail("interface"), Some("test:numbers/gate@1.0.0"));
    assert!(refused.message.contains("[grants.ledger]"), "{}", refused.message);
    let unknown = activate(&services, "numbers", DOUBLE.wasm(), json!({"leger": {}})).await;
    assert_eq!(reason(unknown), "UNKNOWN_GRANT");
    let invalid = activate(&services, "numbers", opening(OK).wasm(), json!({"ledger": {}})).await;
    assert_eq!(reason(invalid), "INVALID_GRANT");
    assert!(services.snapshot().is_empty());
}

#[tokio::test]
async fn an_extension_is_told_how_a_call_ended() {
    let (services, diary) = house();
    let grants = || json!({"ledger": {"name": "main"}});
    activate(&services, "numbers", opening(OK).wasm(), grants()).await.unwrap();
    assert_eq!(double(&services, "acme", 2).await, Ok(4));
    assert_eq!(taken(&diary), ["main opened, read-only false", "closed Ok"]);

    activate(&services, "numbers", opening("(call $wait) (call $err)").wasm(), grants()).await.unwrap();
    assert_eq!(reason(double(&services, "acme", 2).await), "NO_GOOD");
    assert_eq!(taken(&diary), ["main opened, read-only false", "closed Err"]);
}

#[tokio::test]
async fn what_the_end_of_a_call_says_replaces_its_answer() {
    let (services, diary) = house();
    activate(&services, "numbers", opening(OK).wasm(), json!({"ledger": {"name": "main"}})).await.unwrap();
    assert_eq!(reason(double(&services, "unlucky", 2).await), "NOT_WRITTEN");
    assert_eq!(taken(&diary).last().unwrap(), "closed Ok");
}

#[tokio::test]
async fn what_a_trap_or_a_deadline_leaves_open_is_dropped() {
    let (services, diary) = house();
    let grants = || json!({"ledger": {"name": "main"}});
    activate(&services, "numbers", opening("(call $wait) unreachable").wasm(), grants()).await.unwrap();
    assert_eq!(reason(double(&services, "acme", 2).await), "SERVICE_FAILED");
    assert_eq!(taken(&diary), ["main opened, read-only false", "dropped"]);

    let limits = ServiceLimits { wall: Duration::from_millis(50), ..ServiceLimits::default() };
    let services = Services::new(engine(), vec![Arc::new(Ledger(Arc::clone(&diary)))], limits);
    activate(&services, "numbers", opening("(call $wait) (loop (br 0)) unreachable").wasm(), grants()).await.unwrap();
    assert_eq!(reason(double(&services, "acme", 2).await), "DEADLINE_EXCEEDED");
    assert_eq!(taken(&diary), ["main opened, read-only false", "dropped"]);
}

#[tokio::test]
async fn an_extension_may_refuse_that_a_call_leaves() {
    let (services, diary) = house();
    activate(&services, "numbers", DOUBLE.wasm(), json!({})).await.unwrap();
    let open_first = gated_relay("(call $wait) (call $math (local.get $n) (i32.const 256)) (i32.const 256)");
    activate(&services, "relay", open_first, json!({"ledger": {"name": "relay"}})).await.unwrap();
    assert_eq!(reason(through_relay(&services, 2).await), "STILL_OPEN");
    assert_eq!(taken(&diary), ["relay opened, read-only false", "closed Err"]);

    let open_after = gated_relay("(call $math (local.get $n) (i32.const 256)) (call $wait) (i32.const 256)");
    activate(&services, "relay", open_after, json!({"ledger": {"name": "relay"}})).await.unwrap();
    assert_eq!(through_relay(&services, 2).await, Ok(4));
}

#[tokio::test]
async fn functions_that_only_read_say_so() {
    let (services, diary) = house();
    let halve = Math {
        more: "halve: func(n: u64) -> result<u64, fault>;",
        core: "(import \"test:numbers/gate@1.0.0\" \"wait\" (func $wait))
               (func (export \"test:numbers/math@1.0.0#halve\") (param $n i64) (result i32)
                 (call $wait) (call $ok (i64.div_u (local.get $n) (i64.const 2))))",
        ..opening(OK)
    };
    activate(&services, "numbers", halve.wasm(), json!({"ledger": {"name": "main"}})).await.unwrap();
    let function = services.function("numbers", "math", "halve").unwrap();
    let context = super::services::context("acme");
    let answer = services.call(&context, &function, vec![wasmtime::component::Val::U64(8)]).await;
    assert_eq!(answer, Ok(Some(wasmtime::component::Val::U64(4))));
    assert_eq!(double(&services, "acme", 2).await, Ok(4));
    let expected = ["main opened, read-only true", "closed Ok", "main opened, read-only false", "closed Ok"];
    assert_eq!(taken(&diary), expected);
}
