//! Services: called from outside, calling each other, failing, kept warm.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fondaco_engine::{
    CallContext, Class, Code, Engine, EngineConfig, Extension, Fault, Outcomes, PoolConfig, Roles, ServiceLimits,
    ServiceRelease, ServiceState, Services,
};
use tokio::sync::Semaphore;
use wasmtime::component::{Linker, Val};

use super::guests::{DOUBLE, Math, PASS_ON, config, engine, relay, service_wasm};

/// A host interface that notes who calls, and holds the call until it is let through.
pub(crate) struct Gate {
    callers: Mutex<Vec<CallContext>>,
    arrived: Semaphore,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { callers: Mutex::default(), arrived: Semaphore::new(0), open: Arc::new(Semaphore::new(0)) })
    }

    /// Waits until somebody stands at the gate.
    pub(crate) async fn arrival(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    /// Lets so many through.
    pub(crate) fn let_through(&self, count: usize) {
        self.open.add_permits(count);
    }
}

struct GateExtension(Arc<Gate>);

impl Extension for GateExtension {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        let gate = Arc::clone(&self.0);
        linker.instance("test:numbers/gate@1.0.0")?.func_wrap_async("wait", move |store, (): ()| {
            let gate = Arc::clone(&gate);
            gate.callers.lock().unwrap().push(store.data().call().clone());
            Box::new(async move {
                gate.arrived.add_permits(1);
                gate.open.acquire().await?.forget();
                Ok(())
            })
        })
    }

    fn interfaces(&self) -> &[&str] {
        &["test:numbers/gate@1.0.0"]
    }
}

pub(crate) fn services(gate: &Arc<Gate>, limits: ServiceLimits) -> Services {
    Services::new(engine(), vec![Arc::new(GateExtension(Arc::clone(gate)))], limits)
}

fn plain() -> Services {
    services(&Gate::new(), ServiceLimits::default())
}

pub(crate) async fn activate(services: &Services, name: &str, version: &str, wasm: Bytes) -> Result<(), Fault> {
    activate_of(engine(), services, name, version, wasm).await
}

async fn activate_of(
    engine: &Engine,
    services: &Services,
    name: &str,
    version: &str,
    wasm: Bytes,
) -> Result<(), Fault> {
    let release = ServiceRelease {
        compiled: engine.compile(Class::Service, wasm).await?,
        version: version.to_owned(),
        config: Arc::from("{}"),
        routes: Vec::new(),
        read_only: Vec::new(),
        grants: Arc::default(),
        docs: Arc::default(),
    };
    services.activate(name.parse().unwrap(), release).await
}

pub(crate) fn context(tenant: &str) -> CallContext {
    CallContext {
        tenant: tenant.parse().unwrap(),
        subject: Arc::from("tester"),
        roles: Roles::CALLER,
        request_id: Arc::from("request-1"),
        deadline: Instant::now() + Duration::from_secs(30),
        depth: 0,
        outcomes: Outcomes::none(),
    }
}

async fn ask(services: &Services, ctx: &CallContext, function: [&str; 3], n: u64) -> Result<u64, Fault> {
    let [service, interface, name] = function;
    let function = services.function(service, interface, name)?;
    match services.call(ctx, &function, vec![Val::U64(n)]).await? {
        Some(Val::U64(answer)) => Ok(answer),
        other => panic!("{other:?}"),
    }
}

const MATH: [&str; 3] = ["numbers", "math", "double"];
const RELAY: [&str; 3] = ["relay", "entry", "run"];

pub(crate) async fn double(services: &Services, tenant: &str, n: u64) -> Result<u64, Fault> {
    ask(services, &context(tenant), MATH, n).await
}

pub(crate) async fn through_relay(services: &Services, n: u64) -> Result<u64, Fault> {
    ask(services, &context("acme"), RELAY, n).await
}

pub(crate) fn reason<T>(result: Result<T, Fault>) -> String {
    result.map_or_else(|fault| fault.reason.into_owned(), |_| "OK".to_owned())
}

