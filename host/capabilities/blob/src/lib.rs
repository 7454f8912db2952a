//! The blob capability: files of services, kept in a folder or an S3-compatible bucket, delivered over HTTP.
//!
//! It must not know what is in them. A blob is whole or not there; equal bytes are kept once a tenant; nothing leads from
//! one tenant or service to another's. Bytes are objects of the store behind, under keys of this crate's own; what a
//! service calls them is a row of an index, never a path.
//!
//! ```
//! use fondaco_blob::{BlobConfig, Blobs, Draft, Scope};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let state = tempfile::tempdir()?;
//! let blobs = Blobs::open(&BlobConfig::default(), state.path()).await?;
//! let scope = Scope { tenant: "acme".parse()?, service: "catalog".parse()? };
//! let draft = Draft { name: "chair/front.svg".parse()?, content_type: "image/svg+xml".into(), public: true };
//!
//! let info = blobs.put(&scope, &draft, "<svg/>".into()).await?;
//! assert_eq!(info.url().unwrap().split('?').next(), Some("/v1/blobs/acme/catalog/chair/front.svg"));
//! assert_eq!(blobs.get(&scope, &draft.name, Some((1, 3))).await?, "svg");
//! # Ok(())
//! # }
//! ```
//!
//! Where to look: `blobs` is the capability, `index` what is there, `objects` the store behind, `delivery` is HTTP and
//! `glue` is WIT.

mod blobs;
mod config;
mod delivery;
mod faults;
mod glue;
mod index;
mod info;
mod names;
mod objects;

pub use blobs::{Blobs, Draft};
pub use config::{BlobConfig, Kind, Quota, S3Config, SecretText};
pub use delivery::router;
pub use info::Info;
pub use names::{BlobName, Scope};

/// Bytes of one blob, and of what is read at a time.
pub const BLOB_BYTES: usize = 10 << 20;
/// Blobs of one page.
pub const PAGE: u32 = 1_000;
