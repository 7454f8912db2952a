//! The command line, end to end: what a newcomer and a script do with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::time::Duration;

use fondaco_system_tests::cli::{Ended, Running};
use fondaco_system_tests::host::{Host, House};
use fondaco_system_tests::wait::until;
use fondaco_system_tests::{carts, forge};
use serde_json::{Value, json};

/// The command line with a host and a key.
struct Shell<'a> {
    house: &'a House,
    url: String,
    key: String,
}

impl Shell<'_> {
    /// Runs a command as the store's owner.
    fn run(&self, arguments: &[&str]) -> Ended {
        let mut all = vec!["--url", &self.url, "--key", &self.key];
        all.extend(arguments);
        self.house.run(&all)
    }

    /// The same with `--json`.
    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        self.run(&all).json()
    }

    /// A file of the test's own.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.house.scratch().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

async fn furnished(house: &House) -> (Host, String) {
    let (operator, store) = (house.operator(), house.merchant("corner-shop"));
    let host = house.start().await;
    house.furnish(&host.api(&operator)).await;
    (host, store)
}

/// Push, release, quote, again, and back: what is for people says it, what is for programs can be parsed.
fn first_plugin(shell: &Shell<'_>) {
    let cart = shell.file("cart.json", carts::two_lines("cli").to_string());
    let unit = || shell.json(&["quote", &cart])["lines"][0]["unit"].clone();
    assert_eq!(unit(), 1_000);

    let first = shell.file("first.wasm", forge::fixed_price(900));
    let pushed = shell.json(&["push", &first, "--name", "own-price", "--version", "1.0.0"]);
    assert_eq!(pushed["digest"], forge::digest(&forge::fixed_price(900)), "{pushed}");
    assert_eq!(unit(), 1_000, "a push alone serves nothing");
    shell.run(&["release", "own-price", "1.0.0"]).ok();
    assert_eq!(unit(), 900);

    let second = shell.file("second.wasm", forge::fixed_price(800));
    shell.run(&["push", &second, "--name", "own-price", "--version", "1.1.0", "--release"]).ok();
    assert_eq!(unit(), 800);
    let plugins = shell.run(&["plugins"]).ok().stdout;
    assert!(plugins.contains("own-price") && plugins.contains("1.1.0"), "{plugins}");
    assert!(!plugins.contains('\u{1b}'), "no colours but on a terminal: {plugins}");
    let versions = shell.run(&["plugins", "own-price"]).ok().stdout;
    assert!(versions.contains("1.0.0") && versions.contains("1.1.0"), "{versions}");

    shell.run(&["rollback", "own-price"]).ok();
    assert_eq!(unit(), 900);
    let shown = shell.run(&["quote", &cart, "--explain"]).ok().stdout;
    assert!(shown.contains("own-price") && shown.contains("EUR"), "{shown}");

    shell.run(&["release", "own-price", "--remove"]).ok();
    assert_eq!(unit(), 1_000);
}

/// What a plugin writes reaches its merchant, also when it fails.
async fn logs(shell: &Shell<'_>) {
    let guest = shell.file("hostile.wasm", shell.house.guest("tests/hostile-promotion"));
    shell.run(&["push", &guest]).ok();
    let config = shell.file("config.json", json!({"misdeed": "panic"}).to_string());
    shell.run(&["release", "hostile-promotion", "--config", &format!("@{config}")]).ok();
    let cart = shell.file("cart.json", carts::two_lines("a-panic").to_string());
    shell.run(&["quote", &cart]).ok();
    let logs = shell.run(&["logs", "hostile-promotion"]).ok().stdout;
    assert!(logs.contains("the merchant's own words") && logs.contains("PANIC"), "{logs}");

    // Followed, what is written from now on comes too.
    let follow = ["--url", &shell.url, "--key", &shell.key, "logs", "hostile-promotion", "-f"];
    let follower = Running::start(shell.house.binary(), &follow, &[]);
    until("the past", Duration::from_secs(30), async || seen(&follower, 1)).await;
    shell.run(&["quote", &cart]).ok();
    until("the next panic", Duration::from_secs(30), async || seen(&follower, 2)).await;
    shell.run(&["release", "hostile-promotion", "--remove"]).ok();
}

