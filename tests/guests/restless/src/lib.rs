//! A price rule that asks WASI for all that could differ between two runs, and puts it into its answer: random
//! numbers, both clocks, the order of a `HashSet`, the environment, arguments, files. The same quote must give the
//! same bytes nevertheless, on any host.

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::time::{Instant, SystemTime};

use fondaco_sdk::prelude::*;

/// The price of the first line stays; its reasons tell what WASI said.
#[plugin(price_rule)]
pub fn restless(cart: &Cart) -> Result<Prices, Fault> {
    let mut prices = Prices::of(cart);
    if let Some(line) = cart.line(0) {
        prices.set(0, line.unit, "restless", chance());
        let reasons = [clocks(), order(), surroundings()];
        prices.rules.iter_mut().for_each(|rule| rule.reasons.extend_from_slice(&reasons));
    }
    Ok(prices)
}

/// The hasher is keyed by `wasi:random`.
fn chance() -> String {
    let state = std::collections::hash_map::RandomState::new();
    format!("random {:016x}", state.hash_one("the same word"))
}

fn clocks() -> String {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let first = Instant::now();
    format!("wall {wall} monotonic {}", first.elapsed().as_nanos())
}

fn order() -> String {
    let set: HashSet<u32> = (0..12).collect();
    let keys: Vec<String> = set.iter().map(u32::to_string).collect();
    format!("order {}", keys.join(" "))
}

fn surroundings() -> String {
    let files = if std::fs::read_dir("/").is_ok() { "some" } else { "none" };
    format!("variables {} arguments {} files {files}", std::env::vars_os().count(), std::env::args_os().count())
}
