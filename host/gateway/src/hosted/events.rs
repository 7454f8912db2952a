//! `/v1/events`: how far subscriptions are behind, and dead letters. For operators: services are theirs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fondaco_engine::{Code, Fault, Roles, TenantId};
use fondaco_events::{DeadLetter, LettersOf, SubscriptionName};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Host;
use super::extract::{Named, Params, page, service_name, tenant_id};
use super::plugins::Items;
use crate::auth::Caller;
use crate::problem::Problem;

/// Each letter has its whole event, so a page is small.
const MOST: u16 = 200;

/// How far a subscription is behind.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Behind {
    subscription: String,
    events: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_ms: Option<i64>,
}

/// `?tenant=&service=&subscription=&limit=`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    tenant: Option<String>,
    service: Option<String>,
    subscription: Option<String>,
    limit: Option<u16>,
}

pub(super) async fn lag(State(host): State<Arc<Host>>, caller: Caller) -> Result<Json<Items<Behind>>, Problem> {
    caller.must_be(Roles::OPERATOR)?;
    let behind = host.admin.events.lag().await?.into_iter().map(|lag| Behind {
        subscription: lag.name.to_string(),
        events: lag.events,
        oldest_ms: lag.oldest_ms,
    });
    Ok(Json(Items { items: behind.collect() }))
}

pub(super) async fn list(
    State(host): State<Arc<Host>>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Items<DeadLetter>>, Problem> {
    caller.must_be(Roles::OPERATOR)?;
    let tenant = query.tenant.as_deref().map(tenant_id).transpose()?;
    let service = query.service.as_deref().map(service_name).transpose()?;
    let subscription = query.subscription.as_deref().map(str::parse).transpose()?;
    let limit = page(query.limit, MOST)?;
    let of = LettersOf { tenant: tenant.as_ref(), service: service.as_ref(), subscription: subscription.as_ref() };
    let items = host.admin.events.dead_letters(of, limit).await?;
    Ok(Json(Items { items }))
}

pub(super) async fn show(
    State(host): State<Arc<Host>>,
    caller: Caller,
    Named(letter): Named<Letter>,
) -> Result<Json<DeadLetter>, Problem> {
    caller.must_be(Roles::OPERATOR)?;
    let (tenant, name, event) = letter.parse()?;
    Ok(Json(host.admin.events.dead_letter(&tenant, &name, event).await?))
}

/// Calls the handler now. Its fault is the answer where it fails again.
pub(super) async fn replay(
    State(host): State<Arc<Host>>,
    caller: Caller,
    Named(letter): Named<Letter>,
) -> Result<StatusCode, Problem> {
    caller.must_be(Roles::OPERATOR)?;
    let (tenant, name, event) = letter.parse()?;
    host.admin.events.replay(&tenant, &name, event).await?;
    tracing::info!(%tenant, subscription = %name, %event, by = %caller.subject(), "dead letter was replayed");
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn discard(
    State(host): State<Arc<Host>>,
    caller: Caller,
    Named(letter): Named<Letter>,
) -> Result<StatusCode, Problem> {
    caller.must_be(Roles::OPERATOR)?;
    let (tenant, name, event) = letter.parse()?;
    host.admin.events.discard(&tenant, &name, event).await?;
    tracing::warn!(%tenant, subscription = %name, %event, by = %caller.subject(), "dead letter was discarded");
    Ok(StatusCode::NO_CONTENT)
}

/// Which dead letter, as it stands in the path. The slash of a subscription's name is `%2F` there.
#[derive(Deserialize)]
pub(super) struct Letter {
    tenant: String,
    subscription: String,
    event: String,
}

impl Letter {
    fn parse(&self) -> Result<(TenantId, SubscriptionName, Uuid), Fault> {
        let event = self.event.parse().map_err(|_| {
            let message = format!("`{}` is not an event's id: a UUID", self.event);
            Fault::new(Code::InvalidArgument, "INVALID_PATH", message)
        })?;
        Ok((tenant_id(&self.tenant)?, self.subscription.parse()?, event))
    }
}
