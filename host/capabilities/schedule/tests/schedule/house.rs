//! Two hosts that share databases, and a clock that the test puts.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use fondaco_engine::ServiceName;
use fondaco_schedule::{Clock, Ledger, Place, Schedule, ScheduleConfig};
use fondaco_sql::{Databases, DatabasesConfig, ShardConfig};
use fondaco_test_servers::Postgres;
use tempfile::TempDir;

/// 2026-06-01, midnight UTC.
pub(crate) const MIDNIGHT: i64 = 1_780_272_000_000;
pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;
/// When the jobs of these tests are due.
pub(crate) const DUE: i64 = MIDNIGHT + 3 * HOUR;

pub(crate) struct House {
    pub(crate) hosts: [Host; 2],
    now_ms: Arc<AtomicI64>,
    config: DatabasesConfig,
    _folder: TempDir,
    _server: Option<Postgres>,
}

pub(crate) struct Host {
    pub(crate) databases: Databases,
    pub(crate) schedule: Schedule,
}

impl Host {
    async fn new(config: &DatabasesConfig, now_ms: &Arc<AtomicI64>) -> Self {
        let databases = Databases::open(config.clone()).await.unwrap();
        let now_ms = Arc::clone(now_ms);
        let clock = Clock::of(move || now_ms.load(Ordering::SeqCst));
        let schedule = Schedule::with_clock(ScheduleConfig::default(), databases.clone(), clock);
        Self { databases, schedule }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        self.schedule.ledger()
    }
}

impl House {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabasesConfig::embedded(folder.path());
        Self::new(config, folder, None).await
    }

    /// None where PostgreSQL is not installed.
    pub(crate) async fn postgres() -> Option<Self> {
        let server = Postgres::start()?;
        let shard = ShardConfig { name: "main".into(), url: server.url(), replicas: Vec::new(), open: true };
        Some(Self::new(DatabasesConfig::postgres(vec![shard]), tempfile::tempdir().unwrap(), Some(server)).await)
    }

    async fn new(config: DatabasesConfig, folder: TempDir, server: Option<Postgres>) -> Self {
        let now_ms = Arc::new(AtomicI64::new(MIDNIGHT));
        let hosts = [Host::new(&config, &now_ms).await, Host::new(&config, &now_ms).await];
        Self { hosts, now_ms, config, _folder: folder, _server: server }
    }

    /// A third host, that comes later.
    pub(crate) async fn another(&self) -> Host {
        Host::new(&self.config, &self.now_ms).await
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    /// It is so late.
    pub(crate) fn set(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::SeqCst);
    }
}

pub(crate) fn place(tenant: &str) -> Place {
    (tenant.parse().unwrap(), service().clone())
}

pub(crate) fn service() -> &'static ServiceName {
    static NAME: OnceLock<ServiceName> = OnceLock::new();
    NAME.get_or_init(|| "shop".parse().unwrap())
}
