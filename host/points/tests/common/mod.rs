//! Plugins for tests: a few lines of core WebAssembly, made into components of the real worlds.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fondaco_engine::{CallContext, Class, Engine, EngineConfig, Outcomes, Roles};
use fondaco_points::{ActivePlugin, OnFailure, PluginLimits, PluginSpec, Points};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve};

pub fn engine() -> Engine {
    Engine::new(EngineConfig::in_process()).unwrap()
}

/// The contracts, and the package of the extension points among them.
pub fn contracts() -> (Resolve, PackageId) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let mut resolve = Resolve::default();
    resolve.push_dir(root.join("types")).unwrap();
    let (package, _) = resolve.push_dir(root.join("plugin")).unwrap();
    (resolve, package)
}

/// A component of `world` around a core module's text.
pub fn component(world: &str, module: &str) -> Vec<u8> {
    let (resolve, package) = contracts();
    wrap(&resolve, package, world, module)
}

pub fn wrap(resolve: &Resolve, package: PackageId, world: &str, module: &str) -> Vec<u8> {
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut core = wat::parse_str(module).unwrap();
    embed_component_metadata(&mut core, resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&core).unwrap().validate(true).encode().unwrap()
}

/// A module with a memory, an allocator that never frees and counts its calls, and `rest`.
pub fn module(rest: &str) -> String {
    format!(
        r#"(module
            (memory (export "memory") 4)
            (global $top (mut i32) (i32.const 65536))
            (global $rooms (mut i64) (i64.const 0))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (global.set $rooms (i64.add (global.get $rooms) (i64.const 1)))
                (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
                (global.set $top (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
            {rest})"#
    )
}

/// What a price rule does; each answers for line 0, in the contract's memory layout.
pub enum Body {
    /// Takes so many cents off what line 0 costs now, for the currency of these three letters.
    Off(i64, &'static str),
    /// Prices line 0 at as many cents as the host asked for room.
    Rooms,
    /// Prices a line that the cart does not have.
    UnknownLine,
    /// Runs until it is stopped.
    Loop,
    /// Breaks.
    Trap,
    /// Calls itself for ever.
    Recurse,
    /// Answers `err(fault)` with this reason of 4 letters.
    Declines(&'static str),
    /// Says that it answers with so many prices.
    Flood(i32),
}

/// A price rule.
pub fn price_rule(body: &Body) -> Vec<u8> {
    component("price-rule-plugin", &module(&price_rule_body(body)))
}

/// A price rule that promises to give no memory back.
pub fn price_rule_with_arena(body: &Body) -> Vec<u8> {
    let (mut resolve, _) = contracts();
    let world = "package test:arena; world rule {
        include fondaco:plugin/price-rule-plugin@1.0.0;
        export fondaco:plugin/arena@1.0.0;
    }";
    let package = resolve.push_str("arena.wit", world).unwrap();
    wrap(&resolve, package, "rule", &module(&price_rule_body(body)))
}

/// `result<prices, fault>` lies at 256: a discriminant, then from 260 currency, rules and prices, or the fault. The text
/// that is named lies at 512, the one price at 768: line, unit at 776, rule; the one rule, without name and reasons, at
/// 1024. In the argument, `lines` is at 152, and the unit of a line at 48.
fn price_rule_body(body: &Body) -> String {
    let priced = |text: &str, line: u32, unit: &str, count: i32| {
        format!(
            r#"(data (i32.const 512) "{text}")
            (func (export "fondaco:plugin/price-rule@1.0.0#evaluate") (param $cart i32) (result i32)
                (i32.store (i32.const 260) (i32.const 512)) (i32.store (i32.const 264) (i32.const 3))
                (i32.store (i32.const 268) (i32.const 1024)) (i32.store (i32.const 272) (i32.const 1))
                (i32.store (i32.const 276) (i32.const 768)) (i32.store (i32.const 280) (i32.const {count}))
                (i32.store (i32.const 768) (i32.const {line}))
                (i64.store (i32.const 776) {unit})
                (i32.const 256))"#
        )
    };
    let answer = |text: &str, line: u32, off: i64, count: i32| {
        let unit = "(i64.load offset=48 (i32.load offset=152 (local.get $cart)))";
        priced(text, line, &format!("(i64.sub {unit} (i64.const {off}))"), count)
    };
    match body {
        Body::Off(cents, currency) => answer(currency, 0, *cents, 1),
        Body::Rooms => priced("EUR", 0, "(global.get $rooms)", 1),
        Body::UnknownLine => answer("EUR", 99, 0, 1),
        Body::Flood(count) => answer("EUR", 0, 0, *count),
        Body::Loop => function("(loop (br 0)) (unreachable)"),
        Body::Trap => function("(unreachable)"),
        Body::Recurse => format!(
            "(func $down (param i32) (result i32) (i32.add (call $down (local.get 0)) (i32.const 1))) {}",
            function("(call $down (i32.const 0))")
        ),
        Body::Declines(reason) => format!(
            r#"(data (i32.const 512) "{reason}") {}"#,
            function(
                "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store8 (i32.const 260) (i32.const 2))
                 (i32.store (i32.const 264) (i32.const 512)) (i32.store (i32.const 268) (i32.const 14))
                 (i32.const 256)"
            )
        ),
    }
}

fn function(body: &str) -> String {
    format!(r#"(func (export "fondaco:plugin/price-rule@1.0.0#evaluate") (param i32) (result i32) {body})"#)
}

/// Limits that a test can reach: one million instructions, and all the time it takes to use them.
pub fn limits() -> PluginLimits {
    let mut limits = PluginLimits::default();
    limits.base.fuel = 1_000_000;
    limits.base.wall = Duration::from_mins(1);
    limits
}

/// A released plugin.
pub async fn active(
    points: &Points,
    engine: &Engine,
    name: &str,
    bytes: Vec<u8>,
    on_failure: OnFailure,
    fallback: Option<ActivePlugin>,
) -> ActivePlugin {
    let compiled = engine.compile(Class::Plugin, Bytes::from(bytes)).await.unwrap();
    let spec = PluginSpec {
        name: name.into(),
        version: "1.0.0".into(),
        compiled,
        config: "{}".into(),
        on_failure,
        limits: Some(limits()),
        fallback: fallback.map(Into::into),
    };
    points.prepare(spec).unwrap()
}

pub fn call(tenant: &str) -> CallContext {
    CallContext {
        tenant: tenant.parse().unwrap(),
        subject: "test".into(),
        roles: Roles::CALLER,
        request_id: "r-1".into(),
        deadline: Instant::now() + Duration::from_mins(10),
        depth: 0,
        outcomes: Outcomes::collecting(),
    }
}
