//! The store behind: a folder or a bucket, by the `object_store` crate. Both show an object whole or not at all.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fondaco_engine::{Code, Fault};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::config::{BlobConfig, Kind, S3Config};
use crate::faults;

/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(2);

/// Opens what the configuration says.
pub(crate) async fn open(config: &BlobConfig, folder: &Path) -> Result<Arc<dyn ObjectStore>, Fault> {
    match config.kind {
        Kind::Folder => in_folder(&folder.join("objects")).await,
        Kind::S3 => in_bucket(&config.s3),
    }
}

async fn in_folder(folder: &Path) -> Result<Arc<dyn ObjectStore>, Fault> {
    tokio::fs::create_dir_all(folder).await.map_err(|error| faults::unavailable(&error))?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| faults::unavailable(&error))?;
    // On disk before it is answered, and no empty folders left behind.
    Ok(Arc::new(store.with_fsync(true).with_automatic_cleanup(true)))
}

fn in_bucket(config: &S3Config) -> Result<Arc<dyn ObjectStore>, Fault> {
    // Installed already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let timeout = Duration::from_millis(config.timeout_ms);
    let retry = RetryConfig { backoff: BackoffConfig::default(), max_retries: 2, retry_timeout: timeout };
    let client = ClientOptions::new().with_timeout(timeout).with_connect_timeout(CONNECT.min(timeout));
    let mut builder = if config.access_key_id.is_empty() {
        AmazonS3Builder::from_env()
    } else {
        AmazonS3Builder::new()
            .with_access_key_id(&config.access_key_id)
            .with_secret_access_key(&config.secret_access_key.0)
    };
    if !config.endpoint.is_empty() {
        builder = builder.with_endpoint(&config.endpoint);
    }
    let store = builder
        .with_region(&config.region)
        .with_bucket_name(&config.bucket)
        .with_client_options(client.with_allow_http(config.endpoint.starts_with("http://")))
        .with_retry(retry)
        .build()
        .map_err(|error| Fault::new(Code::InvalidArgument, "INVALID_S3_CONFIG", format!("`blob.s3`: {error}")))?;
    if config.prefix.is_empty() {
        return Ok(Arc::new(store));
    }
    Ok(Arc::new(PrefixStore::new(store, config.prefix.as_str())))
}
