//! Runs services' own tests over the host's databases: the same functions, with every statement through the host's
//! guard, on SQLite and on PostgreSQL.
//!
//! A service's tests open a [`House`]; `tests/<service>_<database>.rs` includes them and hands them one of these.
//! It must know no service.
//!
//! ```
//! use fondaco_service::{params, sql};
//!
//! let folder = tempfile::tempdir().unwrap();
//! std::fs::create_dir(folder.path().join("migrations")).unwrap();
//! std::fs::write(folder.path().join("migrations/0001_init.sql"), "CREATE TABLE notes (id BIGINT)").unwrap();
//! let house = fondaco_services_tests::sqlite(folder.path());
//! assert_eq!(house.call(|| sql::execute("INSERT INTO notes VALUES ($1)", params![1])).unwrap(), 1);
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod host_database;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Weak};

use fondaco_service::testing::House;
use fondaco_sql::{Databases, DatabasesConfig, Migrations, ShardConfig};
use fondaco_test_servers::Postgres;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use host_database::HostDatabase;

/// Where a process's databases are, and what goes when the last of them does.
#[derive(Debug)]
struct Place {
    databases: Databases,
    /// Of SQLite's files, or none.
    _folder: Option<TempDir>,
    _server: Option<Postgres>,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// A house over SQLite files, with the migrations of the service in that folder.
pub fn sqlite(service: impl AsRef<Path>) -> House {
    static PLACE: Mutex<Weak<Place>> = Mutex::new(Weak::new());
    let place = shared(&PLACE, || {
        let folder = tempfile::tempdir().expect("a folder");
        Some(Place { databases: open(DatabasesConfig::embedded(folder.path())), _folder: Some(folder), _server: None })
    });
    house(place.expect("SQLite is always there"), service.as_ref())
}

/// A house over a PostgreSQL server. Where that is not installed, it says so and answers one in memory.
pub fn postgres(service: impl AsRef<Path>) -> House {
    static PLACE: Mutex<Weak<Place>> = Mutex::new(Weak::new());
    let place = shared(&PLACE, || {
        let server = Postgres::start()?;
        let shard = ShardConfig { name: "main".to_owned(), url: server.url(), replicas: Vec::new(), open: true };
        Some(Place { databases: open(DatabasesConfig::postgres(vec![shard])), _folder: None, _server: Some(server) })
    });
    match place {
        Some(place) => house(place, service.as_ref()),
        None => House::of(service),
    }
}

/// The place that another test of this process has open, or a new one: statics are not dropped, and a server that
/// nobody stops would outlive its tests.
fn shared(place: &Mutex<Weak<Place>>, make: impl FnOnce() -> Option<Place>) -> Option<Arc<Place>> {
    let mut place = place.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(open) = place.upgrade() {
        return Some(open);
    }
    let made = Arc::new(make()?);
    *place = Arc::downgrade(&made);
    Some(made)
}

fn open(config: DatabasesConfig) -> Databases {
    RUNTIME.block_on(Databases::open(config)).expect("databases")
}

/// A database of its own, for a tenant of its own.
fn house(place: Arc<Place>, service: &Path) -> House {
    static TENANTS: AtomicU64 = AtomicU64::new(1);
    let tenant = format!("tenant-{}", TENANTS.fetch_add(1, Ordering::Relaxed));
    let migrations = fondaco_pack::read_migrations(&service.join("migrations")).expect("migrations");
    let migrations = Migrations::from_grant(&serde_json::json!({ "migrations": migrations })).expect("a grant");
    let database = RUNTIME.block_on(async {
        let database = place.databases.of(&tenant.parse().unwrap(), &"tested".parse().unwrap()).await?;
        database.migrate(&migrations).await?;
        Ok::<_, fondaco_engine::Fault>(database)
    });
    House::over(Box::new(HostDatabase::new(place, database.expect("a database"))))
}