#[tokio::test]
async fn a_service_answers_and_shows_its_types() {
    let services = plain();
    activate(&services, "numbers", "1.0.0", DOUBLE.wasm()).await.unwrap();
    assert_eq!(double(&services, "acme", 21).await, Ok(42));
    let function = services.function("numbers", "test:numbers/math@1.0.0", "double").unwrap();
    assert_eq!(function.params().next().unwrap().0, "n");
    assert_eq!(fondaco_engine::shape::text(&function.result().unwrap()), "u64");
    let views = services.snapshot();
    assert_eq!(views.len(), 1);
    assert_eq!(&*views[0].interfaces[0].name, "test:numbers/math@1.0.0");
    assert_eq!(&*views[0].interfaces[0].functions[0].name, "double");
}

#[tokio::test]
async fn a_services_own_fault_reaches_the_caller_whole() {
    let services = plain();
    let wasm = Math { double: "(call $err)", ..DOUBLE }.wasm();
    activate(&services, "numbers", "1.0.0", wasm.clone()).await.unwrap();
    activate(&services, "relay", "1.0.0", relay(PASS_ON)).await.unwrap();
    let expected = Fault::new(Code::Aborted, "NO_GOOD", "sorry").with("key", "value");
    assert_eq!(double(&services, "acme", 1).await, Err(expected.clone()));
    assert_eq!(through_relay(&services, 1).await, Err(expected));
}

#[tokio::test]
async fn a_service_may_come_later_than_its_callers() {
    let services = plain();
    activate(&services, "relay", "1.0.0", relay(PASS_ON)).await.unwrap();
    let fault = through_relay(&services, 21).await.unwrap_err();
    assert_eq!((fault.code, &*fault.reason), (Code::Unavailable, "SERVICE_UNAVAILABLE"));
    activate(&services, "numbers", "1.0.0", DOUBLE.wasm()).await.unwrap();
    assert_eq!(through_relay(&services, 21).await, Ok(42));
    services.deactivate(&"numbers".parse().unwrap());
    assert_eq!(reason(through_relay(&services, 21).await), "SERVICE_UNAVAILABLE");
    assert_eq!(reason(double(&services, "acme", 21).await), "SERVICE_NOT_FOUND");
}

#[tokio::test]
async fn a_trap_in_the_callee_is_a_value_to_the_caller() {
    let services = plain();
    let ours = "(call $math (local.get $n) (i32.const 256))
                (if (result i32) (i32.load8_u (i32.const 256)) (then (call $ok (i64.const 999))) (else (i32.const 256)))";
    activate(&services, "relay", "1.0.0", relay(ours)).await.unwrap();
    activate(&services, "numbers", "1.0.0", Math { double: "unreachable", ..DOUBLE }.wasm()).await.unwrap();
    assert_eq!(through_relay(&services, 1).await, Ok(999));
    let ctx = CallContext { outcomes: Outcomes::collecting(), ..context("acme") };
    assert_eq!(ask(&services, &ctx, RELAY, 1).await, Ok(999));
    let outcomes = ctx.outcomes.take();
    assert_eq!((&*outcomes[0].what, outcomes[0].fault.as_deref()), ("numbers@1.0.0", Some("SERVICE_FAILED")));
    assert_eq!(reason(double(&services, "acme", 1).await), "SERVICE_FAILED");
}

