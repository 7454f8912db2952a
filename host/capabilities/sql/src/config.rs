//! What the host's configuration says about databases.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[sql]` of the host's configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabasesConfig {
    /// Which implementation.
    pub kind: Kind,
    /// For `embedded`.
    pub embedded: EmbeddedConfig,
    /// For `postgres`.
    pub postgres: PostgresConfig,
    /// What one service may take of its database.
    pub limits: Limits,
}

impl DatabasesConfig {
    /// SQLite files below a folder, with defaults.
    pub fn embedded(folder: impl Into<PathBuf>) -> Self {
        let embedded = EmbeddedConfig { folder: folder.into(), ..EmbeddedConfig::default() };
        Self { kind: Kind::Embedded, embedded, ..Self::default() }
    }

    /// PostgreSQL servers, the first of which holds the directory of tenants, with defaults.
    pub fn postgres(shards: Vec<ShardConfig>) -> Self {
        let postgres = PostgresConfig { shards, ..PostgresConfig::default() };
        Self { kind: Kind::Postgres, postgres, ..Self::default() }
    }
}

/// Which implementation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A SQLite file a tenant and service.
    #[default]
    Embedded,
    /// A PostgreSQL schema a tenant and service.
    Postgres,
}

/// SQLite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmbeddedConfig {
    /// Where the files are: `<folder>/<tenant>/<service>.sqlite`. Empty: the host's state folder chooses.
    pub folder: PathBuf,
    /// Databases that are open at a time. The one that was used longest ago makes room.
    pub open: u64,
    /// Seconds without use after which a database is closed.
    pub idle_seconds: u64,
    /// Connections of one database that read, beside the one that writes. Each is a thread; they come when needed.
    pub readers: u32,
}

impl Default for EmbeddedConfig {
    fn default() -> Self {
        Self { folder: PathBuf::new(), open: 256, idle_seconds: 30, readers: 2 }
    }
}

/// PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PostgresConfig {
    /// The databases among which tenants are placed. The first one holds the table that says which is whose.
    pub shards: Vec<ShardConfig>,
    /// Connections to each shard, and to each of its replicas.
    pub connections: u32,
    /// Milliseconds that a new connection may take.
    pub connect_ms: u64,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self { shards: Vec::new(), connections: 16, connect_ms: 2_000 }
    }
}

/// One PostgreSQL database.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardConfig {
    /// Its name in the table of tenants; never to be changed.
    pub name: String,
    /// `postgres://user:password@host:port/database`. Never shown.
    pub url: String,
    /// Replicas of it, for functions that only read.
    #[serde(default)]
    pub replicas: Vec<String>,
    /// Whether new tenants may be placed here.
    #[serde(default = "yes")]
    pub open: bool,
}

const fn yes() -> bool {
    true
}

impl std::fmt::Debug for ShardConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ShardConfig({}, {} replicas, open {})", self.name, self.replicas.len(), self.open)
    }
}

/// What one service may take of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of a statement's text.
    pub statement_bytes: usize,
    /// Parameters of a statement.
    pub parameters: usize,
    /// Bytes of all parameters of a statement together.
    pub parameter_bytes: usize,
    /// Rows of a result.
    pub rows: usize,
    /// Bytes of a result.
    pub result_bytes: usize,
    /// Milliseconds that a statement may run; never longer than its call.
    pub statement_ms: u64,
    /// Milliseconds that a unit of work waits for the database; never longer than its call.
    pub busy_ms: u64,
    /// Connections that one tenant may hold at a time, over all services.
    pub connections_per_tenant: usize,
    /// Bytes of one database. SQLite keeps it exactly, PostgreSQL is measured every so often.
    pub database_bytes: u64,
    /// Seconds after which a PostgreSQL database is measured again.
    pub measure_seconds: u64,
    /// Databases that a release migrates at a time, when it is staged.
    pub migrations_at_a_time: usize,
    /// Milliseconds that the migrations of one database may take.
    pub migration_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            statement_bytes: 64 << 10,
            parameters: 4_096,
            parameter_bytes: 8 << 20,
            rows: 10_000,
            result_bytes: 8 << 20,
            statement_ms: 5_000,
            busy_ms: 5_000,
            connections_per_tenant: 8,
            database_bytes: 4 << 30,
            measure_seconds: 60,
            migrations_at_a_time: 4,
            migration_ms: 60_000,
        }
    }
}

impl Limits {
    pub(crate) const fn statement(&self) -> Duration {
        Duration::from_millis(self.statement_ms)
    }

    pub(crate) const fn busy(&self) -> Duration {
        Duration::from_millis(self.busy_ms)
    }

    pub(crate) const fn migration(&self) -> Duration {
        Duration::from_millis(self.migration_ms)
    }
}
