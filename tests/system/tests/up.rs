//! `fondaco up` as a newcomer uses it: the demo that it brings in, and components that reload as their files change.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::time::Duration;

use fondaco_system_tests::host::{Host, House, release};
use fondaco_system_tests::wait::until;
use fondaco_system_tests::{carts, forge, programs};
use serde_json::{Value, json};

/// A store's cart, quoted by the command line with the demo key that `up` left.
fn demo_quote(house: &House, host: &Host, store: &str) -> Value {
    let cart = programs::repository().join("plugins/demo/carts").join(format!("{store}.json"));
    house.run(&["--url", &host.base, "--tenant", store, "quote", cart.to_str().unwrap(), "--json"]).json()
}

fn plugins(quote: &Value) -> Vec<String> {
    let outcomes = quote["plugins"].as_array().unwrap();
    for outcome in outcomes {
        assert!(outcome["fault"].is_null(), "{outcome}");
    }
    outcomes.iter().map(|outcome| outcome["source"]["plugin"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_quotes_for_two_stores_and_survives_a_restart() {
    let Some(house) = House::new() else { return };
    let demo = programs::repository().join("plugins/demo");
    let arguments =
        ["--seed", demo.to_str().unwrap(), "--components", house.components().to_str().unwrap()].map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();

    let host = house.start_with(&arguments).await;
    let before = ["acme", "globex"].map(|store| demo_quote(&house, &host, store));
    let [acme, globex] = before.each_ref().map(plugins);
    assert!(acme.len() >= 4 && globex.len() >= 4, "{acme:?} {globex:?}");
    assert_ne!(acme, globex, "the two stores have rules of their own");
    host.stop().await;

    // Seeded again, on what is there: nothing changes.
    let host = house.start_with(&arguments).await;
    let after = ["acme", "globex"].map(|store| demo_quote(&house, &host, store));
    assert_eq!(before.map(|quote| quote["revision"].clone()), after.map(|quote| quote["revision"].clone()));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_served() {
    let Some(house) = House::new() else { return };
    let (operator, store) = (house.operator(), house.merchant("tinkerer"));
    let folder = house.scratch().join("components");
    let file = folder.join("own.wasm");
    fs::create_dir(&folder).unwrap();
    let host = house.start_with(&["--watch", folder.to_str().unwrap()]).await;
    house.furnish(&host.api(&operator)).await;
    let api = host.api(&store);
    api.push("own", "1.0.0", forge::fixed_price(900)).await.ok();
    api.release("price-rule", "own", &release("1.0.0", json!({}))).await.ok();

    let cart = carts::two_lines("tinkering");
    let unit = async || api.quote(&cart).await.ok()["lines"][0]["unit"].clone();
    assert_eq!(unit().await, 900);
    for price in [800, 700] {
        fs::write(&file, forge::fixed_price(price)).unwrap();
        until("the new price", Duration::from_secs(30), async || match unit().await {
            found if found == price => Ok(()),
            other => Err(other),
        })
        .await;
    }
    // What is no component changes nothing; the good file behind it does.
    fs::write(&file, forge::truncated(50)).unwrap();
    fs::write(folder.join("stranger.wasm"), forge::fixed_price(1)).unwrap();
    fs::write(&file, forge::fixed_price(600)).unwrap();
    until("the last price", Duration::from_secs(30), async || match unit().await {
        found if found == 600 => Ok(()),
        found if found == 700 => Err(found),
        other => panic!("{other} was never a good file's price"),
    })
    .await;
    api.rollback("price-rule", "own").await.ok();
    assert_eq!(unit().await, 700);
    host.stop().await;
}
