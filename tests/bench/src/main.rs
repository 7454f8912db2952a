//! Measures the host against native code and against webhooks, side by side in one run. Started by `cargo xtask bench`.
//!
//! A benchmark is a tool, not a product: it may use floating point for its figures, and it stops at the first error.
#![allow(clippy::cast_precision_loss)]

mod door;
mod duel;
mod growth;
mod host;
mod load;
mod log;
mod measure;
mod native;
mod plugin_call;
mod process;
mod quotes;
mod report;
mod scene;
mod stages;
mod swap;
mod webhook;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The allocator of the host, so that native code and webhooks have no worse one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure everything
    Run(Options),
    /// Serve quotes with rules linked, or over webhooks
    ServeQuotes {
        #[arg(long)]
        listen: String,
        /// A host's state, whose keys are good here
        #[arg(long)]
        state: PathBuf,
        #[arg(long)]
        webhooks: Option<String>,
    },
    /// Measure builds of the host against each other
    Duel(duel::Duel),
    /// Serve the rules as webhooks
    ServeRules {
        #[arg(long)]
        listen: String,
    },
}

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The host's binary
    #[arg(long)]
    host: PathBuf,
    /// The folder of built components
    #[arg(long)]
    components: PathBuf,
    /// Less than three minutes
    #[arg(long)]
    quick: bool,
    /// Print one JSON object, last
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    // No client can be built without one.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    match Cli::parse().command {
        Command::Run(options) => run(&options).await,
        Command::ServeQuotes { listen, state, webhooks } => {
            let way = match webhooks {
                None => native::Way::Linked,
                Some(address) => native::Way::Webhook(webhook::Webhooks::new(address)?),
            };
            door::serve(&listen, &state, Arc::new(native::Shop::new(way)?)).await
        }
        Command::Duel(duel) => duel::run(&duel).await,
        Command::ServeRules { listen } => webhook::serve_rules(&listen).await,
    }
}

async fn run(options: &Options) -> Result<()> {
    let folder = tempfile::tempdir()?;
    eprintln!("• one plugin call");
    let plugin_call =
        plugin_call::measure(&options.components, &[1, 10, 50, 200], if options.quick { 250 } else { 1_500 }).await?;
    let host = host::Host::start(&options.host, &options.components, &folder.path().join("host")).await?;
    quotes::release_scene(&host, scene::TENANT, None).await?;
    eprintln!("• quotes over HTTP");
    let quotes = quotes::compare(&host, options, folder.path()).await?;
    let stages_us = stages::measure(&host, 500).await?;
    eprintln!("• swaps under load");
    let swaps = swap::measure(&host, options).await?;
    eprintln!("• growth");
    let growth = growth::measure(&host, options).await?;
    let report = report::Report { plugin_call, quotes, stages_us, growth, swaps };
    report.print();
    if options.json {
        println!("{}", report.json());
    }
    Ok(())
}
