//! What can be typed.

mod events;
mod goods;
mod jobs;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use events::{DeadLetter, DeadLetters, Events, EventsCommand};
pub(crate) use goods::{Export, Import, Quote, RowFormat, SkuLine, Stock};
pub(crate) use jobs::Jobs;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the host refused or failed: the fault says why
  2  the command line is wrong
  3  the host is not reachable
  4  the API key is missing, unknown, or not allowed to do this
  5  a local file is missing or not what it should be
  6  some rows of an import failed; all others were taken";

/// Commerce logic as WebAssembly components: swap it while customers are buying.
#[derive(Debug, Parser)]
#[command(name = "fondaco", version, after_help = EXIT_CODES, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the host is, who asks, and how the answer looks.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Common {
    /// Address of the host
    #[arg(
        long,
        global = true,
        env = "FONDACO_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8080",
        value_name = "URL"
    )]
    pub(crate) url: String,
    /// API key; without one, and on this machine, a demo key that `up` made
    #[arg(long, global = true, env = "FONDACO_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Act for this tenant: with an operator's key, or with its demo key
    #[arg(long, global = true, env = "FONDACO_TENANT", hide_env_values = true, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// Folder of the host's state
    #[arg(
        long,
        global = true,
        env = "FONDACO_STATE",
        hide_env_values = true,
        default_value = ".fondaco",
        value_name = "DIR"
    )]
    pub(crate) state: PathBuf,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the host
    Up(Up),
    /// Upload a component: a plugin, or a service
    Push(Push),
    /// List the plugins that may be released and what serves, or one plugin's versions
    Plugins {
        /// Show the versions of this plugin
        name: Option<String>,
    },
    /// List the services
    Services,
    /// Make a version serve
    Release(Release),
    /// Bring back what served before
    Rollback(Rollback),
    /// Price a cart
    Quote(Quote),
    /// Bring goods or prices in from a file, and say what became of each row
    Import(Import),
    /// Write goods or prices out, as `import` takes them
    Export(Export),
    /// Show what a component is: offline, without running it
    Inspect {
        /// The component
        file: PathBuf,
    },
    /// Show what a plugin wrote and how its runs went
    Logs(Logs),
    /// Create, list and revoke API keys, in the state folder itself
    #[command(subcommand)]
    Keys(Keys),
    /// Show who changed what, newest first
    Audit(Audit),
    /// Show how far subscriptions are behind; dead letters
    Events(Events),
    /// Show what services run by the clock: how it went last, and when it is due next
    Jobs(Jobs),
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Configuration [default: fondaco.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Reload components of this folder as their files change
    #[arg(long, value_name = "DIR")]
    pub(crate) watch: Option<PathBuf>,
    /// Bring in the demo that this folder's demo.toml describes, as far as it is not there yet
    #[arg(long, value_name = "DIR")]
    pub(crate) seed: Option<PathBuf>,
    /// Folder of the built components that the demo names
    #[arg(long, value_name = "DIR", default_value = "target/components")]
    pub(crate) components: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The component
    pub(crate) file: PathBuf,
    /// Its name [default: its manifest's]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Its version [default: its manifest's]
    #[arg(long)]
    pub(crate) version: Option<semver::Version>,
    /// Push a plugin that every tenant may release (operators)
    #[arg(long)]
    pub(crate) platform: bool,
    /// Release it at once, with the settings that serve now or by default
    #[arg(long)]
    pub(crate) release: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Release {
    /// The plugin, or the service with --service
    pub(crate) name: String,
    /// The version [default: the newest]
    pub(crate) version: Option<semver::Version>,
    /// It is a service
    #[arg(long)]
    pub(crate) service: bool,
    /// Take it out of service instead
    #[arg(long, conflicts_with_all = ["version", "config", "position", "on_failure"])]
    pub(crate) remove: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// Settings of a release; what is left out stays as it is.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Settings {
    /// Config: JSON, or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) config: Option<String>,
    /// Place among the plugins of its extension point; low goes first
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) position: Option<i32>,
    /// What becomes of a quote when it fails
    #[arg(long, value_enum)]
    pub(crate) on_failure: Option<OnFailure>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum OnFailure {
    /// The quote goes on without it
    Skip,
    /// The quote fails
    Block,
    /// The release before it answers
    LastGood,
}

impl OnFailure {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Block => "block",
            Self::LastGood => "last-good",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The plugin, or the service with --service
    pub(crate) name: String,
    /// It is a service
    #[arg(long)]
    pub(crate) service: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// The plugin
    pub(crate) name: String,
    /// Go on as it writes more
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// At most so many entries of the past
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Create a key and print it, once
    Create(CreateKey),
    /// List the keys
    List,
    /// Refuse a key from now on
    Revoke {
        /// The key's id
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateKey {
    /// Who or what holds it
    #[arg(long)]
    pub(crate) name: String,
    /// What it may: reader, caller, publisher, operator
    #[arg(long, value_delimiter = ',', required = true, value_name = "ROLE,…")]
    pub(crate) roles: Vec<String>,
    /// Days until it expires; never where absent
    #[arg(long, value_name = "DAYS")]
    pub(crate) expires: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Operators: all, @platform, or a tenant
    #[arg(long)]
    pub(crate) scope: Option<String>,
    /// With this action; `release.` for all that begin so
    #[arg(long)]
    pub(crate) action: Option<String>,
    /// About this subject
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// At most so many entries
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u32,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help() {
        insta::assert_snapshot!(
            "help",
            Cli::command().render_long_help().to_string().replace(env!("CARGO_PKG_VERSION"), "VERSION")
        );
    }

    #[test]
    fn help_of_each_command() {
        let mut command = Cli::command();
        command.build();
        for sub in command.get_subcommands_mut() {
            let name = format!("help_{}", sub.get_name());
            insta::assert_snapshot!(name, sub.render_help().to_string());
        }
    }

    #[test]
    fn a_quote_is_by_file_or_by_sku() {
        let quote = |arguments: &[&str]| Cli::try_parse_from(["fondaco", "quote"].iter().chain(arguments));
        assert!(quote(&[]).is_err());
        assert!(quote(&["cart.json", "--sku", "mug"]).is_err());
        assert!(quote(&["cart.json", "--country", "DE"]).is_err());
        for wrong in ["", "=1", "mug=", "mug=-1", "mug=x", "mug=4294967296"] {
            assert!(quote(&["--sku", wrong]).is_err(), "{wrong}");
        }
        let Command::Quote(parsed) = quote(&["--sku", "mug", "--sku", "a=b=12"]).unwrap().command else { panic!() };
        let line = |sku: &str, quantity| SkuLine { sku: sku.to_owned(), quantity };
        assert_eq!(parsed.skus, [line("mug", 1), line("a=b", 12)]);
    }

    #[test]
    fn a_removal_takes_no_settings() {
        assert!(Cli::try_parse_from(["fondaco", "release", "x", "--remove", "--position", "1"]).is_err());
        assert!(Cli::try_parse_from(["fondaco", "release", "x", "1.0.0", "--position", "-1"]).is_ok());
        assert!(Cli::try_parse_from(["fondaco", "release", "x", "one"]).is_err());
    }
}
