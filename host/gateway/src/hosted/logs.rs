//! `GET /v1/plugins/{name}/logs`: what a plugin wrote, and how its runs went.

use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use fondaco_engine::Roles;
use fondaco_points::LogEntry;
use fondaco_registry::PluginName;
use serde::{Deserialize, Serialize};

use super::Host;
use super::extract::{Named, Params};
use crate::auth::Caller;
use crate::problem::Problem;

/// The longest that a follower may wait for the next entry.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// How often a follower's plugin is looked at. The book has no bell: writing into it must cost a run nothing.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const MAX_ENTRIES: usize = 1_000;

/// `?after=&limit=&wait=`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The last cursor seen; 0 for all that is kept.
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
    /// How long to wait for an entry when there is none, in milliseconds.
    #[serde(default)]
    wait: u64,
}

#[derive(Serialize)]
pub(super) struct Entries {
    items: Vec<Entry>,
    /// What to ask with next.
    after: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    cursor: u64,
    at_ms: u64,
    request_id: Arc<str>,
    point: &'static str,
    version: Arc<str>,
    /// `ok`, or the reason of the fault.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    fuel: u64,
    lines: Vec<String>,
    /// It wrote more than is kept.
    truncated: bool,
}

pub(super) async fn read(
    State(host): State<Arc<Host>>,
    caller: Caller,
    Named(name): Named<String>,
    Params(query): Params<Query>,
) -> Result<Json<Entries>, Problem> {
    caller.must_be(Roles::READER)?;
    let name: PluginName = name.parse()?;
    let limit = query.limit.unwrap_or(100).clamp(1, MAX_ENTRIES);
    let until = Instant::now() + Duration::from_millis(query.wait).min(MAX_WAIT);
    let mut ready = host.admin.ready.clone();
    loop {
        let entries = host.admin.points.logs().read(caller.tenant(), name.as_str(), query.after, limit);
        // A host that stops does not let its followers hold it up.
        let stopping = !*ready.borrow_and_update();
        if !entries.is_empty() || Instant::now() >= until || stopping {
            let after = entries.last().map_or(query.after, |entry| entry.cursor);
            return Ok(Json(Entries { items: entries.into_iter().map(shown).collect(), after }));
        }
        let _changed = tokio::time::timeout(LOOK_EVERY, ready.changed()).await;
    }
}

fn shown(entry: LogEntry) -> Entry {
    let at_ms = entry.at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis();
    Entry {
        cursor: entry.cursor,
        at_ms: u64::try_from(at_ms).unwrap_or(u64::MAX),
        request_id: entry.request_id,
        point: entry.point.name(),
        version: entry.version,
        outcome: entry.fault.as_ref().map_or_else(|| "ok".to_owned(), |fault| fault.reason.clone().into_owned()),
        message: entry.fault.map(|fault| fault.message),
        fuel: entry.fuel.0,
        lines: entry.lines,
        truncated: entry.truncated,
    }
}
