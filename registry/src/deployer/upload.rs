//! A component on its way in.

use std::sync::Arc;

use bytes::Bytes;
use fondaco_engine::{Class, Code, Digest, Fault, ServiceName};
use semver::Version;

use crate::deployer::Inner;
use crate::limits::Bounds;
use crate::names::PluginName;
use crate::owner::{Actor, Owner};
use crate::publish::{self, NewVersion};
use crate::versions::{PackageKey, VersionRecord};

/// The longest text of a version.
const VERSION_BYTES: usize = 64;

/// A component to be pushed.
#[derive(Clone, Debug)]
pub struct Upload {
    owner: Owner,
    class: Class,
    name: Arc<str>,
    version: Version,
    bytes: Bytes,
}

impl Upload {
    /// A plugin of a tenant, or a built-in one of the platform.
    pub fn plugin(owner: Owner, name: &PluginName, version: Version, bytes: Bytes) -> Self {
        Self { owner, class: Class::Plugin, name: name.as_str().into(), version, bytes }
    }

    /// A service of the platform.
    pub fn service(name: &ServiceName, version: Version, bytes: Bytes) -> Self {
        Self { owner: Owner::Platform, class: Class::Service, name: name.as_str().into(), version, bytes }
    }

    fn package(&self) -> PackageKey<'_> {
        PackageKey { owner: &self.owner, class: self.class, name: &self.name }
    }

    fn check(&self, bounds: &Bounds) -> Result<(), Fault> {
        let size = self.bytes.len() as u64;
        if size == 0 {
            return Err(Fault::new(
                Code::InvalidArgument,
                "EMPTY_UPLOAD",
                "the upload has no bytes: send the .wasm file as the body",
            ));
        }
        if size > bounds.artifact_bytes {
            return Err(Fault::new(
                Code::InvalidArgument,
                "COMPONENT_TOO_LARGE",
                format!("the component has {size} bytes, at most {} are allowed", bounds.artifact_bytes),
            ));
        }
        if self.version.to_string().len() > VERSION_BYTES {
            return Err(Fault::new(
                Code::InvalidArgument,
                "INVALID_VERSION",
                format!("the version is longer than {VERSION_BYTES} characters"),
            ));
        }
        Ok(())
    }
}

/// What came of a push.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// The version as it is there now.
    pub version: VersionRecord,
    /// False when the same bytes were there as that version already.
    pub is_new: bool,
}

/// Examine, store the artifact, commit the version. A crash in between leaves at most an artifact
/// that nobody refers to.
pub(super) async fn push(inner: &Inner, upload: &Upload, actor: &Actor) -> Result<Pushed, Fault> {
    let registry = &inner.registry;
    upload.check(registry.bounds())?;
    // One at a time for each owner: examining costs a compilation.
    let _turn = inner.pushing.of(&upload.owner).await;
    let digest = Digest::of(&upload.bytes);
    if let Some(version) = known(inner, upload, digest).await? {
        // Sent again, perhaps because the artifact is damaged: putting it repairs it.
        registry.blobs().put(upload.bytes.clone()).await?;
        return Ok(Pushed { version, is_new: false });
    }
    let examined = inner.runtime.examine(upload.class, &upload.bytes).await?;
    if examined.kind.class() != upload.class {
        return Err(wrong_class(upload, &examined.kind));
    }
    let new = NewVersion {
        package: upload.package(),
        kind: &examined.kind,
        version: &upload.version,
        digest,
        size: upload.bytes.len() as u64,
        meta: &examined.meta,
    };
    let stored = registry.blobs().put(upload.bytes.clone()).await?;
    debug_assert_eq!(stored, digest);
    let version = publish::publish(registry.database(), registry.blobs(), registry.bounds(), &new, actor).await?;
    tracing::info!(owner = %upload.owner, name = %upload.name, version = %upload.version, %digest, "version pushed");
    Ok(Pushed { version, is_new: true })
}

async fn known(inner: &Inner, upload: &Upload, digest: Digest) -> Result<Option<VersionRecord>, Fault> {
    let mut view = inner.registry.database().snapshot().await?;
    Ok(publish::before_publishing(&mut view, &upload.package(), &upload.version, digest).await?)
}

fn wrong_class(upload: &Upload, found: &crate::owner::Kind) -> Fault {
    Fault::new(
        Code::InvalidArgument,
        "WRONG_CLASS",
        format!("'{}' was pushed as a {} and the component is a {found}", upload.name, upload.class.as_str()),
    )
}
