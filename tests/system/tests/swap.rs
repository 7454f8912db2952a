//! New versions go live under load: no failed and no mixed answer.
//!
//! Version n of the plugin sets the price of the first line to 1000 + 10 n, and is built so; so each answer can be held
//! against the version that it names. The pricing service is swapped between builds that differ in their bytes and in
//! one setting, which shows in each answer too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use fondaco_system_tests::api::{Answer, Api};
use fondaco_system_tests::bystander::{Bystanders, Judge};
use fondaco_system_tests::host::{House, release};
use fondaco_system_tests::{carts, forge};
use serde_json::{Value, json};

const CLIENTS: usize = 32;
const VERSIONS: i64 = 5;
const PLUGIN_SWAPS: usize = 1_000;
const SERVICE_SWAPS: usize = 100;

fn unit(version: i64) -> i64 {
    1_000 + 10 * version
}

/// Unit price of the first line, all lines before discounts, tax, and what the buyer pays.
fn amounts(quote: &Value) -> [i64; 4] {
    let totals = &quote["totals"];
    [&quote["lines"][0]["unit"], &totals["items"], &totals["tax"], &totals["grand"]]
        .map(|amount| amount.as_i64().unwrap_or(-1))
}

/// The same by hand: 10 % off both lines, then 20 % tax in or on top of them, rounded half up by line.
fn expected(version: i64, tax_is_included: bool) -> [i64; 4] {
    let lines = [3 * unit(version), 2 * 2_500];
    let discounted = lines.map(|line| line - line / 10);
    let (numerator, denominator) = if tax_is_included { (20, 120) } else { (20, 100) };
    let tax: i64 = discounted.iter().map(|line| (line * numerator * 2 + denominator) / (2 * denominator)).sum();
    let pays = discounted.iter().sum::<i64>() + if tax_is_included { 0 } else { tax };
    [unit(version), lines.iter().sum(), tax, pays]
}

/// What the answers were so far.
#[derive(Debug, Default)]
struct Seen {
    /// What an answer of one revision looked like: it must always look like that.
    revisions: HashMap<String, String>,
    /// Answers by whether their prices contain tax.
    settings: HashMap<bool, u64>,
}

/// Holds an answer against what it says of itself.
fn judge(digests: &[String], seen: &Mutex<Seen>, answer: &Answer) -> Result<(), String> {
    if answer.status != 200 {
        return Err(format!("{} {}", answer.status, answer.text()));
    }
    let quote = answer.json();
    let wrong = |what: &str| Err(format!("{what}: {quote}"));
    let outcomes = quote["plugins"].as_array().cloned().unwrap_or_default();
    let [price, promotion, tax] = outcomes.as_slice() else {
        return wrong("all three plugins take part");
    };
    let version: i64 =
        price["source"]["version"].as_str().and_then(|text| text.strip_prefix("1.0.")?.parse().ok()).unwrap_or(-1);
    if outcomes.iter().any(|outcome| !outcome["fault"].is_null()) || !(0..VERSIONS).contains(&version) {
        return wrong("no fault, and a version that there is");
    }
    if price["source"]["digest"] != digests[usize::try_from(version).unwrap()] {
        return wrong("the digest is the version's");
    }
    if amounts(&quote) != expected(version, quote["pricesIncludeTax"] == true) {
        return wrong("the amounts are the version's and the setting's");
    }
    let revision = quote["revision"].as_str().unwrap_or_default().to_owned();
    let summary = format!("{version} {} {}", promotion["source"]["version"], tax["source"]["version"]);
    let mut seen = seen.lock().unwrap();
    *seen.settings.entry(quote["pricesIncludeTax"] == true).or_default() += 1;
    let before = seen.revisions.entry(revision).or_insert_with(|| summary.clone()).clone();
    if before == summary { Ok(()) } else { wrong(&format!("the same revision stood for {before} before")) }
}

/// Releases the next version twice, goes back once, and so on. Returns after `swaps` changes of what serves.
async fn swap_plugins(api: Api, swaps: usize) {
    let mut next = 0;
    for swap in 0..swaps {
        if swap % 3 == 2 {
            api.rollback("price-rule", "ticker").await.ok();
        } else {
            next = (next + 1) % VERSIONS;
            api.release("price-rule", "ticker", &release(&format!("1.0.{next}"), json!({}))).await.ok();
        }
    }
}

/// To and fro between two builds and two settings.
async fn swap_services(api: Api, swaps: usize) {
    for swap in 0..swaps {
        match swap % 4 {
            3 => drop(api.rollback_service("pricing").await.ok()),
            step => {
                let config = json!({"default": {"pricesIncludeTax": step == 1}});
                api.release_service("pricing", ["1.0.0", "1.0.1"][swap % 2], &config).await.ok();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_fails_or_is_mixed_while_versions_change() {
    let Some(house) = House::new() else { return };
    let (operator, publisher) = (house.operator(), house.merchant("busy"));
    let host = house.start().await;
    let (operator, publisher) = (host.api(&operator), host.api(&publisher));
    house.furnish(&operator).await;
    operator
        .push_service("pricing", "1.0.1", forge::stamped(&house.guest("services/pricing"), "second build"))
        .await
        .ok();

    let mut digests = Vec::new();
    for version in 0..VERSIONS {
        let bytes = forge::fixed_price(unit(version));
        digests.push(forge::digest(&bytes));
        publisher.push("ticker", &format!("1.0.{version}"), bytes).await.ok();
    }
    publisher.release("price-rule", "ticker", &release("1.0.0", json!({}))).await.ok();
    for (point, name, config) in
        [("promotion", "hostile-promotion", json!({"percent": 10})), ("tax", "hostile-tax", json!({"percent": 20}))]
    {
        publisher.push(name, "1.0.0", house.guest(&format!("tests/{name}"))).await.ok();
        publisher.release(point, name, &release("1.0.0", config)).await.ok();
    }

    let seen = Arc::<Mutex<Seen>>::default();
    let judge: Judge = {
        let seen = seen.clone();
        Arc::new(move |answer| judge(&digests, &seen, answer))
    };
    let clients = Bystanders::start(CLIENTS, &publisher, carts::two_lines("under-load").to_string(), &judge);
    let plugins = tokio::spawn(swap_plugins(publisher.clone(), PLUGIN_SWAPS));
    let services = tokio::spawn(swap_services(operator.clone(), SERVICE_SWAPS));
    plugins.await.unwrap();
    services.await.unwrap();
    let answered = clients.finish().await;
    assert!(answered > CLIENTS as u64, "{answered} quotes in all");

    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let sets = usize::try_from(VERSIONS).unwrap();
    assert_eq!(seen.revisions.len(), sets, "all versions were seen, and a revision is its set: {seen:?}");
    assert_eq!(seen.settings.len(), 2, "both settings of the service were seen: {seen:?}");
    let history = publisher.get("/v1/releases/price-rule/ticker").await.ok();
    assert!(history["revision"].as_u64().is_some_and(|revision| revision > PLUGIN_SWAPS as u64), "{history}");
    host.stop().await;
}
