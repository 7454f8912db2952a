//! `/v1/services`: what operators run.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use fondaco_engine::{Class, Code, Fault, Roles, ServiceName};
use fondaco_registry::{HistoryEntry, Owner, Package, Page, Slot, Upload};
use http::StatusCode;
use serde::Serialize;

use super::Host;
use super::extract::{Expected, Json as Body, Named, Params, Upload as File};
use super::plugins::Items;
use super::releases::{self, Paging, Shown, Wanted};
use super::upload::{self, Naming};
use crate::auth::Caller;
use crate::problem::Problem;

/// Paths under which the host answers itself, and so no service can.
const TAKEN: &[&str] = &["plugins", "releases", "services", "audit", "events", "blobs"];

/// A service, its versions, and what serves.
#[derive(Serialize)]
pub(super) struct Listed {
    #[serde(flatten)]
    package: Package,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<Shown>,
}

pub(super) async fn list(State(host): State<Arc<Host>>, caller: Caller) -> Result<Json<Items<Listed>>, Problem> {
    caller.must_be(Roles::READER)?;
    let deployer = &host.admin.deployer;
    let registry = deployer.registry();
    let packages = registry.packages(&Owner::Platform, Class::Service).await.map_err(Fault::from)?;
    let mut releases = registry.releases(&Owner::Platform).await.map_err(Fault::from)?;
    let items = packages.into_iter().map(|package| {
        let position = releases.iter().position(|release| release.slot.name() == package.name);
        let release = position.map(|position| Shown::of(deployer, releases.swap_remove(position)));
        Listed { package, release }
    });
    Ok(Json(Items { items: items.collect() }))
}

pub(super) async fn push(
    State(host): State<Arc<Host>>,
    caller: Caller,
    Params(naming): Params<Naming>,
    request: Request,
) -> Result<Response, Problem> {
    caller.must_be(Roles::OPERATOR)?;
    let name = service_name(&naming.name)?;
    let version = naming.version()?;
    let _turn = upload::turn(&host.uploads)?;
    let File(bytes) = File::from_request(request, &host).await?;
    upload::push(&host.admin.deployer, Upload::service(&name, version, bytes), &caller).await
}

fn service_name(text: &str) -> Result<ServiceName, Fault> {
    let invalid = |message: String| Fault::new(Code::InvalidArgument, "INVALID_SERVICE_NAME", message);
    let name: ServiceName = text.parse().map_err(|error: fondaco_engine::IdError| invalid(error.to_string()))?;
    if TAKEN.contains(&name.as_str()) {
        return Err(invalid(format!("`{name}` is taken by the host's own routes; choose another name")));
    }
    Ok(name)
}

fn slot(Named(name): Named<String>) -> Result<Slot, Fault> {
    Ok(Slot::Service { name: service_name(&name)? })
}

pub(super) async fn show(State(host): State<Arc<Host>>, caller: Caller, name: Named<String>) -> Result<Shown, Problem> {
    caller.must_be(Roles::READER)?;
    releases::show_slot(&host, &slot(name)?).await
}

pub(super) async fn put(
    State(host): State<Arc<Host>>,
    caller: Caller,
    name: Named<String>,
    Expected(expect): Expected,
    Body(wanted): Body<Wanted>,
) -> Result<Shown, Problem> {
    caller.must_be(Roles::OPERATOR)?;
    releases::put_slot(&host, &slot(name)?, wanted, expect, &caller).await
}

pub(super) async fn remove(
    State(host): State<Arc<Host>>,
    caller: Caller,
    name: Named<String>,
    Expected(expect): Expected,
) -> Result<StatusCode, Problem> {
    caller.must_be(Roles::OPERATOR)?;
    releases::remove_slot(&host, &slot(name)?, expect, &caller).await
}

pub(super) async fn rollback(
    State(host): State<Arc<Host>>,
    caller: Caller,
    name: Named<String>,
    Expected(expect): Expected,
) -> Result<Shown, Problem> {
    caller.must_be(Roles::OPERATOR)?;
    releases::rollback_slot(&host, &slot(name)?, expect, &caller).await
}

pub(super) async fn history(
    State(host): State<Arc<Host>>,
    caller: Caller,
    name: Named<String>,
    Params(page): Params<Paging>,
) -> Result<Json<Page<HistoryEntry>>, Problem> {
    caller.must_be(Roles::READER)?;
    releases::history_of(&host, &slot(name)?, &page).await
}
