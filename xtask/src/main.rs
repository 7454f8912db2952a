//! `cargo xtask …`: the chores of this repository, so that two commands do everything on a fresh machine.
//!
//! It orchestrates `cargo` and the tools that the tests start; it knows nothing of what Fondaco does.

mod bench;
mod check;
mod guests;
mod run;
mod servers;
mod setup;
mod up;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The chores of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Build the plugins, start the host with a demo merchant, print what to try
    Up(up::Args),
    /// Set up, check format and lints, run all tests
    Test(check::Args),
    /// Get what builds and tests need: Wasm targets, cargo-nextest, the stock wasmtime CLI
    Setup,
    /// Build all guests (services, built-in rules, merchants' plugins) into target/components
    BuildPlugins,
    /// Measure; `--quick --json` takes some six minutes and prints one JSON object, last
    Bench(bench::Args),
}

fn main() -> Result<()> {
    match Cli::parse().chore {
        Chore::Up(args) => up::up(&args),
        Chore::Test(args) => check::test(&args),
        Chore::Setup => setup::setup(),
        Chore::BuildPlugins => guests::build().map(drop),
        Chore::Bench(args) => bench::bench(&args),
    }
}
