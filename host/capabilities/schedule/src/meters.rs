//! What is counted. Labels are names of services and jobs, which manifests bound; never tenants.

use std::time::Duration;

use fondaco_engine::ServiceName;
use metrics::{counter, histogram};

use crate::job::JobName;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Done,
    Failed,
    /// Its lease was over before it was.
    Superseded,
    /// It could not be begun: no release serves, the pool is full, the database is away.
    Postponed,
}

impl Ended {
    const fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Postponed => "postponed",
        }
    }
}

/// A run has ended.
pub(crate) fn ended(service: &ServiceName, job: &JobName, ended: Ended, took: Duration) {
    let (service, job) = (service.as_str().to_owned(), job.as_str().to_owned());
    let outcome = ended.label();
    counter!("fondaco_schedule_runs_total", "service" => service.clone(), "job" => job.clone(), "outcome" => outcome)
        .increment(1);
    histogram!("fondaco_schedule_run_seconds", "service" => service, "job" => job).record(took.as_secs_f64());
}

/// A run begins so long after it should; `missed`: because no host was there.
pub(crate) fn begun(service: &ServiceName, job: &JobName, late: Duration, missed: bool) {
    let (service, job) = (service.as_str().to_owned(), job.as_str().to_owned());
    if missed {
        counter!("fondaco_schedule_caught_up_total", "service" => service, "job" => job).increment(1);
        return;
    }
    histogram!("fondaco_schedule_late_seconds", "service" => service, "job" => job).record(late.as_secs_f64());
}
