//! What is counted, a service. Handles are made once, because looking one up costs more than counting.

use std::time::Duration;

use fondaco_engine::{Fault, ServiceName};
use metrics::{Counter, Histogram, counter, histogram};

/// The metrics of one service.
pub(crate) struct Meters {
    ok: Counter,
    failed: Counter,
    committed: Counter,
    not_committed: Counter,
    statement: Histogram,
    commit: Histogram,
}

impl Meters {
    pub(crate) fn of(service: &ServiceName) -> Self {
        let service = service.to_string();
        let statements = |outcome: &'static str| counter!("fondaco_sql_statements_total", "service" => service.clone(), "outcome" => outcome);
        let commits = |outcome: &'static str| counter!("fondaco_sql_commits_total", "service" => service.clone(), "outcome" => outcome);
        Self {
            ok: statements("ok"),
            failed: statements("fault"),
            committed: commits("ok"),
            not_committed: commits("fault"),
            statement: histogram!("fondaco_sql_statement_seconds", "service" => service.clone()),
            commit: histogram!("fondaco_sql_commit_seconds", "service" => service.clone()),
        }
    }

    pub(crate) fn statement<T>(&self, took: Duration, answer: &Result<T, Fault>) {
        let outcome = if answer.is_ok() { &self.ok } else { &self.failed };
        outcome.increment(1);
        self.statement.record(took);
    }

    pub(crate) fn commit(&self, took: Duration, ok: bool) {
        let outcome = if ok { &self.committed } else { &self.not_committed };
        outcome.increment(1);
        self.commit.record(took);
    }
}
