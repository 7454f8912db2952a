//! What a plugin may do, and what it sees of the world.

use fondaco_engine::{Class, Fuel, Limits, Log, Plugin, Seed};

use super::guests::{SEED, body, compile, engine, go, go_for, outcome, plugin, talking};

#[tokio::test]
async fn a_call_answers_and_costs_the_same_every_time() {
    let wat = body(
        "(global $n (mut i64) (i64.const 40))",
        "(global.set $n (i64.add (global.get $n) (i64.const 2))) global.get $n",
    );
    let plugin = plugin(&wat).await;
    let first = go(&plugin, &Limits::default());
    let second = go(&plugin, &Limits::default());
    // Nothing of the first call is left: the global would be 44.
    assert_eq!((first.outcome, second.outcome), (Ok(42), Ok(42)));
    assert_eq!(first.fuel, second.fuel);
    assert!(first.fuel > Fuel(0) && first.fuel < Fuel(100), "{}", first.fuel);
    assert_eq!(first.log, Log::default());
}

#[tokio::test]
async fn a_plugin_writes_to_its_log() {
    let plugin = plugin(&talking("hello\\0aworld", "(call $say (i32.const 1024) (i32.const 11)) (i64.const 1)")).await;
    let run = go(&plugin, &Limits::default());
    assert_eq!(run.outcome, Ok(1));
    assert_eq!(run.log, Log { lines: vec!["hello".into(), "world".into()], truncated: false });
    let short = go(&plugin, &Limits { log_bytes: 3, ..Limits::default() });
    assert_eq!(short.log, Log { lines: vec!["hel".into()], truncated: true });
}

/// `wasi:clocks` and `wasi:random`, summed up by `go`'s body.
fn world(body: &str) -> String {
    format!(
        r#"(component
  (import "wasi:clocks/wall-clock@0.2.0" (instance $wall
    (type $d' (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $d (eq $d')))
    (export "now" (func (result $d)))))
  (import "wasi:clocks/monotonic-clock@0.2.6" (instance $mono (export "now" (func (result u64)))))
  (import "wasi:random/random@0.2.0" (instance $random (export "get-random-u64" (func (result u64)))))
  (core module $memory (memory (export "memory") 1))
  (core instance $mem (instantiate $memory))
  (core func $wall (canon lower (func $wall "now") (memory $mem "memory")))
  (core func $mono (canon lower (func $mono "now")))
  (core func $random (canon lower (func $random "get-random-u64")))
  (core module $m
    (import "host" "memory" (memory 1))
    (import "host" "wall" (func $wall (param i32)))
    (import "host" "mono" (func $mono (result i64)))
    (import "host" "random" (func $random (result i64)))
    (func (export "go") (result i64) {body}))
  (core instance $i (instantiate $m (with "host" (instance (export "memory" (memory $mem "memory"))
    (export "wall" (func $wall)) (export "mono" (func $mono)) (export "random" (func $random))))))
  (func (export "go") (result u64) (canon lift (core func $i "go"))))"#
    )
}

#[tokio::test]
async fn time_stands_still_at_the_requests_now() {
    let seconds = plugin(&world("(call $wall (i32.const 8)) (i64.load (i32.const 8))")).await;
    assert_eq!(go(&seconds, &Limits::default()).outcome, Ok(1_700_000_000));
    let nanos = plugin(&world("(call $wall (i32.const 8)) (i64.load32_u (i32.const 16))")).await;
    assert_eq!(go(&nanos, &Limits::default()).outcome, Ok(123_000_000));
    let passed = plugin(&world("(i64.sub (call $mono) (call $mono))")).await;
    assert_eq!(go(&passed, &Limits::default()).outcome, Ok(0));
}

#[tokio::test]
async fn random_numbers_belong_to_the_request() {
    let plugin = plugin(&world("(call $random)")).await;
    let of = |request_id| go_for(&plugin, &Limits::default(), Seed { request_id, ..SEED }).outcome.unwrap();
    assert_eq!(of("a"), of("a"));
    assert_ne!(of("a"), of("b"));
}

#[tokio::test]
async fn there_are_no_files() {
    let wat = r#"(component
  (import "wasi:filesystem/types@0.2.0" (instance $types
    (export "descriptor" (type $d (sub resource)))
    (export "[method]descriptor.sync-data" (func (param "self" (borrow $d)) (result bool)))))
  (alias export $types "descriptor" (type $d))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $d (type $d0))
    (export "descriptor" (type $d1 (eq $d0)))
    (export "get-directories" (func (result (list (tuple (own $d1) string)))))))
  (core module $memory (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
  (core instance $mem (instantiate $memory))
  (core func $dirs (canon lower (func $preopens "get-directories")
    (memory $mem "memory") (realloc (func $mem "realloc"))))
  (core module $m
    (import "host" "memory" (memory 1))
    (import "host" "dirs" (func $dirs (param i32)))
    (func (export "go") (result i64) (call $dirs (i32.const 8)) (i64.load32_u (i32.const 12))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "memory" (memory $mem "memory")) (export "dirs" (func $dirs))))))
  (func (export "go") (result u64) (canon lift (core func $i "go"))))"#;
    assert_eq!(outcome(wat, &Limits::default()).await, "0");
}

#[tokio::test]
async fn what_a_plugin_may_not_import_is_named() {
    let wat = r#"(component
      (import "wasi:sockets/network@0.2.0" (instance (export "network" (type (sub resource)))))
      (import "wasi:http/outgoing-handler@0.2.0" (instance (export "handle" (func))))
      (import "wasi:random/random@0.3.0" (instance (export "get-random-u64" (func (result u64)))))
      (import "fondaco:plugin/types@1.0.0" (instance (type $t' (record (field "a" u8))) (export "t" (type (eq $t')))))
      (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64)))))
      (import "loose" (func)))"#;
    let fault = Plugin::prepare(engine(), compile(Class::Plugin, wat).await.unwrap()).unwrap_err();
    assert_eq!(fault.reason, "FORBIDDEN_IMPORT");
    let named: Vec<&str> = fault.metadata.iter().map(|(_, value)| value.as_str()).collect();
    let expected =
        ["wasi:sockets/network@0.2.0", "wasi:http/outgoing-handler@0.2.0", "wasi:random/random@0.3.0", "loose"];
    assert_eq!(named, expected);
}

#[tokio::test]
async fn a_function_that_wasi_does_not_have_is_an_unknown_import() {
    let wat = r#"(component (import "wasi:random/random@0.2.0" (instance (export "dice" (func (result u64))))))"#;
    let fault = Plugin::prepare(engine(), compile(Class::Plugin, wat).await.unwrap()).unwrap_err();
    assert_eq!(fault.reason, "UNKNOWN_IMPORT");
    assert!(fault.message.contains("dice"), "{}", fault.message);
}
