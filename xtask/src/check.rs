//! `cargo xtask test`: everything that must hold before a commit.

use anyhow::Result;

use crate::run::{HOST, cargo, run, target};
use crate::{guests, servers, setup};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build the host in release too, and compare its answers with the dev build's; takes as long as all else
    #[arg(long)]
    release: bool,
    /// Passed to `cargo nextest run`, for instance a test's name
    #[arg(last = true)]
    nextest: Vec<String>,
}

/// Sets up, checks format and lints, builds guests, host and tests, runs all tests.
pub(crate) fn test(args: &Args) -> Result<()> {
    setup::setup()?;
    run("check the format", cargo().args(["fmt", "--all", "--check"]))?;
    run("lint", cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    let components = guests::build()?;
    run("build everything", cargo().args(["build", "--workspace", "--all-targets"]))?;
    if args.release {
        run("build the host, release", cargo().args(["build", "--release"]).args(HOST))?;
    }
    run("run the documentation's examples", cargo().args(["test", "--doc", "--workspace", "--quiet"]))?;
    let mut tests = cargo();
    tests.args(["nextest", "run", "--workspace", "--no-fail-fast"]).args(&args.nextest);
    tests.env("PATH", servers::path()?);
    tests.env("FONDACO_COMPONENTS", &components).env("FONDACO_WASMTIME", setup::wasmtime_path()?);
    if args.release {
        tests.env("FONDACO_RELEASE_BIN", target().join("release/fondaco"));
    }
    run("run the tests", &mut tests)
}
