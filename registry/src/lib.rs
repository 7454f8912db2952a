//! Artifacts, versions, releases, audit and API keys, in one folder.
//!
//! A [`Registry`] is a SQLite database and a folder of files named by their sha256. It knows who
//! owns which plugin or service in which versions, what serves in which [`Slot`], and what served
//! before; it does not know what a component does, and what an extension point means. A version is
//! immutable, the history of releases and the audit log only grow.
//!
//! A [`Deployer`] changes what serves, with the host behind it as a [`Runtime`]: an upload is
//! examined, stored, committed; a release is staged (compiled and prepared), committed, and only
//! then swapped in. A process that is killed at any moment leaves a whole change or none, and
//! [`Deployer::restore`] makes everything serve again at the next start.
//!
//! [`Keys`] tell who calls, from memory.
//!
//! ```
//! use std::sync::Arc;
//! use bytes::Bytes;
//! use fondaco_engine::{Class, Fault, TenantId};
//! use fondaco_registry::{
//!     Actor, Blobs, Deployer, Examined, Expect, Kind, Owner, Plan, Registry, Release, ReleaseSpec, Runtime, Slot,
//!     Staged, Upload,
//! };
//!
//! /// A host that takes every component for a price rule and says what it would serve.
//! struct Host;
//!
//! #[async_trait::async_trait]
//! impl Runtime for Host {
//!     async fn examine(&self, _class: Class, _bytes: &Bytes) -> Result<Examined, Fault> {
//!         let kind = Kind::Plugin { point: "price-rule".parse()? };
//!         Ok(Examined { kind, meta: serde_json::json!({}) })
//!     }
//!
//!     async fn stage(&self, plan: Plan, _blobs: &Blobs) -> Result<Staged, Fault> {
//!         Ok(Staged::new(move || println!("serving {plan:?}")))
//!     }
//!
//!     fn stage_missing(&self, tenant: &TenantId, _releases: &[Release], cause: &Fault) -> Staged {
//!         let line = format!("every call of a plugin of {tenant} fails: {cause}");
//!         Staged::new(move || println!("{line}"))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let registry = Registry::open(folder.path()).await?;
//! let deployer = Deployer::open(registry.clone(), Arc::new(Host)).await?;
//! deployer.restore(|_progress| {}).await?;
//!
//! let acme = Owner::Tenant("acme".parse()?);
//! let me = Actor::new("docs");
//! for version in ["1.0.0", "1.1.0"] {
//!     let bytes = Bytes::from(format!("the component {version}"));
//!     let upload = Upload::plugin(acme.clone(), &"volume-tiers".parse()?, version.parse()?, bytes);
//!     deployer.push(upload, &me).await?;
//! }
//!
//! let slot = Slot::Plugin {
//!     tenant: "acme".parse()?,
//!     point: "price-rule".parse()?,
//!     name: "volume-tiers".parse()?,
//! };
//! deployer.release(&slot, ReleaseSpec::of("1.0.0".parse()?), Expect::Absent, &me).await?;
//! let second = deployer.release(&slot, ReleaseSpec::of("1.1.0".parse()?), Expect::Revision(1), &me).await?;
//! assert_eq!(second.revision, 2);
//!
//! let back = deployer.rollback(&slot, Expect::Any, &me).await?;
//! assert_eq!(back.version.to_string(), "1.0.0");
//! assert_eq!(registry.audit(&Default::default()).await?.items.len(), 5);
//! deployer.close().await;
//! registry.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The folder
//!
//! ```text
//! registry.sqlite      everything but the components
//! blobs/sha256/ab/ab…  the components
//! blobs/tmp/           uploads under way
//! host.lock            held by the one process that has a Deployer
//! migrate.lock         held while the schema is brought up to date
//! ```

mod audit;
mod blobs;
mod changes;
mod check;
mod clock;
mod database;
mod deployer;
mod error;
mod json;
mod keys;
mod limits;
mod names;
mod owner;
mod plan;
mod publish;
mod registry;
mod release;
mod resolve;
mod slots;
mod versions;

pub use audit::{AuditEntry, AuditFilter, Page};
pub use blobs::Blobs;
pub use deployer::{
    DeployOptions, Deployer, Examined, LeftOut, Plan, Progress, Pushed, Restored, Runtime, Staged, Upload,
};
pub use error::Error;
pub use fondaco_engine::OnFailure;
pub use json::{Config, LimitsText};
pub use keys::{Identity, KeyOptions, KeyRecord, Keys, NewKey};
pub use limits::Bounds;
pub use names::{PluginName, PointName};
pub use owner::{Actor, Kind, Owner, Slot};
pub use registry::{Options, Registry};
pub use release::{Action, Expect, HistoryEntry, Previous, Release, ReleaseSpec};
pub use versions::{Package, VersionRecord};
