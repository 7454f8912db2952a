//! `fondaco jobs`: what services run by the clock.

use serde::{Deserialize, Serialize};

use super::wire::Items;
use crate::cli::{self, Common};
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::{Output, time};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    tenant: String,
    service: String,
    function: String,
    timetable: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Run>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_ms: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    due_ms: i64,
    state: String,
    attempts: u32,
    failures: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

pub(crate) async fn run(common: &Common, wanted: cli::Jobs, output: Output) -> Result<(), Failure> {
    let client = Client::new(common, Need::Operator)?;
    let limit = wanted.limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    let of = [("tenant", &common.tenant), ("service", &wanted.service)];
    query.extend(of.into_iter().filter_map(|(name, of)| Some((name, of.as_deref()?))));
    let jobs: Items<Job> = client.get(&["v1", "jobs"], &query).await?;
    output.answer(&jobs, |output, jobs| table(output, &jobs.items))
}

fn table(output: Output, jobs: &[Job]) -> String {
    if jobs.is_empty() {
        return "no service runs anything by the clock".to_owned();
    }
    let rows = jobs.iter().map(|job| {
        let last = job.last.as_ref();
        vec![
            job.service.clone(),
            job.function.clone(),
            job.tenant.clone(),
            job.timetable.clone(),
            last.map_or_else(never, |run| time(run.due_ms)),
            last.map_or_else(never, outcome),
            job.next_ms.map_or_else(never, time),
        ]
    });
    output.table(&["SERVICE", "FUNCTION", "TENANT", "CRON", "LAST DUE (UTC)", "OUTCOME", "NEXT (UTC)"], rows.collect())
}

fn never() -> String {
    "-".to_owned()
}

/// How it went; and, where it does not go well again and again, how often.
fn outcome(run: &Run) -> String {
    match (run.state.as_str(), &run.reason) {
        ("failed", Some(reason)) if run.failures > 1 => format!("{reason} ({} in a row)", run.failures),
        ("failed", Some(reason)) => reason.clone(),
        (state, _) => state.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn jobs_are_rows() {
        let job = |function: &str, last: Value| {
            let due = 1_767_236_400_000_i64;
            let mut job = json!({
                "tenant": "acme", "service": "shop", "function": function, "timetable": "0 3 * * * Europe/Berlin",
                "nextMs": due + 86_400_000,
            });
            if !last.is_null() {
                job["last"] = json!({ "dueMs": due, "attempts": 1, "failures": 0, "endedMs": due + 900 });
                job["last"].as_object_mut().unwrap().extend(last.as_object().unwrap().clone());
            }
            serde_json::from_value(job).unwrap()
        };
        let failed = |failures| json!({ "state": "failed", "reason": "BROOM_BROKEN", "failures": failures });
        let jobs = [
            job("chores.sweep", json!({ "state": "done" })),
            job("chores.dust", failed(1)),
            job("chores.wash", failed(3)),
            // After it failed the time before.
            job("chores.iron", json!({ "state": "running", "reason": "BROOM_BROKEN", "failures": 1 })),
            job("chores.mend", Value::Null),
        ];
        insta::assert_snapshot!(table(Output::PLAIN, &jobs), @r"
        SERVICE  FUNCTION      TENANT  CRON                     LAST DUE (UTC)       OUTCOME                    NEXT (UTC)
        shop     chores.sweep  acme    0 3 * * * Europe/Berlin  2026-01-01 03:00:00  done                       2026-01-02 03:00:00
        shop     chores.dust   acme    0 3 * * * Europe/Berlin  2026-01-01 03:00:00  BROOM_BROKEN               2026-01-02 03:00:00
        shop     chores.wash   acme    0 3 * * * Europe/Berlin  2026-01-01 03:00:00  BROOM_BROKEN (3 in a row)  2026-01-02 03:00:00
        shop     chores.iron   acme    0 3 * * * Europe/Berlin  2026-01-01 03:00:00  running                    2026-01-02 03:00:00
        shop     chores.mend   acme    0 3 * * * Europe/Berlin  -                    -                          2026-01-02 03:00:00
        ");
        assert_eq!(table(Output::PLAIN, &[]), "no service runs anything by the clock");
    }
}
