//! `cargo xtask up`: a running host with a demo merchant, from a clean clone.

use anyhow::Result;

use crate::guests;
use crate::run::{HOST, cargo, root, run, target};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build the host with optimisations (longer to build, several times faster)
    #[arg(long)]
    release: bool,
    /// Passed to `fondaco up`, for instance `--listen 127.0.0.1:9000`
    #[arg(last = true)]
    host: Vec<String>,
}

/// Builds guests and host, then becomes `fondaco up`.
pub(crate) fn up(args: &Args) -> Result<()> {
    let components = guests::build()?;
    let mut build = cargo();
    build.arg("build").args(HOST);
    if args.release {
        build.arg("--release");
    }
    run("build the host", &mut build)?;
    let binary = target().join(if args.release { "release" } else { "debug" }).join("fondaco");
    let mut host = std::process::Command::new(binary);
    host.arg("up").arg("--seed").arg(root().join("plugins/demo")).arg("--components").arg(components).args(&args.host);
    run("start the host (Ctrl-C stops it)", &mut host)
}
