//! Swapping services: under calls, and only for what keeps its word.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use fondaco_engine::{Fault, ServiceLimits};
use wasmtime::component::Val;

use super::guests::{DOUBLE, Math, PASS_ON, relay, service_wasm};
use super::services::{Gate, activate, double, services, through_relay};

const TRIPLE: Math<'static> = Math { double: "(call $ok (i64.mul (local.get $n) (i64.const 3)))", ..DOUBLE };

#[tokio::test]
async fn calls_in_flight_keep_the_release_that_they_began_with() {
    let gate = Gate::new();
    let services = services(&gate, ServiceLimits::default());
    let gated = Math {
        imports: "import gate;",
        core: "(import \"test:numbers/gate@1.0.0\" \"wait\" (func $wait))",
        double: "(call $wait) (call $ok (i64.const 1))",
        more: "",
    };
    activate(&services, "numbers", "1.0.0", gated.wasm()).await.unwrap();
    activate(&services, "relay", "1.0.0", relay(PASS_ON)).await.unwrap();
    let in_flight = async { tokio::join!(double(&services, "acme", 21), through_relay(&services, 21)) };
    let swap = async {
        gate.arrival().await;
        gate.arrival().await;
        activate(&services, "numbers", "1.1.0", DOUBLE.wasm()).await.unwrap();
        assert_eq!(double(&services, "acme", 21).await, Ok(42));
        assert_eq!(through_relay(&services, 21).await, Ok(42));
        assert_eq!(services.draining(), 1);
        gate.let_through(2);
    };
    let ((old, old_through_relay), ()) = tokio::join!(in_flight, swap);
    assert_eq!((old, old_through_relay), (Ok(1), Ok(1)));
    assert_eq!(services.draining(), 0);
}

#[tokio::test]
async fn a_handle_pins_its_release() {
    let services = services(&Gate::new(), ServiceLimits::default());
    activate(&services, "numbers", "1.0.0", DOUBLE.wasm()).await.unwrap();
    let function = services.function("numbers", "math", "double").unwrap();
    activate(&services, "numbers", "1.1.0", TRIPLE.wasm()).await.unwrap();
    let args = vec![Val::U64(2)];
    let answer = services.call(&super::services::context("acme"), &function, args).await.unwrap();
    assert_eq!(answer, Some(Val::U64(4)));
    assert_eq!(function.version(), "1.0.0");
    drop(function);
    assert_eq!(services.draining(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_swaps_under_load_fail_nobody() {
    let services = services(&Gate::new(), ServiceLimits::default());
    activate(&services, "numbers", "0", DOUBLE.wasm()).await.unwrap();
    activate(&services, "relay", "1.0.0", relay(PASS_ON)).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (services, over) = (services.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let mut seen = [0_u32; 2];
                while !over.load(Ordering::Relaxed) {
                    match through_relay(&services, 10).await {
                        Ok(20) => seen[0] += 1,
                        Ok(30) => seen[1] += 1,
                        other => panic!("{other:?}"),
                    }
                }
                seen
            })
        })
        .collect();
    for version in 0..200 {
        let wasm = if version % 2 == 0 { TRIPLE.wasm() } else { DOUBLE.wasm() };
        activate(&services, "numbers", &version.to_string(), wasm).await.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    let mut seen = [0; 2];
    for caller in callers {
        let counts = caller.await.unwrap();
        seen = [seen[0] + counts[0], seen[1] + counts[1]];
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    assert_eq!(services.draining(), 0);
}

/// Numbers with a signature of its own for `double`; it can be linked and would never work.
fn numbers(signature: &str, core: &str) -> Bytes {
    let wit = format!(
        "package test:numbers@1.0.0;
         interface math {{ use fondaco:types/faults@1.0.0.{{fault}}; {signature} }}
         world guest {{ export math; }}"
    );
    let core = format!(
        "(module (memory (export \"memory\") 1)
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 4096)) {core})"
    );
    service_wasm(&wit, &core)
}

