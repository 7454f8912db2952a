//! Two builds of the host against each other: what a change to it is worth.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::host::Host;
use crate::quotes::{Contender, Rivals, interleave, release_scene, target};
use crate::report::rows;
use crate::{scene, stages};

/// Builds, each a folder with `fondaco` and `components/` in it.
#[derive(clap::Args)]
pub(crate) struct Duel {
    /// Folders
    #[arg(required = true)]
    builds: Vec<PathBuf>,
    /// Against native and webhooks too
    #[arg(long)]
    rivals: bool,
    /// Turns of half a second
    #[arg(long, default_value_t = 8)]
    rounds: usize,
    /// Lines of the cart
    #[arg(long, default_value_t = 10)]
    lines: usize,
}

/// Measures quotes, then stages.
pub(crate) async fn run(duel: &Duel) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut hosts = Vec::new();
    for (number, build) in duel.builds.iter().enumerate() {
        let state = folder.path().join(number.to_string());
        let host = Host::start(&build.join("fondaco"), &build.join("components"), &state).await?;
        release_scene(&host, scene::TENANT, None).await?;
        hosts.push(host);
    }
    let contender = |(build, host): (&PathBuf, _)| {
        let host: &Host = host;
        let target = target(&host.server.address, &host.key, duel.lines);
        Contender::new(build.display().to_string(), target, vec![&host.server])
    };
    let mut contenders = duel.builds.iter().zip(&hosts).map(contender).collect::<Result<Vec<_>>>()?;
    let rivals;
    if let (true, Some(build), Some(host)) = (duel.rivals, duel.builds.first(), hosts.first()) {
        rivals = Rivals::start(&build.join("fondaco"), folder.path()).await?;
        contenders.extend(rivals.contenders(host, duel.lines).await?);
    }
    rows("a quote", &interleave(&mut contenders, duel.rounds, Duration::from_millis(500)).await?);
    for _ in 0..2 {
        for (build, host) in duel.builds.iter().zip(&hosts) {
            let stages = stages::measure(host, 1_000).await?;
            let sum: f64 = stages.iter().map(|(_, micros)| micros).sum();
            let text: Vec<String> = stages.iter().map(|(stage, micros)| format!("{stage} {micros:.1}")).collect();
            println!("{}: {sum:.1} = {}", build.display(), text.join(", "));
        }
    }
    Ok(())
}
