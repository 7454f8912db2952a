//! What the registry needs of the host that runs the components. A fake implements it in tests.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use fondaco_engine::{Class, Fault, ServiceName, TenantId};
use futures::future::{BoxFuture, FutureExt};
use serde::Serialize;

use crate::blobs::Blobs;
use crate::owner::{Kind, Slot};
use crate::release::Release;

/// The host behind a [`Deployer`](super::Deployer).
#[async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// All that is checked at an upload: size and form, known world, imports, types of exports,
    /// compiling, a smoke call. Says what the component is.
    async fn examine(&self, class: Class, bytes: &Bytes) -> Result<Examined, Fault>;

    /// Prepares all that the plan serves, without serving it yet.
    ///
    /// A plan names everything that serves a tenant after a change, not the change alone, so that
    /// what comes out can be swapped as one. Prepare by digest and keep what is prepared: of two
    /// plans in a row most is the same.
    ///
    /// A release that cannot be prepared is listed in [`Staged::left_out`], and the others are
    /// staged. What is swapped in holds something in its place that fails each call of it, so that
    /// its failure policy goes on to hold. An error is for a plan of which nothing can be staged.
    async fn stage(&self, plan: Plan, blobs: &Blobs) -> Result<Staged, Fault>;

    /// The same for all releases of a tenant, at a start where nothing of it could be staged, for
    /// instance because it took too long.
    fn stage_missing(&self, tenant: &TenantId, releases: &[Release], cause: &Fault) -> Staged;
}

/// What an examination found out.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What the component is.
    pub kind: Kind,
    /// More about it, for listings: exports, manifest, sizes. Stored with the version.
    pub meta: serde_json::Value,
}

/// All that is to serve for a tenant, or in a service's slot.
#[derive(Clone, Debug)]
pub enum Plan {
    /// The plugins of a tenant, in the order of points and positions.
    Plugins {
        /// The merchant.
        tenant: TenantId,
        /// All that serve after the change; may be empty.
        releases: Vec<Release>,
    },
    /// One service; `None`: no longer.
    Service {
        /// Which.
        name: ServiceName,
        /// Its release.
        release: Option<Box<Release>>,
    },
}

/// A plan that was prepared: all but the swap is done.
pub struct Staged {
    /// What could not be prepared, and why. It does not serve: calls of it fail.
    pub left_out: Vec<LeftOut>,
    /// What speaks against a new release, for instance the component's own word on its config. A rollback and a start
    /// go on all the same: what served before comes back.
    pub objection: Option<Fault>,
    serve: BoxFuture<'static, Result<(), Fault>>,
}

impl Staged {
    /// `serve` swaps what was prepared in. It is called after the change was committed, once, and
    /// not at all when the change is refused.
    pub fn new(serve: impl FnOnce() + Send + 'static) -> Self {
        Self::activating(async move {
            serve();
            Ok(())
        })
    }

    /// The same for a swap that has to wait. It should not fail: the change is committed by then, so
    /// all that can be done is to report it, until the next change or start tries again.
    pub fn activating(serve: impl Future<Output = Result<(), Fault>> + Send + 'static) -> Self {
        Self { left_out: Vec::new(), objection: None, serve: serve.boxed() }
    }

    /// The same, with these releases left out.
    pub fn without(mut self, left_out: Vec<LeftOut>) -> Self {
        self.left_out = left_out;
        self
    }

    /// The same with an objection against its config, if there is one.
    pub fn objecting(mut self, objection: Option<Fault>) -> Self {
        self.objection = objection;
        self
    }

    pub(crate) async fn serve(self) -> Result<(), Fault> {
        self.serve.await
    }
}

impl fmt::Debug for Staged {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Staged").field("left_out", &self.left_out).finish_non_exhaustive()
    }
}

/// A release that is committed and does not serve: calls of it fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Where.
    pub slot: Slot,
    /// Why.
    #[serde(serialize_with = "as_text")]
    pub fault: Fault,
}

fn as_text<S: serde::Serializer>(fault: &Fault, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(fault)
}
