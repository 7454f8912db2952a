//! Swapping under load: what 32 clients notice of 1,000 swaps and rollbacks of a plugin and 100 of a service.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::Options;
use crate::host::{Host, Release, distinct};
use crate::load::load;
use crate::quotes::{CONNECTIONS, target};
use crate::scene;

/// What the clients noticed.
#[derive(Serialize)]
pub(crate) struct Swaps {
    pub(crate) plugins: usize,
    pub(crate) services: usize,
    pub(crate) quotes: u64,
    pub(crate) failed: u64,
    pub(crate) seconds: f64,
    pub(crate) steady_p50_us: f64,
    pub(crate) steady_p99_us: f64,
    pub(crate) swapping_p50_us: f64,
    pub(crate) swapping_p99_us: f64,
}

/// How often: half of them releases, half rollbacks.
const PLUGIN_SWAPS: usize = 1_000;
const SERVICE_SWAPS: usize = 100;

/// Steady load, then the same with swaps at an even pace, in slices that take turns.
pub(crate) async fn measure(host: &Host, options: &Options) -> Result<Swaps> {
    prepare(host).await?;
    let slices = if options.quick { 10 } else { 20 };
    let target = target(&host.server.address, &host.key, 10);
    let (mut steady, mut swapping) = (crate::load::Outcome::empty()?, crate::load::Outcome::empty()?);
    load(&target, CONNECTIONS, Duration::from_millis(500)).await?;
    for slice in 0..slices {
        let length = Duration::from_millis(if options.quick { 1_500 } else { 4_000 });
        let calm = load(&target, CONNECTIONS, length / 2).await?;
        steady.add(calm)?;
        let (busy, swapped) = tokio::join!(load(&target, CONNECTIONS, length), swap_some(host, slice, slices, length));
        swapped?;
        swapping.add(busy?)?;
    }
    Ok(Swaps {
        plugins: PLUGIN_SWAPS,
        services: SERVICE_SWAPS,
        quotes: swapping.answered,
        failed: steady.failed + swapping.failed,
        seconds: swapping.elapsed.as_secs_f64(),
        steady_p50_us: steady.quantile_us(0.5),
        steady_p99_us: steady.quantile_us(0.99),
        swapping_p50_us: swapping.quantile_us(0.5),
        swapping_p99_us: swapping.quantile_us(0.99),
    })
}

async fn prepare(host: &Host) -> Result<()> {
    let plugin = host.component("merchants/volume-tiers")?;
    host.push(scene::TENANT, "volume-tiers", "2.0.0", distinct(&plugin, 2)).await?;
    let pricing = host.component("services/pricing")?;
    host.push_service("pricing", "2.0.0", distinct(&pricing, 2)).await
}

/// This slice's share of all swaps, spread over most of its length.
async fn swap_some(host: &Host, slice: usize, slices: usize, length: Duration) -> Result<()> {
    let (plugins, services) = (PLUGIN_SWAPS / slices, SERVICE_SWAPS / slices);
    let started = Instant::now();
    let every = plugins / services.max(1);
    for number in 0..plugins {
        let due = length.mul_f64(0.9 * number as f64 / plugins as f64);
        tokio::time::sleep(due.saturating_sub(started.elapsed())).await;
        swap_plugin(host, number).await?;
        if number % every == 0 {
            swap_service(host, slice * services + number / every).await?;
        }
    }
    Ok(())
}

async fn swap_plugin(host: &Host, number: usize) -> Result<()> {
    if number % 2 == 1 {
        return host.rollback("price-rule", "volume-tiers").await;
    }
    let config = scene::VOLUME_TIERS_CONFIG;
    let release = Release {
        tenant: scene::TENANT,
        point: "price-rule",
        name: "volume-tiers",
        version: "2.0.0",
        position: 0,
        config,
    };
    host.release(&release).await
}

async fn swap_service(host: &Host, number: usize) -> Result<()> {
    if number % 2 == 1 {
        return host.rollback_service("pricing").await;
    }
    host.release_service("pricing", "2.0.0", scene::PRICING_CONFIG).await
}