fn changed() -> Bytes {
    let core = "(func (export \"test:numbers/math@1.0.0#double\") (param i32) (result i32) unreachable)";
    numbers("double: func(n: u32) -> result<u64, fault>;", core)
}

fn incompatible(result: Result<(), Fault>) -> [String; 4] {
    let fault = result.unwrap_err();
    assert_eq!(fault.reason, "INCOMPATIBLE_TYPES", "{fault}");
    ["function", "path", "expected", "found"].map(|key| fault.detail(key).unwrap().to_owned())
}

#[tokio::test]
async fn a_release_may_only_add() {
    let services = services(&Gate::new(), ServiceLimits::default());
    activate(&services, "numbers", "1.0.0", DOUBLE.wasm()).await.unwrap();
    let found = incompatible(activate(&services, "numbers", "1.1.0", changed()).await);
    assert_eq!(found, ["test:numbers/math@1.0.0.double", "n", "u64", "u32"]);
    let core = "(func (export \"test:numbers/math@1.0.0#triple\") (param i64) (result i32) unreachable)";
    let without = numbers("triple: func(n: u64) -> result<u64, fault>;", core);
    let found = incompatible(activate(&services, "numbers", "1.1.0", without).await);
    assert_eq!(found[3], "nothing");
    assert!(found[2].starts_with("func(n: u64) -> result<u64, record { code: enum {"), "{}", found[2]);
    // What was refused does not serve.
    assert_eq!(double(&services, "acme", 2).await, Ok(4));
    let more = Math {
        more: "triple: func(n: u64) -> result<u64, fault>;",
        core: "(func (export \"test:numbers/math@1.0.0#triple\") (param $n i64) (result i32) unreachable)",
        ..DOUBLE
    };
    activate(&services, "numbers", "1.1.0", more.wasm()).await.unwrap();
    assert!(services.function("numbers", "math", "triple").is_ok());
}

#[tokio::test]
async fn active_callers_are_not_broken() {
    let services = services(&Gate::new(), ServiceLimits::default());
    activate(&services, "relay", "1.0.0", relay(PASS_ON)).await.unwrap();
    let found = incompatible(activate(&services, "numbers", "1.0.0", changed()).await);
    assert_eq!(found, ["test:numbers/math@1.0.0.double", "n", "u64", "u32"]);
}

#[tokio::test]
async fn a_caller_is_built_against_what_serves() {
    let services = services(&Gate::new(), ServiceLimits::default());
    activate(&services, "numbers", "1.0.0", changed()).await.unwrap();
    let found = incompatible(activate(&services, "relay", "1.0.0", relay(PASS_ON)).await);
    assert_eq!(found, ["test:numbers/math@1.0.0.double", "n", "u64", "u32"]);
}

#[tokio::test]
async fn what_can_not_serve_is_refused() {
    let services = services(&Gate::new(), ServiceLimits::default());
    activate(&services, "numbers", "1.0.0", DOUBLE.wasm()).await.unwrap();
    let core = "(func (export \"test:numbers/math@1.0.0#double\") (param i64) (result i64) unreachable)";
    let infallible = numbers("double: func(n: u64) -> u64;", core);
    let stuck = Math { core: "(func $start unreachable) (start $start)", ..DOUBLE };
    let http = super::guests::wasm("(component (import \"wasi:http/types@0.2.0\" (instance (export \"f\" (func)))))");
    for (name, wasm, expected) in [
        ("copy", DOUBLE.wasm(), "INTERFACE_TAKEN"),
        ("other", infallible, "NO_FAULT_RESULT"),
        ("numbers", stuck.wasm(), "DOES_NOT_START"),
        ("empty", super::guests::wasm("(component)"), "NO_EXPORTS"),
        ("http", http, "NO_EXPORTS"),
    ] {
        let fault = activate(&services, name, "1.0.0", wasm).await.unwrap_err();
        assert_eq!(fault.reason, expected, "{fault}");
    }
    assert_eq!(double(&services, "acme", 2).await, Ok(4));
}
