//! One call of a promotion over a cart: native Rust, a fresh store each time, an instance used again, both cores.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use fondaco_engine::{Class, Engine, EngineConfig, Fault, Limits, Plugin, Seed};
use fondaco_points::wit::{self, Cart};
use fondaco_points::{ActivePlugin, Held, OnFailure, PluginSpec, Points, promotion};
use fondaco_sdk::points::Promotion;
use serde::Serialize;

use crate::measure::{median, median_us};
use crate::scene;

/// Calls of one instance before it is made anew: its allocator never frees.
const REUSES: usize = 100;
/// No plugin needs as long.
const TIME: Duration = Duration::from_secs(1);

/// Microseconds a call.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) lines: u32,
    pub(crate) native_us: f64,
    pub(crate) reused_us: f64,
    pub(crate) fresh_us: f64,
    pub(crate) both_cores_us: f64,
}

/// A row for each number of lines.
pub(crate) async fn measure(components: &Path, lines: &[u32], budget_ms: u64) -> Result<Vec<Row>> {
    let engine = Engine::new(EngineConfig::in_process())?;
    let plugin = Arc::new(load(&engine, &components.join("merchants/tiered-spend.wasm")).await?);
    let typed = plugin.loaded().context("the plugin was not loaded")?;
    let bare = Plugin::prepare(&engine, Arc::clone(typed.compiled())).map_err(fault)?;
    lines.iter().map(|lines| row(&plugin, &bare, *lines, budget_ms)).collect()
}

async fn load(engine: &Engine, path: &Path) -> Result<ActivePlugin> {
    let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
    let compiled = engine.compile(Class::Plugin, bytes.into()).await.map_err(fault)?;
    let spec = PluginSpec {
        name: "tiered-spend".into(),
        version: "1.0.0".into(),
        compiled,
        config: scene::TIERED_SPEND_CONFIG.into(),
        on_failure: OnFailure::Skip,
        limits: None,
        fallback: None,
    };
    Points::new(engine.clone()).prepare(spec).map_err(fault)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn fault(fault: Fault) -> anyhow::Error {
    anyhow!("{}: {}", fault.reason, fault.message)
}

fn row(plugin: &Arc<ActivePlugin>, bare: &Plugin, lines: u32, budget_ms: u64) -> Result<Row> {
    let cart = Arc::new(Held::from(scene::cart(lines)));
    let native = scene::native_cart(lines);
    fresh_once(plugin, &cart)?;
    let native_us = median_us(budget_ms, || {
        std::hint::black_box(merchant_tiered_spend::Plugin::run(&native, scene::TIERED_SPEND_CONFIG).is_ok());
    });
    let fresh_us = median_us(budget_ms, || {
        std::hint::black_box(fresh_once(plugin, &cart).is_ok());
    });
    let reused_us = reused(bare, &cart, budget_ms)?;
    let both_cores_us = both_cores(plugin, &cart, budget_ms)?;
    Ok(Row { lines, native_us, reused_us, fresh_us, both_cores_us })
}

fn fresh_once(plugin: &ActivePlugin, cart: &Held) -> Result<()> {
    let answer = plugin.call::<promotion::Evaluate>(cart, &(), TIME).outcome.map_err(fault)?;
    answer.map(drop).map_err(|fault| anyhow!("{}: {}", fault.reason, fault.message))
}

type Answer = (Result<Vec<promotion::Operation>, wit::Fault>,);

/// The same instance again and again; made anew outside of the measured time.
fn reused(plugin: &Plugin, cart: &Cart, budget_ms: u64) -> Result<f64> {
    let until = Instant::now() + Duration::from_millis(budget_ms);
    let limits = Limits {
        fuel: u64::MAX / 2,
        wall: Duration::from_mins(1),
        memory_bytes: 64 << 20,
        output_bytes: 64 << 20,
        ..Limits::default()
    };
    let mut costs = Vec::new();
    while Instant::now() < until {
        let run = plugin.run(&limits, Seed { now_ms: 0, request_id: "bench" }, |store, linked| {
            let instance = linked.pre.instantiate(&mut *store)?;
            let interface = instance.get_export_index(&mut *store, None, "fondaco:plugin/promotion@1.0.0");
            let index = instance.get_export_index(&mut *store, interface.as_ref(), "evaluate");
            let index = index.ok_or_else(|| wasmtime::format_err!("no evaluate"))?;
            let function = instance.get_typed_func::<(&Cart, &str), Answer>(&mut *store, index)?;
            let started = Instant::now();
            for _ in 0..REUSES {
                store.set_hostcall_fuel(64 << 20);
                std::hint::black_box(function.call(&mut *store, (cart, scene::TIERED_SPEND_CONFIG))?.0.is_ok());
            }
            Ok(started.elapsed())
        });
        costs.push(run.outcome.map_err(fault)?.as_nanos() as f64 / REUSES as f64 / 1e3);
    }
    Ok(median(&mut costs))
}

/// Two threads at once, each with fresh stores: what one call costs when both cores make and drop instances.
fn both_cores(plugin: &Arc<ActivePlugin>, cart: &Arc<Held>, budget_ms: u64) -> Result<f64> {
    let stop = Arc::new(AtomicBool::new(false));
    let start = Arc::new(Barrier::new(2));
    let other = {
        let (plugin, cart, stop, start) = (Arc::clone(plugin), Arc::clone(cart), Arc::clone(&stop), Arc::clone(&start));
        std::thread::spawn(move || {
            start.wait();
            while !stop.load(Ordering::Relaxed) {
                std::hint::black_box(fresh_once(&plugin, &cart).is_ok());
            }
        })
    };
    start.wait();
    let cost = median_us(budget_ms, || {
        std::hint::black_box(fresh_once(plugin, cart).is_ok());
    });
    stop.store(true, Ordering::Relaxed);
    other.join().map_err(|_| anyhow!("the other thread panicked"))?;
    Ok(cost)
}
