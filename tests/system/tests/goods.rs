//! A store's goods, end to end: the demo brings them in by the public import, quotes need no more than skus, and what
//! is changed by the API is in the quotes that follow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::time::Duration;

use fondaco_system_tests::api::Api;
use fondaco_system_tests::cli::Ended;
use fondaco_system_tests::host::{Host, House};
use fondaco_system_tests::programs;
use fondaco_system_tests::wait::until;
use reqwest::Method;
use serde_json::{Value, json};

/// Two stores' goods, by a debug build on two busy cores.
const BROUGHT_IN: Duration = Duration::from_mins(3);
/// From a commit to the quotes.
const FOLLOWED: Duration = Duration::from_secs(30);

/// The store `acme` of the demo.
struct Acme<'a> {
    house: &'a House,
    host: &'a Host,
}

impl Acme<'_> {
    /// Runs a command with the demo key that `up` left.
    fn run(&self, arguments: &[&str]) -> Ended {
        let mut all = vec!["--url", &self.host.base, "--tenant", "acme"];
        all.extend(arguments);
        self.house.run(&all)
    }

    fn quote(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["quote", "--json"];
        all.extend(arguments);
        self.run(&all).json()
    }

    /// The first line of a quote by sku.
    fn line(&self, arguments: &[&str]) -> Value {
        self.quote(arguments)["lines"][0].clone()
    }

    fn api(&self) -> Api {
        let keys = fs::read_to_string(self.house.state().join("demo-keys.json")).unwrap();
        let keys: Value = serde_json::from_str(&keys).unwrap();
        self.host.api(keys["tenants"]["acme"].as_str().unwrap())
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.house.scratch().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn cart(name: &str) -> String {
        programs::repository().join("plugins/demo/carts").join(name).to_str().unwrap().to_owned()
    }

    /// Waits until everything is brought in: the last product that is made up has its price, on sale.
    async fn is_stocked(&self) {
        until("the demo's goods", BROUGHT_IN, async || {
            let ended = self.run(&["quote", "--sku", "kitchen-03000-blue", "--json"]);
            if ended.code == 0 && ended.stdout.contains("sale-eur") { Ok(()) } else { Err(ended) }
        })
        .await;
    }

    async fn follows(&self, what: &str, look: impl Fn() -> Result<(), Value>) {
        until(what, FOLLOWED, async || look()).await;
    }
}

async fn start(house: &House) -> Host {
    let demo = programs::repository().join("plugins/demo");
    let (demo, components) = (demo.to_str().unwrap(), house.components().to_str().unwrap());
    house.start_with(&["--seed", demo, "--components", components]).await
}

fn expect(found: &Value, expected: impl Into<Value>) -> Result<(), Value> {
    if *found == expected.into() { Ok(()) } else { Err(found.clone()) }
}

/// A cart of skus comes to the same as one that says everything.
fn by_sku(acme: &Acme<'_>) {
    let (short, long) = (acme.quote(&[&Acme::cart("by-sku.json")]), acme.quote(&[&Acme::cart("acme.json")]));
    assert_eq!(short["totals"], long["totals"]);
    for (short, long) in short["lines"].as_array().unwrap().iter().zip(long["lines"].as_array().unwrap()) {
        for field in ["id", "sku", "baseUnit", "unit", "total", "tax"] {
            assert_eq!(short[field], long[field], "{field}");
        }
        let gift = short["gift"] == true;
        assert_eq!(
            (&short["priceList"], &long["priceList"]),
            (&if gift { Value::Null } else { json!("web-eur") }, &Value::Null)
        );
    }

    let base = |arguments: &[&str]| acme.line(arguments)["baseUnit"].clone();
    assert_eq!(base(&["--sku", "mug-blue=12", "--sku", "cookbook"]), 890);
    assert_eq!(base(&["--sku", "mug-blue", "--currency", "CHF"]), 990);
    assert_eq!(base(&["--sku", "mug-blue", "--group", "wholesale"]), 690);
    assert_eq!(base(&["--sku", "mug-blue=50", "--group", "wholesale"]), 590);
    let shown = acme.run(&["quote", "--sku", "plate-blue"]).ok().stdout;
    assert!(shown.contains("list web-eur"), "{shown}");

    let ended = acme.run(&["quote", "--sku", "mug-blue", "--sku", "no-such-thing"]);
    assert!(ended.code == 1 && ended.stderr.contains("UNKNOWN_SKU"), "{ended:?}");
    assert!(ended.stderr.contains("path: lines[1].sku"), "{ended:?}");
    let ended = acme.run(&["quote", "--sku", "mug-blue", "--currency", "SEK"]);
    assert!(ended.code == 1 && ended.stderr.contains("NO_PRICE"), "{ended:?}");
}

