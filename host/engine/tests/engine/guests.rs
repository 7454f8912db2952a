//! Guests of the tests: components as text, and what they are called with.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use fondaco_engine::{Class, Compiled, Engine, EngineConfig, Fault, Limits, Plugin, PoolConfig, Run, Seed};

/// One engine for all tests of a process; they differ in their components.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(config()).unwrap())
}

/// Small pools, a quick clock.
pub(crate) fn config() -> EngineConfig {
    EngineConfig {
        plugins: PoolConfig { instances: 32, ..PoolConfig::plugins() },
        services: PoolConfig { instances: 64, ..PoolConfig::services() },
        tick: Duration::from_millis(2),
        ..EngineConfig::in_process()
    }
}

pub(crate) fn wasm(wat: &str) -> Bytes {
    wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}")).into()
}

pub(crate) async fn compile(class: Class, wat: &str) -> Result<Arc<Compiled>, Fault> {
    engine().compile(class, wasm(wat)).await
}

pub(crate) async fn plugin(wat: &str) -> Plugin {
    Plugin::prepare(engine(), compile(Class::Plugin, wat).await.unwrap()).unwrap()
}

pub(crate) const SEED: Seed<'static> = Seed { now_ms: 1_700_000_000_123, request_id: "request-1" };

/// Calls `go: func() -> u64`.
pub(crate) fn go(plugin: &Plugin, limits: &Limits) -> Run<u64> {
    go_for(plugin, limits, SEED)
}

pub(crate) fn go_for(plugin: &Plugin, limits: &Limits, seed: Seed<'_>) -> Run<u64> {
    plugin.run(limits, seed, |store, linked| {
        let instance = linked.pre.instantiate(&mut *store)?;
        let go = instance.get_typed_func::<(), (u64,)>(&mut *store, "go")?;
        Ok(go.call(&mut *store, ())?.0)
    })
}

/// Runs `wat` to its fault's reason, or the answer.
pub(crate) async fn outcome(wat: &str, limits: &Limits) -> String {
    let plugin = plugin(wat).await;
    match go(&plugin, limits).outcome {
        Ok(answer) => answer.to_string(),
        Err(fault) => fault.reason.into_owned(),
    }
}

/// A component whose `go` has this body; `$more` are further items of its module.
pub(crate) fn body(more: &str, body: &str) -> String {
    format!(
        "(component
           (core module $m {more} (func $go (export \"go\") (result i64) {body}))
           (core instance $i (instantiate $m))
           (func (export \"go\") (result u64) (canon lift (core func $i \"go\"))))"
    )
}

/// A component whose `go` may write to standard error: `(call $say (pointer) (length))`; `data` lies at 1024.
pub(crate) fn talking(data: &str, body: &str) -> String {
    format!(
        r#"(component
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $err))
  (import "wasi:io/streams@0.2.3" (instance $streams
    (export "output-stream" (type $os (sub resource)))
    (alias outer 1 $err (type $e0))
    (export "error" (type $e (eq $e0)))
    (type $se' (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $se (eq $se')))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $os)) (param "contents" (list u8)) (result (result (error $se)))))))
  (alias export $streams "output-stream" (type $os))
  (import "wasi:cli/stderr@0.2.0" (instance $stderr
    (alias outer 1 $os (type $os0))
    (export "output-stream" (type $os1 (eq $os0)))
    (export "get-stderr" (func (result (own $os1))))))
  (core module $memory (memory (export "memory") 1) (data (i32.const 1024) "{data}"))
  (core instance $mem (instantiate $memory))
  (core func $write (canon lower
    (func $streams "[method]output-stream.blocking-write-and-flush") (memory $mem "memory")))
  (core func $get (canon lower (func $stderr "get-stderr")))
  (core func $drop (canon resource.drop $os))
  (core module $m
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "get" (func $get (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    (func $say (param $at i32) (param $len i32) (local $stream i32)
      (local.set $stream (call $get))
      (call $write (local.get $stream) (local.get $at) (local.get $len) (i32.const 0))
      (call $drop (local.get $stream)))
    (func (export "go") (result i64) {body}))
  (core instance $i (instantiate $m (with "host" (instance
    (export "write" (func $write)) (export "get" (func $get)) (export "drop" (func $drop))))))
  (func (export "go") (result u64) (canon lift (core func $i "go"))))"#
    )
}

/// A service: WIT for its world (the package's other items in `wit`), and a core module in the canonical ABI's names.
pub(crate) fn service_wasm(wit: &str, core: &str) -> Bytes {
    with_packages(&[], wit, core)
}

/// The same with packages that the world's own refers to.
pub(crate) fn with_packages(others: &[&str], wit: &str, core: &str) -> Bytes {
    let mut resolve = wit_parser::Resolve::default();
    resolve.push_str("types.wit", include_str!("../../../../wit/types/types.wit")).unwrap();
    for other in others {
        resolve.push_str("other.wit", other).unwrap();
    }
    let package = resolve.push_str("test.wit", wit).unwrap_or_else(|error| panic!("{error:?}\n{wit}"));
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    let mut module = wat::parse_str(core).unwrap_or_else(|error| panic!("{error}\n{core}"));
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    let mut encoder = wit_component::ComponentEncoder::default().validate(true).module(&module).unwrap();
    encoder.encode().unwrap_or_else(|error| panic!("{error:?}\n{core}")).into()
}