#[tokio::test]
async fn circles_end() {
    let services = plain();
    // `numbers` whose math calls math: itself, at last.
    let wit = "package test:numbers@1.0.0;
        interface math { use fondaco:types/faults@1.0.0.{fault}; double: func(n: u64) -> result<u64, fault>; }
        world guest { import math; export math; }";
    let core = "(module (import \"test:numbers/math@1.0.0\" \"double\" (func $math (param i64 i32)))
        (memory (export \"memory\") 1) (global $heap (mut i32) (i32.const 4096))
        (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (global.get $heap)
          (global.set $heap (i32.add (global.get $heap) (i32.const 1024))))
        (func (export \"test:numbers/math@1.0.0#double\") (param i64) (result i32)
          (call $math (local.get 0) (i32.const 256)) (i32.const 256)))";
    activate(&services, "numbers", "1.0.0", service_wasm(wit, core)).await.unwrap();
    assert_eq!(reason(double(&services, "acme", 1).await), "CALL_TOO_DEEP");
}

const GATED: Math<'static> = Math {
    imports: "import gate;",
    core: "(import \"test:numbers/gate@1.0.0\" \"wait\" (func $wait))",
    double: "(call $wait) (call $ok (i64.const 1))",
    more: "",
};

#[tokio::test]
async fn the_callers_context_travels() {
    let gate = Gate::new();
    gate.let_through(1);
    let services = services(&gate, ServiceLimits::default());
    activate(&services, "relay", "1.0.0", relay(PASS_ON)).await.unwrap();
    activate(&services, "numbers", "1.0.0", GATED.wasm()).await.unwrap();
    through_relay(&services, 1).await.unwrap();
    let callers = gate.callers.lock().unwrap();
    let seen = &callers[0];
    assert_eq!((seen.tenant.as_str(), &*seen.subject, seen.depth), ("acme", "relay", 1));
    assert_eq!((seen.roles, &*seen.request_id), (Roles::CALLER, "request-1"));
}

#[tokio::test]
async fn nobody_waits_longer_than_the_deadline() {
    let gate = Gate::new();
    let services = services(&gate, ServiceLimits::default());
    let soon = || CallContext { deadline: Instant::now() + Duration::from_millis(50), ..context("acme") };
    // One that computes, one that waits, and one that waits for one that computes.
    activate(&services, "numbers", "1.0.0", Math { double: "(loop br 0) unreachable", ..DOUBLE }.wasm()).await.unwrap();
    activate(&services, "relay", "1.0.0", relay(PASS_ON)).await.unwrap();
    assert_eq!(reason(ask(&services, &soon(), MATH, 1).await), "DEADLINE_EXCEEDED");
    assert_eq!(reason(ask(&services, &soon(), RELAY, 1).await), "DEADLINE_EXCEEDED");
    activate(&services, "numbers", "1.0.1", GATED.wasm()).await.unwrap();
    assert_eq!(reason(ask(&services, &soon(), MATH, 1).await), "DEADLINE_EXCEEDED");
    gate.let_through(1);
    assert_eq!(double(&services, "acme", 1).await, Ok(1));
}

#[tokio::test]
async fn a_call_that_computes_lets_others_run() {
    // A runtime of one thread: without yielding the second call would wait for the first one's end.
    let services = services(&Gate::new(), ServiceLimits { wall: Duration::from_secs(5), ..ServiceLimits::default() });
    let core = "(func $work (param $n i64) (if (i64.eqz (local.get $n)) (then (loop br 0))))";
    let wasm = Math { core, double: "(call $work (local.get $n)) (call $ok (local.get $n))", ..DOUBLE }.wasm();
    activate(&services, "numbers", "1.0.0", wasm).await.unwrap();
    let (busy, idle) = (context("acme"), context("acme"));
    tokio::select! {
        biased;
        answer = ask(&services, &busy, MATH, 0) => panic!("the endless loop ended: {answer:?}"),
        answer = ask(&services, &idle, MATH, 7) => assert_eq!(answer, Ok(7)),
    }
}

#[tokio::test]
async fn memory_is_bounded() {
    let services = services(&Gate::new(), ServiceLimits { memory_bytes: 1 << 20, ..ServiceLimits::default() });
    let double = "(loop (drop (memory.grow (i32.const 1))) br 0) unreachable";
    activate(&services, "numbers", "1.0.0", Math { double, ..DOUBLE }.wasm()).await.unwrap();
    assert_eq!(reason(double_for(&services).await), "MEMORY_EXHAUSTED");
}

async fn double_for(services: &Services) -> Result<u64, Fault> {
    double(services, "acme", 1).await
}

/// Answers how many calls this instance has served.
fn counting() -> Bytes {
    let core = "(global $calls (mut i64) (i64.const 0))";
    let double = "(if (i64.eqz (local.get $n)) (then unreachable))
        (global.set $calls (i64.add (global.get $calls) (i64.const 1))) (call $ok (global.get $calls))";
    Math { core, double, ..DOUBLE }.wasm()
}

#[tokio::test]
async fn an_instance_is_kept_for_its_tenant_alone() {
    let services = plain();
    activate(&services, "numbers", "1.0.0", counting()).await.unwrap();
    for (tenant, expected) in [("a", 1), ("a", 2), ("b", 1), ("a", 3), ("b", 2), ("c", 1)] {
        assert_eq!(double(&services, tenant, 1).await, Ok(expected), "{tenant}");
    }
    // A trap ends it.
    assert_eq!(reason(double(&services, "a", 0).await), "SERVICE_FAILED");
    assert_eq!(double(&services, "a", 1).await, Ok(1));
    // A swap ends it, to the same bytes too.
    activate(&services, "numbers", "1.0.1", counting()).await.unwrap();
    assert_eq!(double(&services, "a", 1).await, Ok(1));
}

#[tokio::test]
async fn an_instance_is_kept_for_so_many_uses_and_so_long() {
    let limits = ServiceLimits { warm_uses: 2, ..ServiceLimits::default() };
    let few = services(&Gate::new(), limits.clone());
    activate(&few, "numbers", "1.0.0", counting()).await.unwrap();
    for expected in [1, 2, 1, 2] {
        assert_eq!(double_for(&few).await, Ok(expected));
    }
    let never = services(&Gate::new(), ServiceLimits { warm_age: Duration::ZERO, ..ServiceLimits::default() });
    activate(&never, "numbers", "1.0.0", counting()).await.unwrap();
    for expected in [1, 1] {
        assert_eq!(double_for(&never).await, Ok(expected));
    }
    let none = services(&Gate::new(), ServiceLimits { warm: 0, ..ServiceLimits::default() });
    activate(&none, "numbers", "1.0.0", counting()).await.unwrap();
    for expected in [1, 1] {
        assert_eq!(double_for(&none).await, Ok(expected));
    }
}

#[tokio::test]
async fn many_tenants_do_not_keep_many_instances() {
    let services = services(&Gate::new(), ServiceLimits { warm: 4, ..ServiceLimits::default() });
    activate(&services, "numbers", "1.0.0", counting()).await.unwrap();
    for tenant in 0..200 {
        assert_eq!(double(&services, &format!("t{tenant}"), 1).await, Ok(1));
    }
    let mut warm = 0;
    for tenant in 0..200 {
        warm += u32::from(double(&services, &format!("t{tenant}"), 1).await.unwrap() > 1);
    }
    assert!(warm <= 4, "{warm}");
}

#[tokio::test]
async fn the_instance_that_was_used_longest_ago_makes_room_whosever_it_is() {
    let services = services(&Gate::new(), ServiceLimits { warm: 2, ..ServiceLimits::default() });
    activate(&services, "numbers", "1.0.0", counting()).await.unwrap();
    activate(&services, "relay", "1.0.0", relay(PASS_ON)).await.unwrap();
    // Leaves one of either service, and there is room for no more.
    assert_eq!(ask(&services, &context("a"), RELAY, 1).await, Ok(1));
    for (tenant, expected) in [("b", 1), ("c", 1), ("b", 2), ("c", 2)] {
        assert_eq!(double(&services, tenant, 1).await, Ok(expected), "{tenant}");
    }
}

/// What an instance keeps while it waits (its memory, its tables, its stack) there is as often as instances may wait.
#[tokio::test]
async fn as_many_wait_as_may_and_all_are_called_again() {
    let engine = Engine::new(EngineConfig { services: PoolConfig::services(), ..config() }).unwrap();
    let services = Services::new(&engine, Vec::new(), ServiceLimits::default());
    activate_of(&engine, &services, "numbers", "1.0.0", counting()).await.unwrap();
    let tenants: Vec<String> = (0..3_000).map(|number| format!("tenant-{number}")).collect();
    for expected in [1, 2] {
        for tenant in &tenants {
            assert_eq!(double(&services, tenant, 1).await, Ok(expected), "{tenant}");
        }
    }
}

#[tokio::test]
async fn two_calls_never_share_an_instance() {
    let gate = Gate::new();
    let services = services(&gate, ServiceLimits::default());
    let core = "(import \"test:numbers/gate@1.0.0\" \"wait\" (func $wait)) (global $calls (mut i64) (i64.const 0))";
    let double = "(global.set $calls (i64.add (global.get $calls) (i64.const 1)))
        (call $wait) (call $ok (global.get $calls))";
    activate(&services, "numbers", "1.0.0", Math { core, double, ..GATED }.wasm()).await.unwrap();
    let both = async { tokio::join!(double_for(&services), double_for(&services)) };
    let ((first, second), ()) = tokio::join!(both, async {
        gate.arrival().await;
        gate.arrival().await;
        gate.let_through(2);
    });
    assert_eq!((first, second), (Ok(1), Ok(1)));
}

#[tokio::test]
async fn calls_from_outside_wait_for_their_turn() {
    let gate = Gate::new();
    let services = services(&gate, ServiceLimits { roots: 1, ..ServiceLimits::default() });
    activate(&services, "numbers", "1.0.0", GATED.wasm()).await.unwrap();
    let soon = CallContext { deadline: Instant::now() + Duration::from_millis(50), ..context("acme") };
    let (held, turned_away) = tokio::join!(double_for(&services), async {
        gate.arrival().await;
        let answer = ask(&services, &soon, MATH, 1).await;
        gate.let_through(1);
        answer
    });
    assert_eq!((held, reason(turned_away)), (Ok(1), "DEADLINE_EXCEEDED".to_owned()));
}

/// A host interface that calls a plugin in the middle of a service's call, on the service's own stack.
struct Inline(fondaco_engine::Plugin, Mutex<Vec<String>>);

struct InlineExtension(Arc<Inline>);

impl Extension for InlineExtension {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        let inline = Arc::clone(&self.0);
        linker.instance("test:numbers/gate@1.0.0")?.func_wrap("wait", move |_, (): ()| {
            let limits = fondaco_engine::Limits {
                fuel: u64::MAX / 4,
                wall: Duration::from_secs(10),
                ..fondaco_engine::Limits::default()
            };
            let run = super::guests::go(&inline.0, &limits);
            inline.1.lock().unwrap().push(reason(run.outcome));
            Ok(())
        })
    }

    fn interfaces(&self) -> &[&str] {
        &["test:numbers/gate@1.0.0"]
    }
}

