//! Real components at an extension point: order, policies, faults, pinned sets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::sync::Arc;

use common::{Body, active, call, engine, price_rule, price_rule_with_arena};
use fondaco_engine::{Code, Digest, Engine, Fault};
use fondaco_points::samples::cart_of;
use fondaco_points::{
    ActivePlugin, Evaluation, MissingPlugin, OnFailure, PluginSet, Point, Points, Verdict, price_rule as point,
};

struct Host {
    engine: Engine,
    points: Points,
}

impl Host {
    fn new() -> Self {
        let engine = engine();
        Self { points: Points::new(engine.clone()), engine }
    }

    async fn plugin(&self, name: &str, body: &Body, on_failure: OnFailure) -> ActivePlugin {
        active(&self.points, &self.engine, name, price_rule(body), on_failure, None).await
    }

    async fn behind(&self, name: &str, body: &Body, before: ActivePlugin) -> ActivePlugin {
        active(&self.points, &self.engine, name, price_rule(body), OnFailure::LastGood, Some(before)).await
    }

    fn serve(&self, plugins: Vec<ActivePlugin>) {
        self.points.serve(&"acme".parse().unwrap(), PluginSet::new(plugins.into_iter().map(Arc::new)));
    }

    fn open(&self) -> Evaluation {
        self.points.open(call("acme"), cart_of(2)).unwrap()
    }

    fn run(&self, on: &mut Evaluation) -> Result<Vec<Verdict<point::Prices>>, Fault> {
        self.points.run::<point::Evaluate>(on, &())
    }
}

/// Name and unit price, or name and reason.
fn told(verdicts: &[Verdict<point::Prices>]) -> Vec<(String, String)> {
    let outcome = |verdict: &Verdict<point::Prices>| match &verdict.outcome {
        Ok(prices) => prices.prices[0].unit.to_string(),
        Err(fault) => fault.reason.clone(),
    };
    verdicts.iter().map(|verdict| (verdict.source.plugin.to_string(), outcome(verdict))).collect()
}

fn pair(name: &str, outcome: &str) -> (String, String) {
    (name.into(), outcome.into())
}

#[tokio::test]
async fn each_rule_sees_the_prices_that_the_one_before_it_left() {
    let host = Host::new();
    let first = host.plugin("first", &Body::Off(100, "EUR"), OnFailure::Skip).await;
    let second = host.plugin("second", &Body::Off(30, "EUR"), OnFailure::Skip).await;
    host.serve(vec![first, second]);
    let mut held = host.open();
    let verdicts = host.run(&mut held).unwrap();
    assert_eq!(told(&verdicts), [pair("first", "900"), pair("second", "870")]);
    assert_eq!((held.cart().lines[0].unit, held.cart().lines[0].total), (870, 1_740));
    assert!(verdicts.iter().all(|verdict| verdict.source.fuel > 0 && !verdict.source.fallback));
}

/// With an arena the cart's one room has in it what is room of its own otherwise: each string and list of its context,
/// codes, destination and lines. The parameters and the config have theirs in either case, and so has the code of the
/// chosen shipping.
#[tokio::test]
async fn a_cart_enters_a_plugin_with_an_arena_in_one_room() {
    let host = Host::new();
    let (points, engine) = (&host.points, &host.engine);
    let rooms = async |bytes| {
        host.serve(vec![active(points, engine, "rooms", bytes, OnFailure::Skip, None).await]);
        let verdicts = host.run(&mut host.open()).unwrap();
        verdicts[0].outcome.as_ref().unwrap().prices[0].unit
    };
    assert_eq!(rooms(price_rule_with_arena(&Body::Rooms)).await, 4);
    // The same three; of the context six, of its buyer four, the codes and the one in them, of the destination six; the
    // lines, and of either its sku, product, category, tags and the two in them, tax category, candidates and the id in
    // them.
    assert_eq!(rooms(price_rule(&Body::Rooms)).await, 3 + 6 + 4 + 2 + 6 + 1 + 2 * 9);
}

