//! Metrics and the one log line of a request.
//!
//! Handles are made once a route: counting a request is an atomic add or two, with no look-up by labels. Labels are
//! route templates and status classes, never raw paths, tenants or plugins, so that their number stays bounded.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fondaco_engine::Outcome;
use http::StatusCode;
use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// Upper bounds of the duration histogram, in seconds.
const BUCKETS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
const CLASSES: [&str; 6] = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// Where the gateway counts. Cheap to clone.
#[derive(Clone)]
pub struct Telemetry {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
    in_flight: Gauge,
    plugin_ok: Counter,
    plugin_fault: Counter,
    fuel: Counter,
}

impl Telemetry {
    /// A recorder of its own. The binary installs it for the whole process with [`Telemetry::install`].
    pub fn new() -> Result<Self, BuildError> {
        let recorder = Arc::new(PrometheusBuilder::new().set_buckets(BUCKETS)?.build_recorder());
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, describe);
        let (in_flight, plugin_ok, plugin_fault, fuel) = metrics::with_local_recorder(&recorder, || {
            (
                gauge!("fondaco_http_requests_in_flight"),
                counter!("fondaco_plugin_calls_total", "outcome" => "ok"),
                counter!("fondaco_plugin_calls_total", "outcome" => "fault"),
                counter!("fondaco_request_fuel_total"),
            )
        });
        Ok(Self { recorder, handle, in_flight, plugin_ok, plugin_fault, fuel })
    }

    /// Makes it the recorder of the whole process, so that other crates count here too. False when there is one.
    pub fn install(&self) -> bool {
        metrics::set_global_recorder(Arc::clone(&self.recorder)).is_ok()
    }

    /// In the text format of Prometheus.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds what was recorded since into the buckets; to be called now and then.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// The meters of one route.
    pub(crate) fn route(&self, method: &str, template: &str) -> RouteMeter {
        metrics::with_local_recorder(&self.recorder, || RouteMeter {
            requests: CLASSES.map(|status| {
                counter!(
                    "fondaco_http_requests_total",
                    "method" => method.to_owned(), "route" => template.to_owned(), "status" => status
                )
            }),
            seconds: histogram!(
                "fondaco_http_request_seconds", "method" => method.to_owned(), "route" => template.to_owned()
            ),
        })
    }

    /// Counts a request as under way until the guard goes.
    pub(crate) fn enter(&self) -> InFlight<'_> {
        self.in_flight.increment(1.0);
        InFlight(&self.in_flight)
    }

    pub(crate) fn count_outcomes(&self, outcomes: &[Outcome]) {
        let faults = outcomes.iter().filter(|outcome| outcome.fault.is_some()).count() as u64;
        let fuel = outcomes.iter().map(|outcome| outcome.fuel.0).sum();
        self.plugin_fault.increment(faults);
        self.plugin_ok.increment(outcomes.len() as u64 - faults);
        self.fuel.increment(fuel);
    }
}

fn describe() {
    describe_counter!("fondaco_http_requests_total", "Requests answered, by route template and status class.");
    describe_histogram!(
        "fondaco_http_request_seconds",
        metrics::Unit::Seconds,
        "Time from a request's head to its answer."
    );
    describe_gauge!("fondaco_http_requests_in_flight", "Requests under way.");
    describe_counter!("fondaco_plugin_calls_total", "Calls of plugins and services inside of requests, by outcome.");
    describe_counter!("fondaco_request_fuel_total", "Fuel used by plugins inside of requests.");
}

/// The meters of one route.
pub(crate) struct RouteMeter {
    requests: [Counter; 6],
    seconds: Histogram,
}

impl RouteMeter {
    pub(crate) fn count(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100);
        if let Some(counter) = self.requests.get(class).or(self.requests.first()) {
            counter.increment(1);
        }
        self.seconds.record(took.as_secs_f64());
    }
}

/// One request under way.
pub(crate) struct InFlight<'a>(&'a Gauge);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// The target of the log line that each request has.
pub const REQUEST_LOG: &str = "fondaco::request";

/// What the log line says.
pub(crate) struct Line<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) method: &'a str,
    pub(crate) route: &'a str,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) status: StatusCode,
    pub(crate) reason: Option<&'a str>,
    pub(crate) started: Instant,
    pub(crate) outcomes: &'a [Outcome],
}

impl Line<'_> {
    pub(crate) fn write(&self) {
        tracing::info!(
            target: REQUEST_LOG,
            request_id = self.request_id,
            method = self.method,
            route = self.route,
            tenant = self.tenant,
            subject = self.subject,
            status = self.status.as_u16(),
            reason = self.reason,
            micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            plugins = (!self.outcomes.is_empty()).then(|| tracing::field::display(Ran(self.outcomes))),
            "request"
        );
    }
}

/// `volume-tiers@1.0.0 ok 1520, eu-vat@2.1.0 FUEL_EXHAUSTED 5000000`
struct Ran<'a>(&'a [Outcome]);

impl fmt::Display for Ran<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, Outcome { what, fault, fuel }) in self.0.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(to, "{comma}{what} {} {fuel}", fault.as_deref().unwrap_or("ok"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fondaco_engine::Fuel;

    #[test]
    fn requests_are_counted_by_template_and_class() {
        let telemetry = Telemetry::new().unwrap();
        let route = telemetry.route("GET", "/v1/plugins/{name}");
        route.count(StatusCode::OK, Duration::from_millis(3));
        route.count(StatusCode::NOT_FOUND, Duration::from_millis(1));
        let text = telemetry.render();
        let line = "fondaco_http_requests_total{method=\"GET\",route=\"/v1/plugins/{name}\",status=\"2xx\"} 1";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("le=\"0.005\"} 2"), "{text}");
    }

    #[test]
    fn outcomes_are_counted_and_told() {
        let telemetry = Telemetry::new().unwrap();
        let outcome = |what: &str, fault: Option<&'static str>, fuel| Outcome {
            what: what.into(),
            fault: fault.map(Into::into),
            fuel: Fuel(fuel),
        };
        let outcomes = [outcome("a@1.0.0", None, 5), outcome("b@2.0.0", Some("TRAP"), 7)];
        telemetry.count_outcomes(&outcomes);
        let text = telemetry.render();
        assert!(text.contains("fondaco_plugin_calls_total{outcome=\"fault\"} 1"), "{text}");
        assert!(text.contains("fondaco_request_fuel_total 12"), "{text}");
        assert_eq!(Ran(&outcomes).to_string(), "a@1.0.0 ok 5, b@2.0.0 TRAP 7");
    }

    #[test]
    fn requests_under_way_go_up_and_down() {
        let telemetry = Telemetry::new().unwrap();
        let guard = telemetry.enter();
        assert!(telemetry.render().contains("fondaco_http_requests_in_flight 1"));
        drop(guard);
        assert!(telemetry.render().contains("fondaco_http_requests_in_flight 0"));
    }
}