/// Rows in by the command line, good ones and bad ones, and out again.
async fn rows(acme: &Acme<'_>) {
    let goods = "sku,product,title,category,grams\n\
                 teapot-blue,teapot,Teapot,kitchen,900\nteapot-gold,teapot,Teapot,no-such-place,900\n";
    let goods = acme.file("goods.csv", goods);
    let ended = acme.run(&["import", "catalog", &goods]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.stdout.contains("failed row 2 teapot-gold CATEGORY_NOT_FOUND"), "{ended:?}");
    assert!(ended.stdout.contains("catalog 2 rows: 1 created, 0 updated, 0 unchanged, 1 failed"), "{ended:?}");
    let told = acme.run(&["import", "catalog", &goods, "--json"]);
    let told: Vec<Value> = told.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&told[0]["outcome"], &told[1]["outcome"]), (&json!("unchanged"), &json!("failed")));
    assert_eq!(told[2]["summary"], json!({"rows": 2, "created": 0, "updated": 0, "unchanged": 1, "failed": 1}));

    let prices =
        acme.file("prices.jsonl", "{\"price_list\": \"web-eur\", \"sku\": \"teapot-blue\", \"amount\": 3900}\n");
    acme.run(&["import", "price-book", &prices]).ok();
    acme.follows("the teapot's price", || {
        let ended = acme.run(&["quote", "--sku", "teapot-blue=2", "--json"]);
        if ended.code != 0 {
            return Err(json!(ended.stderr));
        }
        expect(&ended.json()["lines"][0]["baseUnit"], 3_900)
    })
    .await;

    let (catalog, book) = (acme.file("all.csv", ""), acme.file("all.jsonl", ""));
    acme.run(&["export", "catalog", &catalog]).ok();
    acme.run(&["export", "price-book", &book]).ok();
    let (rows, prices) = (fs::read_to_string(&catalog).unwrap(), fs::read_to_string(&book).unwrap());
    assert_eq!(rows.lines().filter(|line| line.starts_with("sku,")).count(), 1, "one header");
    assert_eq!(rows.matches("\nteapot-blue,").count(), 1);
    assert!(rows.lines().count() > 7_500 && prices.lines().count() > 30_000);
    let again = acme.run(&["import", "catalog", &catalog]).ok().stdout;
    assert!(again.contains("0 created, 0 updated") && again.contains("0 failed"), "{again}");
}

/// A price of the API and a product that is taken off are in the quotes that follow.
async fn changes(acme: &Acme<'_>) {
    let api = acme.api();
    let lists = api.get("/v1/price-book/lists").await.ok();
    let web = lists.as_array().unwrap().iter().find(|list| list["content"]["code"] == "web-eur").unwrap();
    assert_eq!(acme.line(&["--sku", "mug-blue"])["baseUnit"], 890);
    let replaced = json!({
        "priceList": web["id"], "skus": ["mug-blue"],
        "entries": [{"sku": "mug-blue", "minQuantity": 1, "amount": 950, "compareAt": 1_090}],
    });
    api.send(Method::POST, "/v1/price-book/entries/replace", &replaced).await.ok();
    acme.follows("the new price", || expect(&acme.line(&["--sku", "mug-blue"])["baseUnit"], 950)).await;

    let off = json!({"format": "csv", "text": "sku,channels\nmug-white,app\n", "firstRow": 1});
    api.send(Method::POST, "/v1/catalog/transfer/import-chunk", &off).await.ok();
    // All of the product: its other variant too.
    acme.follows("the violation", || {
        let violations = &acme.quote(&["--sku", "mug-blue"])["violations"];
        expect(&violations[0]["code"], "NOT_FOR_SALE")
    })
    .await;

    let sale = json!({
        "code": "mug-week", "title": "Mug week", "currency": "EUR", "channel": "web", "customerGroup": "",
        "country": "DE", "priority": 0, "taxIncluded": true, "enabled": true,
    });
    let made = api.send(Method::POST, "/v1/price-book/lists", &sale).await.ok();
    let price = json!({
        "priceList": made["id"], "skus": ["mug-blue"], "entries": [{"sku": "mug-blue", "minQuantity": 1, "amount": 500}],
    });
    api.send(Method::POST, "/v1/price-book/entries/replace", &price).await.ok();
    let german = ["--sku", "mug-blue", "--country", "DE"];
    acme.follows("the list", || expect(&acme.line(&german)["baseUnit"], 500)).await;
    let mut disabled = sale;
    disabled["enabled"] = json!(false);
    let path = format!("/v1/price-book/lists/{}", made["id"]);
    api.send(Method::PUT, &path, &json!({"content": disabled})).await.ok();
    acme.follows("the list's end", || expect(&acme.line(&german)["baseUnit"], 950)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_come_in_are_quoted_by_sku_and_follow_their_changes() {
    let Some(house) = House::new() else { return };
    let host = start(&house).await;
    let acme = Acme { house: &house, host: &host };
    acme.is_stocked().await;
    by_sku(&acme);
    rows(&acme).await;
    changes(&acme).await;
    // Nobody but the host hands events to a service.
    let forged = acme.api().send(Method::POST, "/v1/pricing/event-handler/handle", &json!({})).await;
    assert_eq!(forged.reason(), "NO_SUCH_ROUTE");
    host.stop().await;

    // Seeded again, on what is there: the demo leaves alone what was changed since.
    let host = start(&house).await;
    let acme = Acme { house: &house, host: &host };
    acme.is_stocked().await;
    assert_eq!(acme.line(&["--sku", "mug-blue"])["baseUnit"], 950);
    assert_eq!(acme.line(&["--sku", "teapot-blue"])["baseUnit"], 3_900);
    host.stop().await;
}
