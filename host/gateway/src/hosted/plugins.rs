//! `/v1/plugins`: what a tenant may release, and bringing a plugin in.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use fondaco_engine::{Class, Code, Fault, Roles};
use fondaco_registry::{Owner, Package, PluginName, Upload, VersionRecord};
use serde::Serialize;

use super::Host;
use super::extract::{Named, Params, Upload as File};
use super::upload::{self, Naming};
use crate::auth::Caller;
use crate::problem::Problem;

#[derive(Serialize)]
pub(super) struct Items<T> {
    pub(super) items: Vec<T>,
}

pub(super) async fn list(State(host): State<Arc<Host>>, caller: Caller) -> Result<Json<Items<Package>>, Problem> {
    caller.must_be(Roles::READER)?;
    let items = host.admin.deployer.registry().plugins(caller.tenant()).await.map_err(Fault::from)?;
    Ok(Json(Items { items }))
}

/// All versions, the newest first. The tenant's own plugin hides the platform's of the same name.
pub(super) async fn show(
    State(host): State<Arc<Host>>,
    caller: Caller,
    Named(name): Named<String>,
) -> Result<Json<Items<VersionRecord>>, Problem> {
    caller.must_be(Roles::READER)?;
    let registry = host.admin.deployer.registry();
    let own =
        registry.versions(&Owner::Tenant(caller.tenant().clone()), Class::Plugin, &name).await.map_err(Fault::from);
    let items = match own {
        Err(fault) if fault.code == Code::NotFound => {
            registry.versions(&Owner::Platform, Class::Plugin, &name).await.map_err(Fault::from)?
        }
        other => other?,
    };
    Ok(Json(Items { items }))
}

pub(super) async fn push(
    State(host): State<Arc<Host>>,
    caller: Caller,
    Params(naming): Params<Naming>,
    request: Request,
) -> Result<Response, Problem> {
    let owner = owner(&caller, &naming)?;
    let name: PluginName = naming.name.parse()?;
    let version = naming.version()?;
    let _turn = upload::turn(&host.uploads)?;
    let File(bytes) = File::from_request(request, &host).await?;
    upload::push(&host.admin.deployer, Upload::plugin(owner, &name, version, bytes), &caller).await
}

fn owner(caller: &Caller, naming: &Naming) -> Result<Owner, Fault> {
    match naming.owner.as_deref() {
        None => {
            caller.must_be(Roles::PUBLISHER)?;
            Ok(Owner::Tenant(caller.tenant().clone()))
        }
        Some("platform") => {
            caller.must_be(Roles::OPERATOR)?;
            Ok(Owner::Platform)
        }
        Some(_) => {
            let message = "owner is `platform` or left out; to push for another tenant, say x-fondaco-tenant";
            Err(Fault::new(Code::InvalidArgument, "INVALID_OWNER", message))
        }
    }
}
