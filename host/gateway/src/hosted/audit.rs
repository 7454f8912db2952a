//! `GET /v1/audit`: who changed what, when.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fondaco_engine::{Code, Fault, Roles};
use fondaco_registry::{AuditEntry, AuditFilter, Owner, Page};
use serde::Deserialize;

use super::Host;
use super::extract::Params;
use crate::auth::Caller;
use crate::problem::Problem;

/// `?scope=&actor=&action=&subject=&since=&until=&cursor=&limit=`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Operators: `all`, `@platform`, or a tenant. By default the caller's tenant.
    scope: Option<String>,
    actor: Option<String>,
    action: Option<String>,
    subject: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
    cursor: Option<i64>,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(host): State<Arc<Host>>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    caller.must_be(Roles::READER)?;
    let filter = AuditFilter {
        scope: scope(&caller, query.scope.as_deref())?,
        actor: query.actor,
        action: query.action,
        subject: query.subject,
        since_ms: query.since,
        until_ms: query.until,
        cursor: query.cursor,
        limit: query.limit,
    };
    Ok(Json(host.admin.deployer.registry().audit(&filter).await.map_err(Fault::from)?))
}

fn scope(caller: &Caller, asked: Option<&str>) -> Result<Option<Owner>, Fault> {
    let own = Owner::Tenant(caller.tenant().clone());
    let Some(asked) = asked else { return Ok(Some(own)) };
    let scope = match asked {
        "all" => None,
        other => Some(other.parse::<Owner>()?),
    };
    if scope.as_ref() == Some(&own) || caller.is_operator() {
        return Ok(scope);
    }
    let message = format!("a key of `{}` sees its own audit log only; leave `scope` out", caller.tenant());
    Err(Fault::new(Code::PermissionDenied, "SCOPE_DENIED", message))
}
