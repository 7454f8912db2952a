//! One database and its replicas.

use std::sync::atomic::{AtomicUsize, Ordering};

use fondaco_engine::Fault;

use super::pool::Pool;
use crate::{PostgresConfig, ShardConfig};

pub(super) struct Shard {
    pub(super) name: String,
    pub(super) open: bool,
    /// The database's name on its server.
    pub(super) database: String,
    pub(super) primary: Pool,
    replicas: Vec<Pool>,
    next: AtomicUsize,
}

impl Shard {
    pub(super) fn new(shard: &ShardConfig, config: &PostgresConfig) -> Result<Self, Fault> {
        let primary = Pool::new(&shard.url, config, &shard.name)?;
        let replicas: Result<_, Fault> = shard.replicas.iter().map(|url| Pool::new(url, config, &shard.name)).collect();
        Ok(Self {
            name: shard.name.clone(),
            open: shard.open,
            database: primary.database().to_owned(),
            primary,
            replicas: replicas?,
            next: AtomicUsize::new(0),
        })
    }

    /// A replica that can be reached, in turns; the primary where there is none.
    pub(super) fn reader(&self) -> &Pool {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.replicas.len();
        let mut order = (0..count).filter_map(|at| self.replicas.get((turn.wrapping_add(at)) % count));
        order.find(|replica| replica.is_due()).unwrap_or(&self.primary)
    }

    pub(super) async fn close(&self) {
        for replica in &self.replicas {
            replica.close().await;
        }
        self.primary.close().await;
    }
}
