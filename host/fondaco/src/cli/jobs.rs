//! What is typed of jobs.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Jobs {
    /// Of this service; of one tenant with --tenant
    #[arg(long)]
    pub(crate) service: Option<String>,
    /// At most so many, up to 1000
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u16,
}
