//! `[[grants.schedule.jobs]]` of a manifest.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fondaco_engine::{Code, Fault, Grants};
use serde::Deserialize;

use crate::glue::GRANT;
use crate::job::{Job, JobName};
use crate::timetable::{InvalidTimetable, Timetable};

/// Jobs of one service at most.
const JOBS: usize = 32;

/// What a manifest grants, checked; whether the service has the functions is another matter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grant {
    pub(crate) jobs: Vec<Arc<Job>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    jobs: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    function: String,
    cron: String,
    #[serde(default = "utc")]
    zone: String,
    #[serde(default = "yes")]
    catch_up: bool,
    #[serde(default)]
    spread_seconds: u64,
    #[serde(default = "default_timeout")]
    timeout_ms: u64,
}

fn utc() -> String {
    "UTC".to_owned()
}

const fn yes() -> bool {
    true
}

const fn default_timeout() -> u64 {
    10_000
}

impl Grant {
    /// The jobs of a release that serves: its grant was checked when it was staged.
    pub(crate) fn jobs_of(grants: &Grants) -> Vec<Arc<Job>> {
        let grant = grants.get(GRANT).and_then(|grant| Self::parse(grant).ok());
        grant.map(|grant| grant.jobs).unwrap_or_default()
    }

    /// Reads the grant of a service. What is wrong with it is `INVALID_GRANT`, with its path.
    pub(crate) fn parse(grant: &serde_json::Value) -> Result<Self, Fault> {
        let given: Given = serde_path_to_error::deserialize(grant)
            .map_err(|error| invalid(&error.path().to_string(), error.inner()))?;
        if given.jobs.len() > JOBS {
            return Err(invalid("jobs", &format_args!("{} jobs; at most {JOBS}", given.jobs.len())));
        }
        let mut names = BTreeSet::new();
        let mut jobs = Vec::with_capacity(given.jobs.len());
        for (at, entry) in given.jobs.into_iter().enumerate() {
            let job = entry.check(&format!("jobs[{at}]"))?;
            if !names.insert(job.name.clone()) {
                let twice = format!("`{}` stands there twice; a function has one timetable", job.name);
                return Err(invalid(&format!("jobs[{at}].function"), &twice));
            }
            jobs.push(Arc::new(job));
        }
        Ok(Self { jobs })
    }
}

impl Entry {
    fn check(self, path: &str) -> Result<Job, Fault> {
        let within = |field: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(invalid(&format!("{path}.{field}"), &format_args!("{value} is not within {least} and {most}")))
        };
        within("timeout-ms", self.timeout_ms, 1, 60_000)?;
        within("spread-seconds", self.spread_seconds, 0, 3_600)?;
        let name: JobName = self.function.parse().map_err(|error| invalid(&format!("{path}.function"), &error))?;
        let timetable = Timetable::parse(&self.cron, &self.zone).map_err(|error| {
            let field = match error {
                InvalidTimetable::Cron(_) => "cron",
                InvalidTimetable::Zone(_) => "zone",
            };
            invalid(&format!("{path}.{field}"), &error)
        })?;
        Ok(Job {
            name,
            timetable,
            catch_up: self.catch_up,
            spread: Duration::from_secs(self.spread_seconds),
            timeout: Duration::from_millis(self.timeout_ms),
        })
    }
}

/// What is wrong, and where.
pub(crate) fn invalid(path: &str, what: &dyn std::fmt::Display) -> Fault {
    let path = if path == "." { "grants.schedule".to_owned() } else { format!("grants.schedule.{path}") };
    Fault::new(Code::InvalidArgument, "INVALID_GRANT", format!("{path}: {what}")).with("path", path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_are_filled_in() {
        let grant = Grant::parse(&json!({"jobs": [{"function": "chores.sweep", "cron": "0 3 * * *"}]})).unwrap();
        let [job] = &grant.jobs[..] else { panic!() };
        assert_eq!((job.name.to_string().as_str(), job.timetable.as_str()), ("chores.sweep", "0 3 * * * UTC"));
        assert_eq!((job.catch_up, job.spread, job.timeout), (true, Duration::ZERO, Duration::from_secs(10)));
        assert!(Grant::parse(&json!({"jobs": []})).unwrap().jobs.is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        let job = |field: &str, value: serde_json::Value| {
            let mut job = json!({"function": "a.b", "cron": "0 3 * * *"});
            job[field] = value;
            json!({ "jobs": [job] })
        };
        let twice = json!({"jobs": [{"function": "a.b", "cron": "@daily"}, {"function": "a.b", "cron": "@hourly"}]});
        let many: Vec<_> = (0..33).map(|at| json!({"function": format!("a.b{at}"), "cron": "@daily"})).collect();
        for (grant, path) in [
            (json!({}), "grants.schedule"),
            (json!(null), "grants.schedule"),
            (json!({"jobs": [{"cron": "@daily"}]}), "grants.schedule.jobs[0]"),
            (job("cron", json!("0 3 * *")), "grants.schedule.jobs[0].cron"),
            (job("cron", json!(3)), "grants.schedule.jobs[0].cron"),
            (job("zone", json!("Nowhere")), "grants.schedule.jobs[0].zone"),
            (job("function", json!("sweep")), "grants.schedule.jobs[0].function"),
            (job("function", json!("a.b.c")), "grants.schedule.jobs[0].function"),
            (job("timeout-ms", json!(0)), "grants.schedule.jobs[0].timeout-ms"),
            (job("timeout-ms", json!(60_001)), "grants.schedule.jobs[0].timeout-ms"),
            (job("spread-seconds", json!(3_601)), "grants.schedule.jobs[0].spread-seconds"),
            (job("every", json!("day")), "grants.schedule.jobs[0].every"),
            (twice, "grants.schedule.jobs[1].function"),
            (json!({ "jobs": many }), "grants.schedule.jobs"),
        ] {
            let fault = Grant::parse(&grant).unwrap_err();
            assert_eq!((fault.reason.as_ref(), fault.detail("path")), ("INVALID_GRANT", Some(path)), "{grant}");
        }
    }
}