#[tokio::test]
async fn broken_rules_are_skipped_with_a_fault_each_and_harm_no_other() {
    let host = Host::new();
    let mut plugins = Vec::new();
    for (name, body) in [
        ("loop", Body::Loop),
        ("trap", Body::Trap),
        ("unknown-line", Body::UnknownLine),
        ("yen", Body::Off(1, "JPY")),
        ("negative", Body::Off(5_000, "EUR")),
        ("flood", Body::Flood(1_000)),
        ("declines", Body::Declines("NO_SUCH_THINGS")),
        ("good", Body::Off(1, "EUR")),
    ] {
        plugins.push(host.plugin(name, &body, OnFailure::Skip).await);
    }
    host.serve(plugins);
    let mut held = host.open();
    let verdicts = host.run(&mut held).unwrap();
    let expected = [
        pair("loop", "FUEL_EXHAUSTED"),
        pair("trap", "TRAP"),
        pair("unknown-line", "UNKNOWN_LINE"),
        pair("yen", "FOREIGN_CURRENCY"),
        pair("negative", "NEGATIVE_PRICE"),
        pair("flood", "TOO_MANY_PRICES"),
        pair("declines", "NO_SUCH_THINGS"),
        pair("good", "999"),
    ];
    assert_eq!(told(&verdicts), expected);

    let logs = host.points.logs().read(&"acme".parse().unwrap(), "trap", 0, 10);
    assert_eq!(logs[0].fault.as_ref().unwrap().reason, "TRAP");
    assert!(host.points.logs().read(&"acme".parse().unwrap(), "good", 0, 10).is_empty());
}

#[tokio::test]
async fn an_answer_above_the_output_limit_is_stopped_before_it_is_copied() {
    let host = Host::new();
    let plugin = host.plugin("flood", &Body::Flood(100_000), OnFailure::Skip).await;
    host.serve(vec![plugin]);
    let verdicts = host.run(&mut host.open()).unwrap();
    assert_ne!(told(&verdicts)[0].1, "TOO_MANY_PRICES");
    assert!(verdicts[0].outcome.is_err());
}

#[tokio::test]
async fn a_blocking_rule_fails_the_whole_call() {
    let host = Host::new();
    let good = host.plugin("good", &Body::Off(1, "EUR"), OnFailure::Skip).await;
    let vital = host.plugin("vital", &Body::Trap, OnFailure::Block).await;
    host.serve(vec![good, vital]);
    let fault = host.run(&mut host.open()).unwrap_err();
    assert_eq!(fault.reason, "PLUGIN_FAILED");
    assert_eq!((fault.detail("plugin"), fault.detail("cause")), (Some("vital"), Some("TRAP")));
}

#[tokio::test]
async fn the_release_before_stands_in_for_one_that_fails() {
    let host = Host::new();
    let before = host.plugin("rule", &Body::Off(7, "EUR"), OnFailure::Skip).await;
    let digest = before.digest.to_string();
    let plugin = host.behind("rule", &Body::Trap, before).await;
    host.serve(vec![plugin]);
    let mut held = host.open();
    let verdicts = host.run(&mut held).unwrap();
    assert_eq!(told(&verdicts), [pair("rule", "993")]);
    assert!(verdicts[0].source.fallback);
    assert_eq!(verdicts[0].source.digest.as_ref(), digest);
    assert_eq!(held.cart().lines[0].unit, 993);

    let outcomes = held_outcomes(&host);
    assert_eq!(outcomes, [Some("TRAP".to_owned()), None]);
}

/// A release whose component is gone.
fn missing(name: &str, on_failure: OnFailure, fallback: Option<ActivePlugin>) -> ActivePlugin {
    ActivePlugin::missing(MissingPlugin {
        point: Point::PriceRule,
        name: name.into(),
        version: "2.0.0".into(),
        digest: Digest::of(b"gone"),
        config: "{}".into(),
        on_failure,
        fallback: fallback.map(Arc::new),
        cause: Fault::new(Code::DataLoss, "COMPONENT_UNREADABLE", "its file is damaged"),
    })
}

#[tokio::test]
async fn a_release_that_could_not_be_loaded_fails_by_its_policy() {
    let host = Host::new();
    let before = host.plugin("stood-in", &Body::Off(7, "EUR"), OnFailure::Skip).await;
    host.serve(vec![
        missing("skipped", OnFailure::Skip, None),
        missing("stood-in", OnFailure::LastGood, Some(before)),
        missing("alone", OnFailure::LastGood, None),
    ]);
    let verdicts = host.run(&mut host.open()).unwrap();
    let expected = [pair("skipped", "PLUGIN_NOT_LOADED"), pair("stood-in", "993"), pair("alone", "PLUGIN_NOT_LOADED")];
    assert_eq!(told(&verdicts), expected);
    assert_eq!(verdicts.iter().map(|verdict| verdict.source.fallback).collect::<Vec<_>>(), [false, true, false]);
    let fault = verdicts[0].outcome.as_ref().unwrap_err();
    assert!(fault.message.contains("its file is damaged"), "{}", fault.message);
    let logged = host.points.logs().read(&"acme".parse().unwrap(), "skipped", 0, 10);
    assert_eq!(logged[0].fault.as_ref().unwrap().reason, "PLUGIN_NOT_LOADED");

    host.serve(vec![missing("vital", OnFailure::Block, None)]);
    let fault = host.run(&mut host.open()).unwrap_err();
    assert_eq!((fault.reason.as_ref(), fault.detail("cause")), ("PLUGIN_FAILED", Some("PLUGIN_NOT_LOADED")));
}

