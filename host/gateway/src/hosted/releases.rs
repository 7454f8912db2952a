//! `/v1/releases`: what serves a tenant.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fondaco_engine::{Fault, Roles};
use fondaco_registry::{
    Config, Deployer, Expect, HistoryEntry, LimitsText, OnFailure, Owner, Page, Release, ReleaseSpec, Slot,
};
use http::{HeaderValue, StatusCode, header};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Host;
use super::extract::{Expected, Json as Body, Named, Params};
use super::plugins::Items;
use crate::auth::Caller;
use crate::problem::Problem;

/// What is to serve. What is left out stays as it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Wanted {
    version: Version,
    source: Option<Owner>,
    position: Option<i32>,
    config: Option<Box<RawValue>>,
    on_failure: Option<OnFailure>,
    limits: Option<Box<RawValue>>,
}

impl Wanted {
    fn spec(self) -> Result<ReleaseSpec, Fault> {
        let text = |raw: &RawValue| raw.get().to_owned();
        Ok(ReleaseSpec {
            version: self.version,
            source: self.source,
            position: self.position,
            config: self.config.map(|raw| Config::new(&text(&raw))).transpose()?,
            on_failure: self.on_failure,
            limits: self.limits.map(|raw| LimitsText::new(&text(&raw))).transpose()?,
        })
    }
}

/// A release and, where it does not serve although it should, why.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    release: Release,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Shown {
    pub(super) fn of(deployer: &Deployer, release: Release) -> Self {
        let problem = deployer.problem(&release.slot).map(|fault| fault.to_string());
        Self { release, problem }
    }
}

/// With the revision as entity tag.
impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        let tag = HeaderValue::from_str(&format!("\"{}\"", self.release.revision));
        let mut response = Json(self).into_response();
        if let Ok(tag) = tag {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

pub(super) async fn list(State(host): State<Arc<Host>>, caller: Caller) -> Result<Json<Items<Shown>>, Problem> {
    caller.must_be(Roles::READER)?;
    let deployer = &host.admin.deployer;
    let scope = Owner::Tenant(caller.tenant().clone());
    let releases = deployer.registry().releases(&scope).await.map_err(Fault::from)?;
    let items = releases.into_iter().map(|release| Shown::of(deployer, release)).collect();
    Ok(Json(Items { items }))
}

type Names = Named<(String, String)>;

fn slot(caller: &Caller, Named((point, name)): Names) -> Result<Slot, Fault> {
    Ok(Slot::Plugin { tenant: caller.tenant().clone(), point: point.parse()?, name: name.parse()? })
}

pub(super) async fn show(State(host): State<Arc<Host>>, caller: Caller, names: Names) -> Result<Shown, Problem> {
    caller.must_be(Roles::READER)?;
    show_slot(&host, &slot(&caller, names)?).await
}

pub(super) async fn put(
    State(host): State<Arc<Host>>,
    caller: Caller,
    names: Names,
    Expected(expect): Expected,
    Body(wanted): Body<Wanted>,
) -> Result<Shown, Problem> {
    caller.must_be(Roles::PUBLISHER)?;
    put_slot(&host, &slot(&caller, names)?, wanted, expect, &caller).await
}

pub(super) async fn remove(
    State(host): State<Arc<Host>>,
    caller: Caller,
    names: Names,
    Expected(expect): Expected,
) -> Result<StatusCode, Problem> {
    caller.must_be(Roles::PUBLISHER)?;
    remove_slot(&host, &slot(&caller, names)?, expect, &caller).await
}

pub(super) async fn rollback(
    State(host): State<Arc<Host>>,
    caller: Caller,
    names: Names,
    Expected(expect): Expected,
) -> Result<Shown, Problem> {
    caller.must_be(Roles::PUBLISHER)?;
    rollback_slot(&host, &slot(&caller, names)?, expect, &caller).await
}

pub(super) async fn history(
    State(host): State<Arc<Host>>,
    caller: Caller,
    names: Names,
    Params(page): Params<Paging>,
) -> Result<Json<Page<HistoryEntry>>, Problem> {
    caller.must_be(Roles::READER)?;
    history_of(&host, &slot(&caller, names)?, &page).await
}

/// `?cursor=&limit=`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    cursor: Option<i64>,
    limit: Option<u32>,
}

pub(super) async fn show_slot(host: &Host, slot: &Slot) -> Result<Shown, Problem> {
    let deployer = &host.admin.deployer;
    let release = deployer.registry().release(slot).await.map_err(Fault::from)?;
    Ok(Shown::of(deployer, release))
}

pub(super) async fn put_slot(
    host: &Host,
    slot: &Slot,
    wanted: Wanted,
    expect: Expect,
    caller: &Caller,
) -> Result<Shown, Problem> {
    let deployer = &host.admin.deployer;
    let release = deployer.release(slot, wanted.spec()?, expect, &caller.actor()).await?;
    Ok(Shown::of(deployer, release))
}

pub(super) async fn remove_slot(
    host: &Host,
    slot: &Slot,
    expect: Expect,
    caller: &Caller,
) -> Result<StatusCode, Problem> {
    host.admin.deployer.remove(slot, expect, &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn rollback_slot(host: &Host, slot: &Slot, expect: Expect, caller: &Caller) -> Result<Shown, Problem> {
    let deployer = &host.admin.deployer;
    let release = deployer.rollback(slot, expect, &caller.actor()).await?;
    Ok(Shown::of(deployer, release))
}

pub(super) async fn history_of(host: &Host, slot: &Slot, page: &Paging) -> Result<Json<Page<HistoryEntry>>, Problem> {
    let registry = host.admin.deployer.registry();
    Ok(Json(registry.history(slot, page.cursor, page.limit).await.map_err(Fault::from)?))
}