/// Whether so many panics were told of.
fn seen(follower: &Running, panics: usize) -> Result<(), String> {
    let stdout = follower.stdout();
    if stdout.matches("PANIC").count() >= panics { Ok(()) } else { Err(stdout) }
}

fn audit(shell: &Shell<'_>) {
    let entries = shell.run(&["audit"]).ok().stdout;
    for word in ["own-price", "hostile-promotion"] {
        assert!(entries.contains(word), "{word}: {entries}");
    }
    let entries = shell.json(&["audit", "--action", "release."]);
    let actions = entries["items"].as_array().unwrap_or_else(|| panic!("{entries}")).len();
    assert!(actions >= 6, "all releases, rollbacks and removals: {entries}");
}

/// Offline, and without running it.
fn inspect(shell: &Shell<'_>) {
    let guest = shell.file("hostile.wasm", shell.house.guest("tests/hostile-promotion"));
    let shown = shell.house.run(&["inspect", &guest]).ok().stdout;
    for word in ["fondaco:plugin/promotion", "evaluate", "wasi:cli/stderr", "hostile-promotion"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    let shown = shell.house.run(&["inspect", &guest, "--json"]).json();
    assert_eq!(shown["digest"], forge::digest(&shell.house.guest("tests/hostile-promotion")), "{shown}");
}

async fn keys(shell: &Shell<'_>) {
    let house = shell.house;
    let create = ["--tenant", "corner-shop", "keys", "create", "--name", "till", "--roles", "caller", "--json"];
    let made = house.run(&create).json();
    let token = made["key"].as_str().unwrap();
    let listed = house.run(&["keys", "list"]).ok().stdout;
    assert!(listed.contains("till") && !listed.contains(token), "{listed}");
    let till = Shell { house, url: shell.url.clone(), key: token.to_owned() };
    let cart = shell.file("cart.json", carts::two_lines("till").to_string());
    till.run(&["quote", &cart]).ok();
    house.run(&["keys", "revoke", made["record"]["id"].as_str().unwrap()]).ok();
    // The host is another process than the one that revoked; it looks every now and then.
    until("a revoked key to be refused", Duration::from_secs(30), async || match till.run(&["quote", &cart]).code {
        4 => Ok(()),
        other => Err(other),
    })
    .await;
}

fn exit_codes(shell: &Shell<'_>) {
    let cart = shell.file("cart.json", carts::two_lines("codes").to_string());
    let bad_cart = shell.file("bad-cart.json", "{\"currency\": 3}");
    let house = shell.house;
    let ended = shell.run(&["release", "no-such-plugin"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    let ended = shell.run(&["quote", &bad_cart, "--json"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.contains("INVALID_BODY") || ended.stderr.contains("INVALID_BODY"), "{ended:?}");
    assert_eq!(shell.run(&["frobnicate"]).code, 2);
    assert_eq!(house.run(&["--url", "http://127.0.0.1:1", "--key", "fdk_a_b", "quote", &cart]).code, 3);
    assert_eq!(house.run(&["--url", &shell.url, "--key", "fdk_wrong", "quote", &cart]).code, 4);
    assert_eq!(shell.run(&["quote", "/no/such/cart.json"]).code, 5);
    assert_eq!(house.run(&["inspect", &cart]).code, 5, "a cart is no component");
    assert_eq!(house.run(&["--help"]).code, 0);
    assert_eq!(house.run(&["--version"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_what_it_says() {
    let Some(house) = House::new() else { return };
    let (host, key) = furnished(&house).await;
    let shell = Shell { house: &house, url: host.base.clone(), key };
    first_plugin(&shell);
    logs(&shell).await;
    audit(&shell);
    inspect(&shell);
    keys(&shell).await;
    exit_codes(&shell);
    host.stop().await;
}
