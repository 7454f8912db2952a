//! An S3 server in the test's own process: the `s3s` crate's, over a folder.

use std::net::SocketAddr;
use std::path::Path;

use fondaco_blob::{S3Config, SecretText};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const BUCKET: &str = "fondaco";

pub(crate) struct S3 {
    address: SocketAddr,
    folder: TempDir,
    serving: JoinSet<()>,
}

impl S3 {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = Self { address, folder, serving: JoinSet::new() };
        server.serve(listener);
        server
    }

    pub(crate) fn config(&self) -> S3Config {
        S3Config {
            endpoint: format!("http://{}", self.address),
            bucket: BUCKET.to_owned(),
            prefix: "blobs".to_owned(),
            access_key_id: "key".to_owned(),
            secret_access_key: SecretText("secret".to_owned()),
            timeout_ms: 2_000,
            ..S3Config::default()
        }
    }

    pub(crate) async fn stop(&mut self) {
        self.serving.shutdown().await;
    }

    pub(crate) async fn resume(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serve(listener);
    }

    /// Where the objects lie.
    pub(crate) fn objects(&self) -> std::path::PathBuf {
        self.folder.path().join(BUCKET).join("blobs")
    }

    fn serve(&mut self, listener: TcpListener) {
        let service = service(self.folder.path());
        self.serving.spawn(async move {
            // Connections go with the server.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
                connections.spawn(async move { drop(serving.await) });
            }
        });
    }
}

fn service(folder: &Path) -> S3Service {
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
    builder.set_auth(SimpleAuth::from_single("key", "secret"));
    builder.build()
}
