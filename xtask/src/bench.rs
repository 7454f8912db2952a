//! `cargo xtask bench`: builds everything with optimisations and runs the measurements of `tests/bench`.

use anyhow::Result;

use crate::run::{HOST, cargo, run, target};
use crate::{guests, servers};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Some six minutes
    #[arg(long)]
    quick: bool,
    /// Print one JSON object, last
    #[arg(long)]
    json: bool,
    /// Only this part (`fondaco-bench run --help` names them); may be said more than once
    #[arg(long)]
    only: Vec<String>,
}

/// Builds, then measures. The measuring program's output goes through.
pub(crate) fn bench(args: &Args) -> Result<()> {
    let components = guests::build()?;
    run(
        "build the host and the benchmark, release",
        cargo().args(["build", "--release", "--package", "fondaco-bench"]).args(HOST),
    )?;
    let release = target().join("release");
    let mut measure = std::process::Command::new(release.join("fondaco-bench"));
    measure.arg("run").arg("--host").arg(release.join("fondaco")).arg("--components").arg(components);
    measure.args(args.only.iter().flat_map(|part| ["--only", part]));
    // Redis, where `cargo xtask setup` got it.
    measure.env("PATH", servers::path()?);
    if args.quick {
        measure.arg("--quick");
    }
    if args.json {
        measure.arg("--json");
    }
    run("measure", &mut measure)
}
