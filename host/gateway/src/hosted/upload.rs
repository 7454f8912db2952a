//! Components on their way in, plugins and services alike.

use axum::Json;
use axum::response::{IntoResponse, Response};
use fondaco_engine::{Code, Fault};
use fondaco_registry::{Deployer, Pushed, Upload};
use http::StatusCode;
use semver::Version;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::auth::Caller;
use crate::problem::Problem;

/// `?name=&version=`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Naming {
    pub(super) name: String,
    pub(super) version: String,
    /// `platform`: a built-in plugin that every tenant may use.
    pub(super) owner: Option<String>,
}

impl Naming {
    pub(super) fn version(&self) -> Result<Version, Fault> {
        self.version.parse().map_err(|error| {
            let message = format!("`{}` is not a semantic version such as 1.2.0: {error}", self.version);
            Fault::new(Code::InvalidArgument, "INVALID_VERSION", message)
        })
    }
}

/// Each upload holds its whole file in memory, so only a few may come at a time.
pub(super) fn turn(uploads: &Semaphore) -> Result<tokio::sync::SemaphorePermit<'_>, Problem> {
    uploads.try_acquire().map_err(|_full| Problem::overloaded())
}

pub(super) async fn push(deployer: &Deployer, upload: Upload, caller: &Caller) -> Result<Response, Problem> {
    let Pushed { version, is_new } = deployer.push(upload, &caller.actor()).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(version)).into_response())
}
