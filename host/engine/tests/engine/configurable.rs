//! What the host alone calls: a release is asked about its config before it serves, events are handled. And a service
//! that others call is known to be called.

use std::sync::Arc;

use bytes::Bytes;
use fondaco_engine::{Class, Fault, ServiceLimits, ServiceRelease, Services};

use super::guests::{DOUBLE, PASS_ON, engine, relay, with_packages};
use super::services::activate;

const HOST: &str = include_str!("../../../../wit/host/host.wit");
const EVENTS: &str = include_str!("../../../../wit/host/events.wit");

/// `$ok` and `$no` write a `result<_, fault>` at 256: the payload begins at 260 with the code.
const CHECKS: &str = r#"
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
  (data (i32.const 1024) "BAD_CONFIG" "each: wrong")
  (func $ok (result i32) (i32.store8 (i32.const 256) (i32.const 0)) (i32.const 256))
  (func $no (result i32)
    (i32.store8 (i32.const 256) (i32.const 1)) (i32.store8 (i32.const 260) (i32.const 12))
    (i32.store (i32.const 264) (i32.const 1024)) (i32.store (i32.const 268) (i32.const 10))
    (i32.store (i32.const 272) (i32.const 1034)) (i32.store (i32.const 276) (i32.const 11))
    (i32.store (i32.const 280) (i32.const 0)) (i32.store (i32.const 284) (i32.const 0))
    (i32.const 256))"#;

/// A service of one interface, `test:<name>/api`, whose check has this body.
fn checked(name: &str, check: &str) -> Bytes {
    let wit = format!(
        "package test:{name}@1.0.0;
         interface api {{ use fondaco:types/faults@1.0.0.{{fault}}; go: func() -> result<_, fault>; }}
         world guest {{ export api; export fondaco:host/configurable@1.0.0; }}"
    );
    let core = format!(
        "(module {CHECKS}
           (func (export \"test:{name}/api@1.0.0#go\") (result i32) (call $ok))
           (func (export \"fondaco:host/configurable@1.0.0#check\") (result i32) {check}))"
    );
    with_packages(&[HOST], &wit, &core)
}

/// A service of one interface, `test:<name>/api`, that handles events too.
fn handling(name: &str) -> Bytes {
    let wit = format!(
        "package test:{name}@1.0.0;
         interface api {{ use fondaco:types/faults@1.0.0.{{fault}}; go: func() -> result<_, fault>; }}
         world guest {{ export api; export fondaco:host/event-handler@1.0.0; }}"
    );
    let event = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32)";
    let core = format!(
        "(module {CHECKS}
           (func (export \"test:{name}/api@1.0.0#go\") (result i32) (call $ok))
           (func (export \"fondaco:host/event-handler@1.0.0#handle\") {event} (result i32) (call $ok)))"
    );
    let host = format!("{HOST}{}", EVENTS.trim_start_matches("package fondaco:host@1.0.0;"));
    with_packages(&[&host], &wit, &core)
}

fn plain() -> Services {
    Services::new(engine(), Vec::new(), ServiceLimits::default())
}

async fn release(wasm: Bytes) -> ServiceRelease {
    ServiceRelease {
        compiled: engine().compile(Class::Service, wasm).await.unwrap(),
        version: "1.0.0".to_owned(),
        config: "{}".into(),
        routes: Vec::new(),
        read_only: Vec::new(),
        grants: Arc::default(),
        docs: Arc::default(),
    }
}

async fn refused(name: &str, check: &str) -> Fault {
    activate(&plain(), name, "1.0.0", checked(name, check)).await.unwrap_err()
}

#[tokio::test]
async fn a_service_that_objects_to_its_config_is_refused_in_its_own_words() {
    let fault = refused("one", "(call $no)").await;
    assert_eq!((fault.reason.as_ref(), fault.detail("cause")), ("INVALID_CONFIG", Some("BAD_CONFIG")));
    assert!(fault.message.contains("each: wrong"), "{}", fault.message);
    assert_eq!(refused("two", "(unreachable)").await.reason, "DOES_NOT_START");
}

#[tokio::test]
async fn the_check_is_the_hosts_alone() {
    let services = plain();
    // Both export the same interface, and neither provides it.
    for name in ["one", "two"] {
        activate(&services, name, "1.0.0", checked(name, "(call $ok)")).await.unwrap();
    }
    assert_eq!(services.function("one", "configurable", "check").unwrap_err().reason, "FUNCTION_NOT_FOUND");
    let views = services.snapshot();
    assert!(views.iter().all(|view| view.interfaces.len() == 1), "{views:?}");
}

#[tokio::test]
async fn any_number_of_services_handle_events_and_nobody_else_calls_them() {
    let services = plain();
    for name in ["one", "two"] {
        activate(&services, name, "1.0.0", handling(name)).await.unwrap();
        assert!(services.function(name, "fondaco:host/event-handler@1.0.0", "handle").is_ok());
    }
    let views = services.snapshot();
    assert!(views.iter().all(|view| view.interfaces.len() == 1), "{views:?}");
}

#[tokio::test]
async fn what_served_before_may_come_back_against_its_own_word() {
    let services = plain();
    let staged = services.stage("one".parse().unwrap(), release(checked("one", "(call $no)")).await).await.unwrap();
    assert_eq!(staged.objection().unwrap().reason, "INVALID_CONFIG");
    services.serve(staged);
    assert!(services.function("one", "api", "go").is_ok());
}

#[tokio::test]
async fn a_check_of_another_type_is_refused() {
    let wit = "package test:odd@1.0.0;
        interface api { use fondaco:types/faults@1.0.0.{fault}; go: func() -> result<_, fault>; }
        world guest { export api; export fondaco:host/configurable@1.0.0; }";
    let host = "package fondaco:host@1.0.0; interface configurable { check: func() -> bool; }";
    let core = format!(
        "(module {CHECKS}
           (func (export \"test:odd/api@1.0.0#go\") (result i32) (call $ok))
           (func (export \"fondaco:host/configurable@1.0.0#check\") (result i32) (i32.const 1)))"
    );
    let wasm = with_packages(&[host], wit, &core);
    let fault = activate(&plain(), "odd", "1.0.0", wasm).await.unwrap_err();
    assert_eq!((fault.reason.as_ref(), fault.detail("found")), ("EXPORT_TYPE_MISMATCH", Some("func() -> bool")));
}

#[tokio::test]
async fn callers_are_those_that_import_it_and_serve() {
    let services = plain();
    let numbers = "numbers".parse().unwrap();
    assert!(services.callers(&numbers).is_empty());
    activate(&services, "numbers", "1.0.0", DOUBLE.wasm()).await.unwrap();
    activate(&services, "relay", "2.0.0", relay(PASS_ON)).await.unwrap();
    assert_eq!(services.callers(&numbers), ["relay@2.0.0".into()]);
    assert!(services.callers(&"relay".parse().unwrap()).is_empty());
    services.deactivate(&"relay".parse().unwrap());
    assert!(services.callers(&numbers).is_empty());
}
