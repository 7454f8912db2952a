//! Settings of the capability.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where bytes and names are kept, and how much a tenant may keep.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlobConfig {
    /// Where bytes are kept.
    pub kind: Kind,
    /// The bucket, for `s3`.
    pub s3: S3Config,
    /// Where names are kept: `postgres://…`, shared by replicas. Empty for a SQLite file in the capability's folder.
    pub index_url: SecretText,
    /// What one tenant may keep.
    pub quota: Quota,
}

/// Where bytes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// In a folder of this host.
    Folder,
    /// In a bucket that speaks S3's protocol.
    S3,
}

/// A bucket that speaks S3's protocol.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3Config {
    /// Its URL, for others than AWS: `https://minio.internal:9000`. Empty for AWS.
    pub endpoint: String,
    /// The region.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// Prefix of all objects in the bucket, without slashes around it. May be empty.
    pub prefix: String,
    /// The access key. Empty to take it and the secret from `AWS_ACCESS_KEY_ID` and its relatives, or from the machine.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: SecretText,
    /// How long one request may take, in milliseconds.
    pub timeout_ms: u64,
}

/// What one tenant may keep, of all its services together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// Names.
    pub names: u64,
    /// Bytes, equal ones counted once.
    pub bytes: u64,
}

/// A text that is not printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretText(pub String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Default for BlobConfig {
    fn default() -> Self {
        Self { kind: Kind::Folder, s3: S3Config::default(), index_url: SecretText::default(), quota: Quota::default() }
    }
}

impl Default for S3Config {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            region: "us-east-1".to_owned(),
            bucket: "fondaco".to_owned(),
            prefix: String::new(),
            access_key_id: String::new(),
            secret_access_key: SecretText::default(),
            timeout_ms: 5_000,
        }
    }
}

impl Default for Quota {
    fn default() -> Self {
        Self { names: 1_000_000, bytes: 10 << 30 }
    }
}
