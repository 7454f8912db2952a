//! Configuration: built-in defaults, then `fondaco.toml`, then `FONDACO_*`, then the command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use fondaco_blob::BlobConfig;
use fondaco_engine::CompileLimits;
use fondaco_events::EventsConfig;
use fondaco_gateway::GatewayConfig;
use fondaco_http::HttpConfig;
use fondaco_key_value::KeyValueConfig;
use fondaco_messages::MessagesConfig;
use fondaco_schedule::ScheduleConfig;
use fondaco_secrets::SecretsConfig;
use fondaco_sql::DatabasesConfig;
use serde::{Deserialize, Serialize};

use crate::cli::{Common, Up};
use crate::failure::Failure;

/// `FONDACO_…` variables that are for others: the client commands, the tests, the chores.
const NOT_SETTINGS: [&str; 10] = [
    "url",
    "key",
    "tenant",
    "components",
    "wasmtime",
    "bin",
    "release_bin",
    "bless",
    "conformance_dir",
    "crash_folder",
];

/// The file that is read when none is named.
const FILE: &str = "fondaco.toml";

/// All settings of a host.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Address to listen on. The loopback by default: put a proxy with TLS in front of anything else.
    pub(crate) listen: SocketAddr,
    /// Folder of everything that stays.
    pub(crate) state: PathBuf,
    pub(crate) log: LogConfig,
    pub(crate) gateway: GatewayConfig,
    pub(crate) services: ServicesConfig,
    pub(crate) compile: CompileConfig,
    pub(crate) sql: DatabasesConfig,
    pub(crate) events: EventsConfig,
    pub(crate) key_value: KeyValueConfig,
    pub(crate) blob: BlobConfig,
    pub(crate) secrets: SecretsConfig,
    pub(crate) http: HttpConfig,
    pub(crate) schedule: ScheduleConfig,
    pub(crate) messages: MessagesConfig,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// `tracing` directives: `info`, `warn,fondaco::request=info`. `FONDACO_LOG__FILTER` too.
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What services may take.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServicesConfig {
    /// Calls from outside at a time.
    pub(crate) roots: usize,
    /// The longest that one call may take, in milliseconds.
    pub(crate) wall_ms: u64,
}

/// What the compilation of one component may take, in a process of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CompileConfig {
    /// Address space, in MiB.
    pub(crate) memory_mib: u64,
    /// Processor time, in milliseconds; the system counts whole seconds.
    pub(crate) cpu_ms: u64,
    /// Time, in milliseconds.
    pub(crate) wall_ms: u64,
    /// Compilations at a time.
    pub(crate) parallel: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            state: PathBuf::from(".fondaco"),
            log: LogConfig::default(),
            gateway: GatewayConfig::default(),
            services: ServicesConfig::default(),
            compile: CompileConfig::default(),
            sql: DatabasesConfig::default(),
            events: EventsConfig::default(),
            key_value: KeyValueConfig::default(),
            blob: BlobConfig::default(),
            secrets: SecretsConfig::default(),
            http: HttpConfig::default(),
            schedule: ScheduleConfig::default(),
            messages: MessagesConfig::default(),
        }
    }
}

impl Default for CompileConfig {
    fn default() -> Self {
        let CompileLimits { memory_bytes, cpu, wall, parallel, .. } = CompileLimits::default();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { memory_mib: memory_bytes >> 20, cpu_ms: millis(cpu), wall_ms: millis(wall), parallel }
    }
}

impl CompileConfig {
    pub(crate) fn limits(&self) -> CompileLimits {
        CompileLimits {
            memory_bytes: self.memory_mib << 20,
            cpu: Duration::from_millis(self.cpu_ms),
            wall: Duration::from_millis(self.wall_ms),
            parallel: self.parallel.max(1),
            ..CompileLimits::default()
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

impl Default for ServicesConfig {
    fn default() -> Self {
        Self { roots: 128, wall_ms: 10_000 }
    }
}

impl Config {
    pub(crate) fn load(common: &Common, up: &Up) -> Result<Self, Failure> {
        let file = match &up.config {
            Some(named) if !named.is_file() => {
                return Err(Failure::Local(format!("--config: {} is not there", named.display())));
            }
            Some(named) => named.clone(),
            None => PathBuf::from(FILE),
        };
        let mut config = Self::read(&file)?;
        // `--state` has a default of its own, which a file may override.
        if common.state != Path::new(".fondaco") {
            config.state.clone_from(&common.state);
        }
        if let Some(listen) = up.listen {
            config.listen = listen;
        }
        Ok(config)
    }

    fn read(file: &Path) -> Result<Self, Failure> {
        Figment::from(Serialized::defaults(Self::default()))
            .merge(Toml::file(file))
            .merge(settings())
            .extract()
            .map_err(|error| Failure::Local(format!("configuration: {error}")))
    }
}

/// Variables that are settings. The clients' variables are not the host's, and services' secrets are not settings.
fn settings() -> Env {
    Env::prefixed("FONDACO_").ignore(&NOT_SETTINGS).filter(|name| !name.starts_with("secret_")).split("__")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        std::fs::write(&file, text).unwrap();
        Config::read(&file)
    }

    #[test]
    fn a_file_changes_what_it_names() {
        let config = read("listen = \"127.0.0.1:9000\"\n[gateway]\ncalls = 7\n[log]\nformat = \"json\"").unwrap();
        assert_eq!(config.listen.port(), 9000);
        assert_eq!((config.gateway.calls, config.gateway.uploads), (7, GatewayConfig::default().uploads));
        assert_eq!(config.log.format, LogFormat::Json);
    }

    #[test]
    fn networks_and_limits_of_outgoing_requests_are_settings() {
        let text = "[http]\nprivate_networks = [\"10.20.0.0/16\"]\n[http.limits]\ntotal_ms = 500";
        let config = read(text).unwrap().http;
        assert_eq!(config.private_networks[0].to_string(), "10.20.0.0/16");
        assert_eq!((config.limits.total_ms, config.limits.attempts), (500, HttpConfig::default().limits.attempts));
        let error = read("[http]\nprivate_networks = [\"10.20.0.0/33\"]").unwrap_err().to_string();
        assert!(error.contains("private_networks"), "{error}");
    }

    #[test]
    fn unknown_settings_are_errors_that_name_them() {
        let error = read("[gateway]\ncals = 7").unwrap_err().to_string();
        assert!(error.contains("cals"), "{error}");
    }
}
