//! `/v1/jobs`: what runs by the clock, how it went last, and when it is due next. For operators: services are theirs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fondaco_engine::{Roles, ServiceName, TenantId};
use fondaco_schedule::{Record, Standing};
use serde::{Deserialize, Serialize};

use super::Host;
use super::extract::{Params, page, service_name, tenant_id};
use super::plugins::Items;
use crate::auth::Caller;
use crate::problem::Problem;

const MOST: u16 = 1_000;

/// `?tenant=&service=&limit=`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    tenant: Option<String>,
    service: Option<String>,
    limit: Option<u16>,
}

/// How a job stands for a tenant.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    tenant: TenantId,
    service: ServiceName,
    function: String,
    timetable: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Run>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_ms: Option<i64>,
}

/// Its last run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    due_ms: i64,
    state: &'static str,
    attempts: u32,
    failures: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

pub(super) async fn list(
    State(host): State<Arc<Host>>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Items<Job>>, Problem> {
    caller.must_be(Roles::OPERATOR)?;
    let tenant = query.tenant.as_deref().map(tenant_id).transpose()?;
    let service = query.service.as_deref().map(service_name).transpose()?;
    let limit = page(query.limit, MOST)?;
    let standings = host.admin.jobs.standings(tenant.as_ref(), service.as_ref(), limit).await?;
    Ok(Json(Items { items: standings.into_iter().map(Job::from).collect() }))
}

impl From<Standing> for Job {
    fn from(standing: Standing) -> Self {
        let Standing { tenant, service, job, timetable, last, next_ms } = standing;
        Self { tenant, service, function: job.to_string(), timetable, last: last.map(Run::from), next_ms }
    }
}

impl From<Record> for Run {
    fn from(record: Record) -> Self {
        let Record { due_ms, state, attempts, failures, ended_ms, reason, message, .. } = record;
        Self { due_ms, state: state.as_str(), attempts, failures, ended_ms, reason, message }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use fondaco_schedule::State;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_never_was_is_left_out() {
        let standing = Standing {
            tenant: "acme".parse().unwrap(),
            service: "shop".parse().unwrap(),
            job: "chores.sweep".parse().unwrap(),
            timetable: "0 3 * * * UTC".to_owned(),
            last: None,
            next_ms: Some(2),
        };
        let shown = serde_json::to_value(Job::from(standing.clone())).unwrap();
        let mut expected = json!({
            "tenant": "acme", "service": "shop", "function": "chores.sweep", "timetable": "0 3 * * * UTC", "nextMs": 2,
        });
        assert_eq!(shown, expected);
        let last = Record {
            due_ms: 1,
            state: State::Failed,
            attempts: 1,
            failures: 3,
            ended_ms: Some(1),
            reason: Some("BROOM_BROKEN".to_owned()),
            message: Some("The broom is broken.".to_owned()),
            ..Record::default()
        };
        expected["last"] = json!({
            "dueMs": 1, "state": "failed", "attempts": 1, "failures": 3, "endedMs": 1, "reason": "BROOM_BROKEN",
            "message": "The broom is broken.",
        });
        assert_eq!(serde_json::to_value(Job::from(Standing { last: Some(last), ..standing })).unwrap(), expected);
    }
}
