//! A way to a server that counts how often somebody asked and waited, and that can be cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fondaco_sql::{DatabasesConfig, ShardConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::world::World;

pub(crate) struct Wire {
    port: u16,
    server: u16,
    asked: Arc<AtomicU64>,
    task: Option<JoinHandle<()>>,
}

impl Wire {
    pub(crate) async fn to(server: u16) -> Self {
        let mut wire = Self { port: fondaco_test_servers::free_port(), server, asked: Arc::default(), task: None };
        wire.mend().await;
        wire
    }

    /// The shard of a world, by this way.
    pub(crate) fn shard(&self, world: &World) -> ShardConfig {
        let shard = world.config.postgres.shards[0].clone();
        let url = shard.url.replace(&format!(":{}/", self.server), &format!(":{}/", self.port));
        ShardConfig { url, ..shard }
    }

    /// A world's configuration, by this way and with so many connections.
    pub(crate) fn config(&self, world: &World, connections: u32) -> DatabasesConfig {
        let mut config = DatabasesConfig::postgres(vec![self.shard(world)]);
        config.postgres.connections = connections;
        config
    }

    /// How often somebody asked and waited while this was done.
    pub(crate) async fn asked_by<T>(&self, work: impl Future<Output = T>) -> u64 {
        let before = self.asked.load(Ordering::SeqCst);
        work.await;
        self.asked.load(Ordering::SeqCst) - before
    }

    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) async fn cut(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            assert!(task.await.is_err());
        }
    }

    pub(crate) async fn mend(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let (server, asked) = (SocketAddr::from(([127, 0, 0, 1], self.server)), Arc::clone(&self.asked));
        self.task = Some(tokio::spawn(async move {
            let mut ways = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else { continue };
                let (asked, answered) = (Arc::clone(&asked), Arc::new(AtomicBool::new(true)));
                let ((from, to), (back_from, back_to)) = (client.into_split(), server.into_split());
                let answers = Arc::clone(&answered);
                ways.spawn(pump(from, back_to, move || {
                    if answered.swap(false, Ordering::SeqCst) {
                        asked.fetch_add(1, Ordering::SeqCst);
                    }
                }));
                ways.spawn(pump(back_from, to, move || answers.store(true, Ordering::SeqCst)));
            }
        }));
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, heard: impl Fn()) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        heard();
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
