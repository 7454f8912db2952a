//! How a quote's cost grows: with lines, with plugins, with tenants.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;

use crate::host::{Host, Release};
use crate::load::{Ask, Target};
use crate::quotes::{Contender, Row, interleave, release_scene, target};
use crate::{Options, scene};

/// The figures, and the host's memory.
#[derive(Serialize)]
pub(crate) struct Growth {
    pub(crate) lines: Vec<Row>,
    pub(crate) plugins: Vec<Row>,
    pub(crate) tenants: Vec<Row>,
    pub(crate) resident_mib: f64,
}

/// All three, on one host.
pub(crate) async fn measure(host: &Host, options: &Options) -> Result<Growth> {
    let (rounds, turn) = if options.quick { (3, Duration::from_millis(400)) } else { (8, Duration::from_secs(1)) };
    let mut by_lines = Vec::new();
    for lines in [1, 10, 50, 200] {
        by_lines.push(Contender::new(
            format!("{lines} lines"),
            target(&host.server.address, &host.key, lines),
            vec![&host.server],
        )?);
    }
    let lines = interleave(&mut by_lines, rounds, turn).await?;

    let mut by_plugins = Vec::new();
    for plugins in [1, 5, 20] {
        let tenant = format!("plugins-{plugins}");
        release_promotions(host, &tenant, plugins).await?;
        by_plugins.push(Contender::new(
            format!("{plugins} plugins"),
            of_tenants(host, vec![tenant]),
            vec![&host.server],
        )?);
    }
    let plugins = interleave(&mut by_plugins, rounds, turn).await?;

    let names: Vec<String> = (0..1_000).map(|number| format!("tenant-{number}")).collect();
    // Four at a time: most of it is waiting for compilations and for the disk.
    let releases = names.iter().enumerate().map(|(number, name)| release_scene(host, name, Some(number)));
    futures::stream::iter(releases).buffer_unordered(4).try_collect::<Vec<()>>().await?;
    // What many tenants cost without many components: their instances of services, and where things are looked up.
    let alike: Vec<String> = (0..100).map(|number| format!("alike-{number}")).collect();
    let releases = alike.iter().map(|name| release_scene(host, name, None));
    futures::stream::iter(releases).buffer_unordered(4).try_collect::<Vec<()>>().await?;
    let mut by_tenants = vec![Contender::new("100 tenants, alike", of_tenants(host, alike), vec![&host.server])?];
    for tenants in [1, 100, 1_000] {
        let some = names.iter().take(tenants).cloned().collect();
        by_tenants.push(Contender::new(format!("{tenants} tenants"), of_tenants(host, some), vec![&host.server])?);
    }
    let (rounds, turn) = if options.quick { (5, Duration::from_millis(800)) } else { (8, Duration::from_secs(2)) };
    let tenants = interleave(&mut by_tenants, rounds, turn).await?;
    Ok(Growth { lines, plugins, tenants, resident_mib: host.server.resident_mib()? })
}

async fn release_promotions(host: &Host, tenant: &str, plugins: usize) -> Result<()> {
    for position in 0..plugins {
        let name = format!("tiered-spend-{position}");
        host.push(tenant, &name, "1.0.0", host.component("merchants/tiered-spend")?).await?;
        let config = scene::TIERED_SPEND_CONFIG;
        host.release(&Release { tenant, point: "promotion", name: &name, version: "1.0.0", position, config }).await?;
    }
    Ok(())
}

fn of_tenants(host: &Host, tenants: Vec<String>) -> Target {
    let body = bytes::Bytes::from(scene::request(10).to_string());
    let asks = tenants.into_iter().map(|tenant| Ask { tenant: Some(tenant), body: body.clone() }).collect();
    Target { asks: Arc::new(asks), ..target(&host.server.address, &host.key, 10) }
}
