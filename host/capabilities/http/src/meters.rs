//! What is counted: by service, entry of its grant and outcome, never by path.

use std::time::Duration;

use fondaco_engine::ServiceName;
use metrics::{counter, histogram};

/// Of one service.
#[derive(Clone)]
pub(crate) struct Meters {
    service: String,
}

impl Meters {
    pub(crate) fn of(service: &ServiceName) -> Self {
        Self { service: service.to_string() }
    }

    /// A request that was refused before it left.
    pub(crate) fn refused(&self, host: &str, outcome: &'static str) {
        let (service, host) = (self.service.clone(), host.to_owned());
        counter!("fondaco_http_requests_total", "service" => service, "host" => host, "outcome" => outcome)
            .increment(1);
    }

    /// A request that was answered, or was tried in vain.
    pub(crate) fn asked(&self, host: &str, outcome: &'static str, took: Duration, attempts: u32) {
        self.refused(host, outcome);
        let labels = [("service", self.service.clone()), ("host", host.to_owned())];
        histogram!("fondaco_http_request_seconds", &labels).record(took);
        counter!("fondaco_http_repeats_total", &labels).increment(u64::from(attempts.saturating_sub(1)));
    }

    /// A response whose body broke off.
    pub(crate) fn broken(&self, host: &str, outcome: &'static str) {
        let (service, host) = (self.service.clone(), host.to_owned());
        counter!("fondaco_http_broken_responses_total", "service" => service, "host" => host, "outcome" => outcome)
            .increment(1);
    }
}
