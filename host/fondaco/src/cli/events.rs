//! What is typed of events.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Events {
    #[command(subcommand)]
    pub(crate) command: Option<EventsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Events that could not be handled
    #[command(subcommand)]
    DeadLetters(DeadLetters),
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, the oldest of each service first; of one tenant with --tenant
    List {
        /// Of this service's subscriptions
        #[arg(long)]
        service: Option<String>,
        /// Of this subscription, for instance `pricing/fondaco.catalog.*`
        #[arg(long)]
        subscription: Option<String>,
        /// At most so many, up to 200
        #[arg(long, default_value_t = 100)]
        limit: u16,
    },
    /// Show one with its event
    Show(DeadLetter),
    /// Give one to its handler again, or all of the subscription
    Replay {
        /// Whose it is
        owner: String,
        /// The subscription, for instance `pricing/fondaco.catalog.*`
        subscription: String,
        /// The event's id; all of the subscription where absent
        event: Option<String>,
    },
    /// Take one away unhandled
    Discard(DeadLetter),
}

#[derive(Debug, Args)]
pub(crate) struct DeadLetter {
    /// Whose it is
    pub(crate) owner: String,
    /// The subscription, for instance `pricing/fondaco.catalog.*`
    pub(crate) subscription: String,
    /// The event's id
    pub(crate) event: String,
}
