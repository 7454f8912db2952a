//! Measures the host against native code and against webhooks, side by side in one run. Started by `cargo xtask bench`.
//!
//! A benchmark is a tool, not a product: it may use floating point for its figures, and it stops at the first error.
#![allow(clippy::cast_precision_loss)]

mod door;
mod duel;
mod events;
mod full_quote;
mod growth;
mod host;
mod house;
mod load;
mod log;
mod measure;
mod native;
mod plugin_call;
mod process;
mod quotes;
mod report;
mod scene;
mod sql;
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
    /// Shorter turns
    #[arg(long)]
    quick: bool,
    /// Print one JSON object, last
    #[arg(long)]
    json: bool,
    /// Only this part; may be said more than once
    #[arg(long)]
    only: Vec<Part>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// One call of a plugin
    PluginCall,
    /// Quotes over HTTP against native code and webhooks
    Quotes,
    /// Quotes while releases are swapped
    Swaps,
    /// Quotes with more lines, plugins and tenants
    Growth,
    /// Statements through a service
    Sql,
    /// Events
    Events,
    /// Quotes by sku, with catalog and price lists
    FullQuote,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
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
    let mut report = report::Report::default();
    if options.wants(Part::PluginCall) {
        eprintln!("• one plugin call");
        let budget_ms = if options.quick { 250 } else { 1_500 };
        report.plugin_call = Some(plugin_call::measure(&options.components, &[1, 10, 50, 200], budget_ms).await?);
    }
    if [Part::Quotes, Part::Swaps, Part::Growth].iter().any(|part| options.wants(*part)) {
        over_http(options, &mut report).await?;
    }
    if options.wants(Part::Sql) || options.wants(Part::Events) {
        in_process(options, &mut report).await?;
    }
    if options.wants(Part::FullQuote) {
        eprintln!("• quotes by sku");
        report.full_quote = Some(full_quote::measure(options).await?);
    }
    report.print();
    if options.json {
        println!("{}", report.json());
    }
    Ok(())
}

/// What is measured at the real host, by its HTTP API.
async fn over_http(options: &Options, report: &mut report::Report) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let host = host::Host::start(&options.host, &options.components, &folder.path().join("host")).await?;
    quotes::release_scene(&host, scene::TENANT, None).await?;
    if options.wants(Part::Quotes) {
        eprintln!("• quotes over HTTP");
        report.quotes = Some(quotes::compare(&host, options, folder.path()).await?);
        report.stages_us = Some(stages::measure(&host, 500).await?);
    }
    if options.wants(Part::Swaps) {
        eprintln!("• swaps under load");
        report.swaps = Some(swap::measure(&host, options).await?);
    }
    if options.wants(Part::Growth) {
        eprintln!("• growth");
        report.growth = Some(growth::measure(&host, options).await?);
    }
    Ok(())
}

/// What is measured at the capabilities themselves, in this process.
async fn in_process(options: &Options, report: &mut report::Report) -> Result<()> {
    let engine = house::engine()?;
    if options.wants(Part::Sql) {
        eprintln!("• statements through a service");
        report.sql = Some(sql::measure(&engine, &options.components, options.quick).await?);
    }
    if options.wants(Part::Events) {
        eprintln!("• events");
        report.events = Some(events::measure(&engine, &options.components, options.quick).await?);
    }
    Ok(())
}
