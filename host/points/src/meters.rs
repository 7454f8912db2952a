//! Counters of plugin runs. Labels are bounded: points and kinds of outcome, never tenants or plugins, of which
//! there may be any number. Handles are made once, because looking one up costs more than counting.

use std::sync::OnceLock;
use std::time::Duration;

use fondaco_engine::{Fault, Fuel};
use metrics::{Counter, Histogram, counter, describe_counter, describe_histogram, histogram};

use crate::point::Point;

/// How a run ended, as far as a graph is interested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A good answer.
    Ok,
    /// The plugin itself answered a fault.
    Declined,
    /// The answer broke the contract's bounds.
    Invalid,
    /// The engine stopped it: a limit.
    Limit,
    /// It broke: a trap or a panic; or it could not be loaded at all.
    Trap,
}

impl Ending {
    const ALL: [Self; 5] = [Self::Ok, Self::Declined, Self::Invalid, Self::Limit, Self::Trap];

    /// What the engine's fault stands for.
    pub(crate) fn of_engine(fault: &Fault) -> Self {
        match fault.reason.as_ref() {
            "TRAP" | "PANIC" | "INTERNAL" | "PLUGIN_NOT_LOADED" => Self::Trap,
            _ => Self::Limit,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Declined => "declined",
            Self::Invalid => "invalid",
            Self::Limit => "limit",
            Self::Trap => "trap",
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Ok => 0,
            Self::Declined => 1,
            Self::Invalid => 2,
            Self::Limit => 3,
            Self::Trap => 4,
        }
    }
}

struct PointMeters {
    runs: [Counter; 5],
    fuel: Counter,
    seconds: Histogram,
}

/// The counters of all points; made at the first run, when the process has installed its recorder.
#[derive(Default)]
pub(crate) struct Meters(OnceLock<[PointMeters; 6]>);

impl Meters {
    pub(crate) fn count(&self, point: Point, ending: Ending, fuel: Fuel, took: Duration) {
        let Some(meters) = self.0.get_or_init(all).get(point.index()) else {
            return;
        };
        if let Some(runs) = meters.runs.get(ending.index()) {
            runs.increment(1);
        }
        meters.fuel.increment(fuel.0);
        meters.seconds.record(took.as_secs_f64());
    }
}

fn all() -> [PointMeters; 6] {
    describe_counter!("fondaco_plugin_runs_total", "Runs of plugins, by extension point and how they ended");
    describe_counter!("fondaco_plugin_fuel_total", "Fuel that plugins used, by extension point");
    describe_histogram!("fondaco_plugin_seconds", "Time of one plugin run, by extension point");
    Point::ALL.map(|point| {
        let runs = |ending: Ending| {
            counter!("fondaco_plugin_runs_total", "point" => point.name(), "outcome" => ending.label())
        };
        PointMeters {
            runs: Ending::ALL.map(runs),
            fuel: counter!("fondaco_plugin_fuel_total", "point" => point.name()),
            seconds: histogram!("fondaco_plugin_seconds", "point" => point.name()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_where_they_are_counted() {
        for (index, ending) in Ending::ALL.into_iter().enumerate() {
            assert_eq!(ending.index(), index);
        }
    }
}