/// The fault of `fondaco:types`, imported by the interfaces below.
const FAULTS: &str = "use fondaco:types/faults@1.0.0.{fault};";

/// A component that provides `test:numbers/math` with `double`, whose body answers through the result area at 256.
/// `more` are further functions of the interface, `host` imports of the world, `core` further items of the module.
pub(crate) struct Math<'a> {
    pub(crate) more: &'a str,
    pub(crate) imports: &'a str,
    pub(crate) core: &'a str,
    pub(crate) double: &'a str,
}

/// Answers `n * 2`.
pub(crate) const DOUBLE: Math<'static> =
    Math { more: "", imports: "", core: "", double: "(call $ok (i64.mul (local.get $n) (i64.const 2)))" };

/// The interface that the gate of `services.rs` provides.
const GATE: &str = "interface gate { wait: func(); }";

impl Math<'_> {
    pub(crate) fn wasm(&self) -> Bytes {
        let Self { more, imports, core, double } = self;
        let wit = format!(
            "package test:numbers@1.0.0;
             {GATE}
             interface math {{ {FAULTS} double: func(n: u64) -> result<u64, fault>; {more} }}
             world guest {{ {imports} export math; }}"
        );
        let core = format!(
            "(module {core} {RESULTS}
               (func (export \"test:numbers/math@1.0.0#double\") (param $n i64) (result i32) {double}))"
        );
        service_wasm(&wit, &core)
    }
}

/// `$ok` and `$err` write a `result<u64, fault>` at 256 and answer its place.
const RESULTS: &str = r#"
  (memory (export "memory") 1) (global $heap (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (local.get 3))))
  (func $ok (param i64) (result i32)
    (i32.store8 (i32.const 256) (i32.const 0)) (i64.store (i32.const 264) (local.get 0)) (i32.const 256))
  (data (i32.const 1024) "NO_GOOD" "sorry" "key" "value")
  (func $err (result i32)
    (i32.store8 (i32.const 256) (i32.const 1)) (i32.store8 (i32.const 264) (i32.const 9))
    (i32.store (i32.const 268) (i32.const 1024)) (i32.store (i32.const 272) (i32.const 7))
    (i32.store (i32.const 276) (i32.const 1031)) (i32.store (i32.const 280) (i32.const 5))
    (i32.store (i32.const 284) (i32.const 512)) (i32.store (i32.const 288) (i32.const 1))
    (i32.store (i32.const 512) (i32.const 1036)) (i32.store (i32.const 516) (i32.const 3))
    (i32.store (i32.const 520) (i32.const 1039)) (i32.store (i32.const 524) (i32.const 5))
    (i32.const 256))"#;

/// Imports `test:numbers/math` and exports `test:relay/entry` with `run`. `$math` writes the callee's result at 256.
pub(crate) fn relay(run: &str) -> Bytes {
    let wit = format!(
        "package test:relay@1.0.0;
         interface entry {{ {FAULTS} run: func(n: u64) -> result<u64, fault>; }}
         world guest {{ import test:numbers/math@1.0.0; export entry; }}"
    );
    let numbers = format!(
        "package test:numbers@1.0.0; interface math {{ {FAULTS} double: func(n: u64) -> result<u64, fault>; }}"
    );
    let core = format!(
        "(module (import \"test:numbers/math@1.0.0\" \"double\" (func $math (param i64 i32))) {RESULTS}
           (func (export \"test:relay/entry@1.0.0#run\") (param $n i64) (result i32) {run}))"
    );
    with_packages(&[&numbers], &wit, &core)
}

/// The same, and it may stand at the gate before: `$wait`.
pub(crate) fn gated_relay(run: &str) -> Bytes {
    let wit = format!(
        "package test:relay@1.0.0;
         interface entry {{ {FAULTS} run: func(n: u64) -> result<u64, fault>; }}
         world guest {{ import test:numbers/math@1.0.0; import test:numbers/gate@1.0.0; export entry; }}"
    );
    let numbers = format!(
        "package test:numbers@1.0.0; {GATE}
         interface math {{ {FAULTS} double: func(n: u64) -> result<u64, fault>; }}"
    );
    let core = format!(
        "(module (import \"test:numbers/math@1.0.0\" \"double\" (func $math (param i64 i32)))
           (import \"test:numbers/gate@1.0.0\" \"wait\" (func $wait)) {RESULTS}
           (func (export \"test:relay/entry@1.0.0#run\") (param $n i64) (result i32) {run}))"
    );
    with_packages(&[&numbers], &wit, &core)
}

/// Passes what the callee answers on as it is.
pub(crate) const PASS_ON: &str = "(call $math (local.get $n) (i32.const 256)) (i32.const 256)";
