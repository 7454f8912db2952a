//! A real service on the real engine: it hands a cart over, runs the tenant's plugins inline, and reads the verdict.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::sync::Arc;

use bytes::Bytes;
use common::{Body, active, call, engine, price_rule, wrap};
use fondaco_engine::wasmtime::component::Val;
use fondaco_engine::{CallContext, Class, Engine, Fault, ServiceLimits, ServiceRelease, Services};
use fondaco_points::{OnFailure, PluginSet, Points};

const WIT: &str = "package test:probe@1.0.0;
    interface probe {
        use fondaco:types/faults@1.0.0.{fault};
        /// What line 0 costs after the price rules; -1 when the first rule failed, -2 when the call did.
        price: func() -> result<s64, fault>;
        /// The same, of the cart that the call before handed over.
        again: func() -> result<s64, fault>;
        /// Whether a cart without lines is refused: 1 or 0.
        empty: func() -> result<s64, fault>;
    }
    world w { import fondaco:plugin/evaluations@1.0.0; import fondaco:plugin/price-rules@1.0.0; export probe; }";

/// The cart lies at 1024: request id and currency at 0 and 24, one line at 152. The line lies at 2048: sku, quantity
/// at 40, unit at 48, total at 72. A verdict is a source of 40 bytes and an outcome: a discriminant, and from 44
/// currency, rules and prices.
const MODULE: &str = r#"(module
    (import "fondaco:plugin/evaluations@1.0.0" "[static]evaluation.open" (func $open (param i32 i32)))
    (import "fondaco:plugin/price-rules@1.0.0" "evaluate" (func $evaluate (param i32 i32)))
    (memory (export "memory") 2)
    (global $top (mut i32) (i32.const 65536))
    (global $held (mut i32) (i32.const -1))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
        (global.set $top (i32.add (local.get $at) (local.get 3)))
        (local.get $at))
    (data (i32.const 512) "EUR")
    (func $text (param $at i32) (i32.store (local.get $at) (i32.const 512)) (i32.store offset=4 (local.get $at) (i32.const 3)))
    (func $answer (param $value i64) (result i32)
        (i32.store8 (i32.const 256) (i32.const 0)) (i64.store (i32.const 264) (local.get $value)) (i32.const 256))
    (func $fill (param $lines i32)
        (call $text (i32.const 1024)) (call $text (i32.const 1048))
        (i32.store (i32.const 1176) (i32.const 2048)) (i32.store (i32.const 1180) (local.get $lines))
        (call $text (i32.const 2048)) (i32.store (i32.const 2088) (i32.const 3))
        (i64.store (i32.const 2096) (i64.const 1000)) (i64.store (i32.const 2120) (i64.const 3000)))
    (func $run (result i32)
        (call $evaluate (global.get $held) (i32.const 384))
        (if (i32.load8_u (i32.const 384)) (then (return (call $answer (i64.const -2)))))
        (if (i32.load8_u offset=40 (i32.load (i32.const 388))) (then (return (call $answer (i64.const -1)))))
        (call $answer (i64.load offset=8 (i32.load offset=60 (i32.load (i32.const 388))))))
    (func (export "test:probe/probe@1.0.0#price") (result i32)
        (call $fill (i32.const 1))
        (call $open (i32.const 1024) (i32.const 320))
        (if (i32.load8_u (i32.const 320)) (then (unreachable)))
        (global.set $held (i32.load (i32.const 324)))
        (call $run))
    (func (export "test:probe/probe@1.0.0#again") (result i32) (call $run))
    (func (export "test:probe/probe@1.0.0#empty") (result i32)
        (call $fill (i32.const 0))
        (call $open (i32.const 1024) (i32.const 320))
        (call $answer (i64.extend_i32_u (i32.load8_u (i32.const 320))))))"#;

struct Host {
    engine: Engine,
    points: Points,
    services: Services,
}

impl Host {
    async fn new() -> Self {
        let engine = engine();
        let points = Points::new(engine.clone());
        let services = Services::new(&engine, vec![points.extension()], ServiceLimits::default());
        let (mut resolve, _) = common::contracts();
        let package = resolve.push_str("probe.wit", WIT).unwrap();
        let bytes = Bytes::from(wrap(&resolve, package, "w", MODULE));
        let release = ServiceRelease {
            compiled: engine.compile(Class::Service, bytes).await.unwrap(),
            version: "1.0.0".into(),
            config: "{}".into(),
            routes: vec![],
            read_only: vec![],
            grants: Arc::default(),
            docs: Arc::default(),
        };
        services.activate("probe".parse().unwrap(), release).await.unwrap();
        Self { engine, points, services }
    }

    async fn serve(&self, tenant: &str, body: &Body, on_failure: OnFailure) {
        let plugin = active(&self.points, &self.engine, "rule", price_rule(body), on_failure, None).await;
        self.points.serve(&tenant.parse().unwrap(), PluginSet::new([Arc::new(plugin)]));
    }

    async fn call(&self, ctx: &CallContext, function: &str) -> Result<i64, Fault> {
        let function = self.services.function("probe", "probe", function)?;
        match self.services.call(ctx, &function, vec![]).await? {
            Some(Val::S64(price)) => Ok(price),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_service_runs_its_callers_plugins() {
    let host = Host::new().await;
    host.serve("acme", &Body::Off(100, "EUR"), OnFailure::Skip).await;
    host.serve("bazaar", &Body::Off(1, "EUR"), OnFailure::Skip).await;
    assert_eq!(host.call(&call("acme"), "price").await, Ok(900));
    assert_eq!(host.call(&call("bazaar"), "price").await, Ok(999));
}

#[tokio::test]
async fn a_skipped_rule_is_a_verdict_and_a_blocking_one_fails_the_call() {
    let host = Host::new().await;
    host.serve("acme", &Body::Trap, OnFailure::Skip).await;
    assert_eq!(host.call(&call("acme"), "price").await, Ok(-1));
    host.serve("acme", &Body::Trap, OnFailure::Block).await;
    assert_eq!(host.call(&call("acme"), "price").await, Ok(-2));
}

#[tokio::test]
async fn a_plugin_uses_its_whole_stack_on_the_services() {
    let host = Host::new().await;
    host.serve("acme", &Body::Recurse, OnFailure::Skip).await;
    let ctx = call("acme");
    assert_eq!(host.call(&ctx, "price").await, Ok(-1));
    assert_eq!(ctx.outcomes.take()[0].fault.as_deref(), Some("STACK_EXHAUSTED"));
}

#[tokio::test]
async fn a_cart_out_of_bounds_comes_back_as_a_fault() {
    assert_eq!(Host::new().await.call(&call("acme"), "empty").await, Ok(1));
}

#[tokio::test]
async fn a_cart_is_of_no_use_to_the_next_call() {
    let host = Host::new().await;
    host.serve("acme", &Body::Off(100, "EUR"), OnFailure::Skip).await;
    assert_eq!(host.call(&call("acme"), "price").await, Ok(900));
    // The warm instance still has its handle; the request is another one, whatever it calls itself.
    let fault = host.call(&call("acme"), "again").await.unwrap_err();
    assert!(fault.code.http_status() >= 500, "{fault}");
    // Within one request the cart stays, with the prices that the rules left.
    let ctx = call("acme");
    assert_eq!(host.call(&ctx, "price").await, Ok(900));
    assert_eq!(host.call(&ctx, "again").await, Ok(800));
}
