//! The figures, for people and as one JSON object.

use serde::Serialize;
use serde_json::{Value, json};

use crate::events::Events;
use crate::full_quote::FullQuote;
use crate::growth::Growth;
use crate::quotes::Row;
use crate::swap::Swaps;
use crate::{plugin_call, sql};

/// All that was measured; `None` for what was not asked for.
#[derive(Default, Serialize)]
pub(crate) struct Report {
    pub(crate) plugin_call: Option<Vec<plugin_call::Row>>,
    pub(crate) quotes: Option<Vec<Row>>,
    pub(crate) stages_us: Option<Vec<(String, f64)>>,
    pub(crate) growth: Option<Growth>,
    pub(crate) swaps: Option<Swaps>,
    pub(crate) sql: Option<Vec<sql::Row>>,
    pub(crate) events: Option<Events>,
    pub(crate) full_quote: Option<FullQuote>,
}

impl Report {
    /// The one JSON object: the named figures on top, null for what was not measured, the rest below `detail`.
    pub(crate) fn json(&self) -> Value {
        let call = |lines: u32| self.plugin_call.iter().flatten().find(|row| row.lines == lines);
        let quote = |what: &str| self.quotes.iter().flatten().find(|row| row.what == what);
        let ratio = |of: Option<f64>, to: Option<f64>| of.zip(to).map(|(of, to)| round(of / to));
        let rate = |what| quote(what).map(|row| row.rate);
        let p99 = |what| quote(what).map(|row| row.p99_us);
        let growth = self.growth.as_ref();
        let tenants = |what: &str| growth?.tenants.iter().find(|row| row.what == what).map(|row| row.rate);
        let swaps = self.swaps.as_ref();
        let read = self.sql.iter().flatten().find(|row| row.database == "SQLite" && row.what == "point read");
        let bus = |bus: &str| self.events.as_ref()?.rows.iter().find(|row| row.bus == bus);
        let full = self.full_quote.as_ref();
        let of = |rows: &[Row], what: &str| rows.iter().find(|row| row.what == what).map(|row| row.rate);
        let full_tenants = |what| of(&full?.tenants, what);
        let full_products = |what| of(&full?.products, what);
        json!({
            "plugin_call_10_us": call(10).map(|row| round(row.fresh_us)),
            "plugin_call_10_both_cores_us": call(10).map(|row| round(row.both_cores_us)),
            "plugin_call_200_us": call(200).map(|row| round(row.fresh_us)),
            "quote_vs_native": ratio(rate("fondaco"), rate("native")),
            "quote_vs_webhook": ratio(rate("fondaco"), rate("webhook")),
            "quote_p99_vs_webhook": ratio(p99("fondaco"), p99("webhook")),
            "tenants_1000_vs_1": ratio(tenants("1000 tenants"), tenants("1 tenants")),
            "swap_failed": swaps.map(|swaps| swaps.failed),
            "swap_p99_vs_steady": swaps.map(|swaps| round(swaps.swapping_p99_us / swaps.steady_p99_us)),
            "sql_overhead_us": read.map(|row| round(row.overhead_us())),
            "events_per_s_embedded": bus("embedded").map(|row| row.per_s.round()),
            "events_per_s_redis": bus("redis").map(|row| row.per_s.round()),
            "events_per_s_by_sqlx": self.events.as_ref().map(|events| events.by_sqlx_per_s.round()),
            "publish_to_handled_p50_ms": bus("embedded").map(|row| round(row.p50_ms)),
            "full_quote_p50_us": full.map(|full| round(full.p50_us)),
            "full_quote_1000_tenants_vs_1": ratio(full_tenants("1000 tenants"), full_tenants("1 tenants")),
            "full_quote_1m_products_vs_100": ratio(full_products("1000000 products"), full_products("100 products")),
            "detail": self,
        })
    }

    /// Tables.
    pub(crate) fn print(&self) {
        if let Some(calls) = &self.plugin_call {
            plugin_calls(calls);
        }
        if let Some(quotes) = &self.quotes {
            rows("quotes over HTTP, 10 lines, one price rule, one promotion, 32 connections", quotes);
        }
        if let Some(stages) = &self.stages_us {
            println!("\nwhere a quote's time goes inside pricing, µs (median)");
            for (stage, micros) in stages {
                println!("{stage:>16} {micros:>8.1}");
            }
        }
        if let Some(growth) = &self.growth {
            rows("growth with lines", &growth.lines);
            rows("growth with plugins", &growth.plugins);
            rows("growth with tenants, each with components of its own", &growth.tenants);
            println!("resident then: {:.0} MiB", growth.resident_mib);
        }
        if let Some(swaps) = &self.swaps {
            swapped(swaps);
        }
        if let Some(statements) = &self.sql {
            sqls(statements);
        }
        if let Some(events) = &self.events {
            buses(events);
        }
        if let Some(full) = &self.full_quote {
            by_sku(full);
        }
    }
}

fn plugin_calls(rows: &[plugin_call::Row]) {
    println!(
        "\none call of a promotion, µs\n{:>6} {:>9} {:>9} {:>9} {:>11}",
        "lines", "native", "reused", "fresh", "both cores"
    );
    for row in rows {
        println!(
            "{:>6} {:>9.2} {:>9.1} {:>9.1} {:>11.1}",
            row.lines, row.native_us, row.reused_us, row.fresh_us, row.both_cores_us
        );
    }
}

fn swapped(swaps: &Swaps) {
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

fn sqls(rows: &[sql::Row]) {
    println!(
        "\na statement through a service, µs (medians)\n{:>28} {:>10} {:>7} {:>6} {:>9} {:>16} {:>8}",
        "", "a statement", "sqlx", "ratio", "overhead", "call of one", "sqlx"
    );
    for row in rows {
        println!(
            "{:>28} {:>11.1} {:>7.1} {:>6.2} {:>9.1} {:>16.1} {:>8.1}",
            format!("{}, {}", row.database, row.what),
            row.statement_us,
            row.native_statement_us,
            row.statement_us / row.native_statement_us,
            row.overhead_us(),
            row.call_us,
            row.native_call_us
        );
    }
}

fn buses(events: &Events) {
    println!(
        "\nevents, published and handled by services\n{:>22} {:>9} {:>8} {:>12} {:>9} {:>9} {:>17} {:>9}",
        "", "events/s", "of sqlx", "published/s", "p50 ms", "p99 ms", "from commit p50", "p99"
    );
    for row in &events.rows {
        println!(
            "{:>22} {:>9.0} {:>8.2} {:>12.0} {:>9.2} {:>9.2} {:>17.2} {:>9.2}",
            row.bus,
            row.per_s,
            row.per_s / events.by_sqlx_per_s,
            row.published_per_s,
            row.p50_ms,
            row.p99_ms,
            row.from_commit_p50_ms,
            row.from_commit_p99_ms
        );
    }
    println!("{:>22} {:>9.0}", "sqlx alone", events.by_sqlx_per_s);
    println!("a sync of this disk: {:.0} µs, 32 at a time {:.0} µs", events.disk_sync_us, events.disk_sync_32_us);
}

fn by_sku(full: &FullQuote) {
    println!(
        "\nquotes by sku: 10 lines, three plugins; one at a time p50 {:.0} µs, p99 {:.0} µs",
        full.p50_us, full.p99_us
    );
    for (what, micros) in &full.unread_p50_us {
        println!("one at a time, of {what} that nobody asked for before: p50 {micros:.0} µs");
    }
    rows("quotes by sku, growth with products, 32 connections", &full.products);
    rows("quotes by sku, growth with tenants, 32 connections", &full.tenants);
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