/// A function that never stops calling itself, and the call of it.
const DEEP: &str = "(func $deep (param i64) (result i64) (i64.add (i64.const 1) (call $deep (local.get 0))))";

#[tokio::test]
async fn a_service_has_stack_for_itself_and_for_a_plugin() {
    let deep = super::guests::plugin(&super::guests::body(DEEP, "(call $deep (i64.const 1))")).await;
    let inline = Arc::new(Inline(deep, Mutex::default()));
    let services =
        Services::new(engine(), vec![Arc::new(InlineExtension(Arc::clone(&inline)))], ServiceLimits::default());
    // The service uses most of its own share (about 100 bytes a frame), then calls the plugin from down there.
    let core = "(import \"test:numbers/gate@1.0.0\" \"wait\" (func $wait))
        (func $down (param i64) (result i64)
          (if (result i64) (i64.eqz (local.get 0)) (then (call $wait) (i64.const 0))
            (else (i64.add (i64.const 1) (call $down (i64.sub (local.get 0) (i64.const 1)))))))";
    let wasm = Math { core, double: "(call $ok (call $down (local.get $n)))", ..GATED }.wasm();
    activate(&services, "numbers", "1.0.0", wasm).await.unwrap();
    assert_eq!(double(&services, "acme", 4_000).await, Ok(4_000));
    assert_eq!(*inline.1.lock().unwrap(), ["STACK_EXHAUSTED"]);
    // And too deep by itself is a fault like any other.
    assert_eq!(reason(double(&services, "acme", u64::MAX).await), "SERVICE_FAILED");
}