#[tokio::test]
async fn a_set_with_a_missing_plugin_is_another_set() {
    let host = Host::new();
    let there = host.plugin("rule", &Body::Off(1, "EUR"), OnFailure::Skip).await;
    let gone = ActivePlugin::missing(MissingPlugin {
        point: there.point(),
        name: there.name.to_string(),
        version: there.version.to_string(),
        digest: there.digest,
        config: there.config.to_string(),
        on_failure: there.on_failure,
        fallback: None,
        cause: Fault::internal("gone"),
    });
    let [there, gone] = [there, gone].map(|plugin| PluginSet::new([Arc::new(plugin)]));
    assert_ne!(there.revision(), gone.revision());
}

/// The outcomes that a run notes for the request's log line.
fn held_outcomes(host: &Host) -> Vec<Option<String>> {
    let call = call("acme");
    let outcomes = call.outcomes.clone();
    let mut held = host.points.open(call, cart_of(2)).unwrap();
    host.run(&mut held).unwrap();
    outcomes.take().into_iter().map(|outcome| outcome.fault.map(std::borrow::Cow::into_owned)).collect()
}

#[tokio::test]
async fn an_evaluation_keeps_the_set_that_it_pinned() {
    let host = Host::new();
    let old = host.plugin("rule", &Body::Off(1, "EUR"), OnFailure::Skip).await;
    host.serve(vec![old]);
    let mut held = host.open();
    let revision = held.set().revision().clone();
    let new = host.plugin("rule", &Body::Off(2, "EUR"), OnFailure::Skip).await;
    host.serve(vec![new]);
    assert_eq!(told(&host.run(&mut held).unwrap()), [pair("rule", "999")]);
    let mut later = host.open();
    assert_eq!(told(&host.run(&mut later).unwrap()), [pair("rule", "998")]);
    assert_ne!(later.set().revision(), &revision);
}

#[tokio::test]
async fn a_revision_names_what_answers_depend_on() {
    let host = Host::new();
    let a = host.plugin("a", &Body::Off(1, "EUR"), OnFailure::Skip).await;
    let b = host.plugin("b", &Body::Off(2, "EUR"), OnFailure::Skip).await;
    let revision = |plugins: &[&ActivePlugin]| {
        PluginSet::new(plugins.iter().map(|plugin| Arc::new((*plugin).clone()))).revision().to_string()
    };
    let base = revision(&[&a, &b]);
    assert_eq!(base, revision(&[&a, &b]));
    assert_eq!(base.len(), 64);
    let mut others = vec![revision(&[]), revision(&[&a]), revision(&[&b, &a])];
    let mut changed = |change: fn(&mut ActivePlugin)| {
        let mut other = b.clone();
        change(&mut other);
        others.push(revision(&[&a, &other]));
    };
    changed(|plugin| plugin.name = "c".into());
    changed(|plugin| plugin.version = "2.0.0".into());
    changed(|plugin| plugin.config = "[]".into());
    changed(|plugin| plugin.on_failure = OnFailure::Block);
    changed(|plugin| plugin.limits.base.fuel += 1);
    changed(|plugin| plugin.fallback = Some(Arc::new(plugin.clone())));
    others.push(base);
    let distinct: std::collections::BTreeSet<_> = others.iter().collect();
    assert_eq!(distinct.len(), others.len());
}

#[tokio::test]
async fn a_point_without_plugins_answers_nothing() {
    let host = Host::new();
    assert!(host.run(&mut host.open()).unwrap().is_empty());
}

#[tokio::test]
async fn nothing_runs_after_the_deadline() {
    let host = Host::new();
    let plugin = host.plugin("rule", &Body::Off(1, "EUR"), OnFailure::Skip).await;
    host.serve(vec![plugin]);
    let mut call = call("acme");
    call.deadline = std::time::Instant::now();
    let mut held = host.points.open(call, cart_of(2)).unwrap();
    assert_eq!(host.run(&mut held).unwrap_err().reason, "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn the_same_call_costs_the_same_and_answers_the_same() {
    let host = Host::new();
    let plugin = host.plugin("rule", &Body::Off(1, "EUR"), OnFailure::Skip).await;
    host.serve(vec![plugin]);
    let first = host.run(&mut host.open()).unwrap();
    for _ in 0..100 {
        assert_eq!(host.run(&mut host.open()).unwrap(), first);
    }
}
