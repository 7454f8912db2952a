//! The `fondaco` command: the host itself, and what speaks to one.
//!
//! `host` is the whole life of a host process; `commands` are its clients and tools, one file each; `client`, `output`
//! and `failure` are what those share, and `rows` what imports, exports and the demo do.

mod cli;
mod client;
mod commands;
mod component;
mod contracts;
mod demo;
mod failure;
mod host;
mod output;
mod rows;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::output::Output;

/// The hot path makes thousands of small strings a request; the system's allocator is half as fast at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Not through clap: the child that compiles strangers' bytes does nothing else first.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "compile-worker") {
        return fondaco_engine::worker::main(arguments);
    }
    // Every client of this process finds it there; nobody else has installed another one yet.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::parse();
    let output = Output::new(cli.common.json);
    match run(cli, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

fn run(cli: Cli, output: Output) -> Result<(), Failure> {
    let mut runtime = match cli.command {
        Command::Up(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build().map_err(anyhow::Error::from)?;
    runtime.block_on(dispatch(cli, output))
}

async fn dispatch(cli: Cli, output: Output) -> Result<(), Failure> {
    let common = &cli.common;
    match cli.command {
        Command::Up(up) => host::up(common, &up, output).await,
        Command::Push(push) => commands::push::run(common, &push, output).await,
        Command::Plugins { name } => commands::plugins::run(common, name.as_deref(), output).await,
        Command::Services => commands::services::run(common, output).await,
        Command::Release(release) => commands::release::run(common, &release, output).await,
        Command::Rollback(rollback) => commands::rollback::run(common, &rollback, output).await,
        Command::Quote(quote) => commands::quote::run(common, &quote, output).await,
        Command::Import(import) => commands::import::run(common, &import, output).await,
        Command::Export(export) => commands::export::run(common, &export, output).await,
        Command::Inspect { file } => commands::inspect::run(&file, output),
        Command::Logs(logs) => commands::logs::run(common, &logs, output).await,
        Command::Keys(keys) => commands::keys::run(common, keys, output).await,
        Command::Audit(audit) => commands::audit::run(common, &audit, output).await,
        Command::Jobs(jobs) => commands::jobs::run(common, jobs, output).await,
        Command::Events(events) => commands::events::run(common, events, output).await,
    }
}
