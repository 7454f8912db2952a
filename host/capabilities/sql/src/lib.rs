//! The sql capability: a database a tenant and service, and a unit of work that is one call.
//!
//! A service reads and writes through `fondaco:host/sql`. Its first write opens a transaction, which is committed when
//! the call returns ok, and rolled back when it returns an `err`, traps, runs out of time or is given up: a call leaves
//! all of its writes behind or none. Events that other capabilities write belong to the same transaction ([`Work`]).
//!
//! It must not know what services store, nor that there is HTTP. What a service says is checked before a database sees
//! it: single statements over its own tables, in words that both databases have, and nothing else.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use fondaco_sql::{Databases, DatabasesConfig, Migrations, Value};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let databases = Databases::open(DatabasesConfig::embedded(folder.path())).await?;
//! let grant = serde_json::json!({ "migrations": [
//!     { "version": 1, "name": "init", "sql": "CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand BIGINT NOT NULL)" },
//! ] });
//! let migrations = Migrations::from_grant(&grant)?;
//! let database = databases.of(&"acme".parse()?, &"inventory".parse()?).await?;
//! database.migrate(&migrations).await?;
//!
//! let deadline = Instant::now() + Duration::from_secs(5);
//! let mut work = database.begin(deadline).await?;
//! let stock = [Value::from("mug"), Value::from(12_i64)];
//! work.execute("INSERT INTO stock (sku, on_hand) VALUES ($1, $2)", &stock).await?;
//! work.commit().await?;
//!
//! let rows = database.query("SELECT on_hand FROM stock WHERE sku = $1", &stock[..1], deadline).await?;
//! assert_eq!(rows.rows, [[Value::Integer(12)]]);
//!
//! let mut work = database.begin(deadline).await?;
//! let refused = work.execute("ATTACH DATABASE 'other.sqlite' AS other", &[]).await.unwrap_err();
//! assert_eq!(refused.reason, "STATEMENT_REFUSED");
//! # drop(work);
//! # databases.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! Where to look: `glue` is what components see; `work` and `databases` are what the host sees; `guard` says which
//! statements may run; `migrate` brings a schema up to date; `sqlite` and `postgres` are the two implementations of
//! `store`'s traits.

mod config;
mod databases;
mod fault;
mod glue;
mod guard;
mod meters;
mod migrate;
mod postgres;
mod sqlite;
mod store;
mod value;
mod work;

pub use config::{DatabasesConfig, EmbeddedConfig, Kind, Limits, PostgresConfig, ShardConfig};
pub use databases::{Database, Databases};
pub use migrate::{InternalMigration, Migration, Migrations};
pub use value::{Rows, Value};
pub use work::Work;

use std::sync::Arc;

use fondaco_engine::Extension;

/// The capability's extensions: `sql`, which a manifest grants, and the unit of work, which every service has and which
/// commits or rolls back what other capabilities wrote too. To be put last among a host's extensions.
pub fn extensions(databases: &Databases) -> Vec<Arc<dyn Extension>> {
    vec![Arc::new(glue::Sql(databases.clone())), Arc::new(glue::UnitOfWork)]
}
