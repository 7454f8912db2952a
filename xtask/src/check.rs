//! `cargo xtask test`: everything that must hold before a commit.

use anyhow::Result;

use crate::run::{HOST, cargo, run};
use crate::{guests, servers, setup};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out the release build of the host (the determinism test then compares restarts only)
    #[arg(long)]
    no_release: bool,
    /// Passed to `cargo nextest run`, for instance a test's name
    #[arg(last = true)]
    nextest: Vec<String>,
}

/// Sets up, checks format and lints, builds the guests and the host in both profiles, runs all tests.
pub(crate) fn test(args: &Args) -> Result<()> {
    setup::setup()?;
    run("check the format", cargo().args(["fmt", "--all", "--check"]))?;
    run("lint", cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    let components = guests::build()?;
    run("build everything", cargo().args(["build", "--workspace", "--all-targets"]))?;
    if !args.no_release {
        run("build the host, release", cargo().args(["build", "--release"]).args(HOST))?;
    }
    run("run the documentation's examples", cargo().args(["test", "--doc", "--workspace", "--quiet"]))?;
    run(
        "run the tests",
        cargo()
            .args(["nextest", "run", "--workspace", "--no-fail-fast"])
            .args(&args.nextest)
            .env("PATH", servers::path()?)
            .env("FONDACO_COMPONENTS", &components)
            .env("FONDACO_WASMTIME", setup::wasmtime_path()?),
    )
}
