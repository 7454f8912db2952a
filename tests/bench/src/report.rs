//! The figures, for people and as one JSON object.

use serde::Serialize;
use serde_json::{Value, json};

use crate::growth::Growth;
use crate::plugin_call;
use crate::quotes::Row;
use crate::swap::Swaps;

/// All that was measured.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) plugin_call: Vec<plugin_call::Row>,
    pub(crate) quotes: Vec<Row>,
    pub(crate) stages_us: Vec<(String, f64)>,
    pub(crate) growth: Growth,
    pub(crate) swaps: Swaps,
}

impl Report {
    /// The one JSON object: the named figures on top, the rest below `detail`.
    pub(crate) fn json(&self) -> Value {
        let call = |lines: u32| self.plugin_call.iter().find(|row| row.lines == lines);
        let quote = |what: &str| self.quotes.iter().find(|row| row.what == what);
        let ratio = |of: Option<f64>, to: Option<f64>| of.zip(to).map(|(of, to)| round(of / to));
        let rate = |what| quote(what).map(|row| row.rate);
        let p99 = |what| quote(what).map(|row| row.p99_us);
        let tenants = |what: &str| self.growth.tenants.iter().find(|row| row.what == what).map(|row| row.rate);
        json!({
            "plugin_call_10_us": call(10).map(|row| round(row.fresh_us)),
            "plugin_call_10_both_cores_us": call(10).map(|row| round(row.both_cores_us)),
            "plugin_call_200_us": call(200).map(|row| round(row.fresh_us)),
            "quote_vs_native": ratio(rate("fondaco"), rate("native")),
            "quote_vs_webhook": ratio(rate("fondaco"), rate("webhook")),
            "quote_p99_vs_webhook": ratio(p99("fondaco"), p99("webhook")),
            "tenants_1000_vs_1": ratio(tenants("1000 tenants"), tenants("1 tenants")),
            "swap_failed": self.swaps.failed,
            "swap_p99_vs_steady": round(self.swaps.swapping_p99_us / self.swaps.steady_p99_us),
            "detail": self,
        })
    }

    /// Tables.
    pub(crate) fn print(&self) {
        println!(
            "\none call of a promotion, µs\n{:>6} {:>9} {:>9} {:>9} {:>11}",
            "lines", "native", "reused", "fresh", "both cores"
        );
        for row in &self.plugin_call {
            println!(
                "{:>6} {:>9.2} {:>9.1} {:>9.1} {:>11.1}",
                row.lines, row.native_us, row.reused_us, row.fresh_us, row.both_cores_us
            );
        }
        rows("quotes over HTTP, 10 lines, one price rule, one promotion, 32 connections", &self.quotes);
        println!("\nwhere a quote's time goes inside pricing, µs (median)");
        for (stage, micros) in &self.stages_us {
            println!("{stage:>16} {micros:>8.1}");
        }
        rows("growth with lines", &self.growth.lines);
        rows("growth with plugins", &self.growth.plugins);
        rows("growth with tenants, each with components of its own", &self.growth.tenants);
        println!("resident then: {:.0} MiB", self.growth.resident_mib);
        let swaps = &self.swaps;
        println!(
            "\n{} swaps of a plugin and {} of a service in {:.0} s under load: {} quotes, {} failed\np50 {:.0} µs (steady {:.0}), p99 {:.0} µs (steady {:.0})",
            swaps.plugins,
            swaps.services,
            swaps.seconds,
            swaps.quotes,
            swaps.failed,
            swaps.swapping_p50_us,
            swaps.steady_p50_us,
            swaps.swapping_p99_us,
            swaps.steady_p99_us
        );
    }
}

/// A table of contenders.
pub(crate) fn rows(title: &str, rows: &[Row]) {
    println!("\n{title}\n{:>14} {:>9} {:>9} {:>9} {:>12}", "", "req/s", "p50 µs", "p99 µs", "CPU µs/req");
    for row in rows {
        println!("{:>14} {:>9.0} {:>9.0} {:>9.0} {:>12.1}", row.what, row.rate, row.p50_us, row.p99_us, row.cpu_us);
    }
}

fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
