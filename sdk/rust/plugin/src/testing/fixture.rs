//! Fixtures: one JSON file a case, for native tests and for any host that runs components.
//!
//! ```json
//! {
//!   "description": "What this case shows",
//!   "config": {"percent": 10},
//!   "input": {"cart": {"context": {"currency": "EUR"}, "lines": [{"sku": "MUG", "quantity": 2, "unit": 999}]}},
//!   "expected": {"currency": "EUR", "rules": [], "prices": []}
//! }
//! ```
//!
//! `input` holds the function's arguments but its config, by their names in WIT, in lowerCamelCase. `expected` is its
//! answer by the gateway's mapping; instead of it, `"fault": {"reason": "…"}` (with `code` or `message` as wanted). A
//! point with several functions names one by `"function"`. What a cart does not say is as in [`super::cart`] and
//! [`super::line`]; a buyer and an address may be short in the same way.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// One case.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Its file.
    pub path: PathBuf,
    /// What it shows.
    pub description: String,
    /// The function that is called, if the point has several: its name in WIT.
    pub function: Option<String>,
    /// The release's config, as JSON text.
    pub config: String,
    /// The arguments, by name, whole.
    pub input: Map<String, Value>,
    /// What should come back.
    pub expected: Expected,
}

/// What should come back.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// This answer.
    Answer(Value),
    /// A fault with at least these fields.
    Fault(Map<String, Value>),
}

/// Why a fixture cannot be used.
#[derive(Debug)]
pub enum FixtureError {
    /// A file or folder cannot be read.
    Io(PathBuf, io::Error),
    /// Not JSON of a fixture's shape.
    Json(PathBuf, serde_json::Error),
    /// Either `expected` or `fault` is wanted.
    Expectation(PathBuf),
    /// A folder without fixtures proves nothing.
    Empty(PathBuf),
}

impl std::fmt::Display for FixtureError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(path, error) => write!(formatter, "{}: {error}", path.display()),
            Self::Json(path, error) => write!(formatter, "{}: {error}", path.display()),
            Self::Expectation(path) => write!(formatter, "{}: give either `expected` or `fault`", path.display()),
            Self::Empty(path) => write!(formatter, "{}: there is no fixture", path.display()),
        }
    }
}

impl std::error::Error for FixtureError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    description: String,
    function: Option<String>,
    #[serde(default)]
    config: Option<Value>,
    input: Map<String, Value>,
    expected: Option<Value>,
    fault: Option<Map<String, Value>>,
}

/// All fixtures of a folder, by name.
pub fn load(folder: &Path) -> Result<Vec<Fixture>, FixtureError> {
    let entries = fs::read_dir(folder).map_err(|error| FixtureError::Io(folder.into(), error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| FixtureError::Io(folder.into(), error))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(FixtureError::Empty(folder.into()));
    }
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

/// One fixture.
pub fn read(path: &Path) -> Result<Fixture, FixtureError> {
    let text = fs::read_to_string(path).map_err(|error| FixtureError::Io(path.into(), error))?;
    let mut file: File = serde_json::from_str(&text).map_err(|error| FixtureError::Json(path.into(), error))?;
    if let Some(cart) = file.input.get_mut("cart") {
        complete(cart);
    }
    let expected = match (file.expected, file.fault) {
        // A `null` that is expected (no redemption) and an absent answer look alike to serde.
        (None, None) if text.contains("\"expected\"") => Expected::Answer(Value::Null),
        (Some(answer), None) => Expected::Answer(answer),
        (None, Some(fault)) => Expected::Fault(fault),
        _ => return Err(FixtureError::Expectation(path.into())),
    };
    Ok(Fixture {
        path: path.into(),
        description: file.description,
        function: file.function,
        config: file.config.map_or_else(|| "{}".into(), |config| config.to_string()),
        input: file.input,
        expected,
    })
}

/// Fills in what a cart does not say.
fn complete(cart: &mut Value) {
    let template = super::cart("EUR", []);
    fill(cart, &serde_json::to_value(template).unwrap_or_default());
    if let Some(buyer) = cart.pointer_mut("/context/buyer").filter(|buyer| buyer.is_object()) {
        fill(buyer, &serde_json::to_value(super::buyer("")).unwrap_or_default());
    }
    if let Some(address) = cart.pointer_mut("/destination").filter(|address| address.is_object()) {
        fill(address, &serde_json::to_value(super::address("", "")).unwrap_or_default());
    }
    let lines = cart.get_mut("lines").and_then(Value::as_array_mut);
    for line in lines.into_iter().flatten() {
        complete_line(line);
    }
    // The shipping's total is its price until something is taken off.
    if let Some(shipping) = cart.pointer_mut("/shipping").filter(|shipping| shipping.is_object()) {
        let price = shipping.get("price").cloned().unwrap_or_default();
        fill(shipping, &json!({ "total": price }));
    }
}

fn complete_line(line: &mut Value) {
    let sku = line.get("sku").and_then(Value::as_str).unwrap_or_default().to_owned();
    let quantity = line.get("quantity").and_then(Value::as_u64).and_then(|quantity| u32::try_from(quantity).ok());
    let unit = line.get("unit").and_then(Value::as_i64);
    let template = super::line(&sku, quantity.unwrap_or(1), unit.unwrap_or(0));
    fill(line, &serde_json::to_value(template).unwrap_or_default());
    let candidates = line.get_mut("candidates").and_then(Value::as_array_mut);
    for candidate in candidates.into_iter().flatten() {
        fill(
            candidate,
            &json!({"minQuantity": 1, "maxQuantity": null, "group": null, "fromMs": null, "untilMs": null}),
        );
    }
}

/// Takes from `template` what `value` does not have, in objects within objects.
fn fill(value: &mut Value, template: &Value) {
    let (Value::Object(own), Value::Object(template)) = (value, template) else {
        return;
    };
    for (key, default) in template {
        match own.get_mut(key) {
            Some(value) => fill(value, default),
            None => {
                own.insert(key.clone(), default.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Cart;

    #[test]
    fn a_short_cart_becomes_whole() {
        let mut cart = json!({
            "context": {"currency": "CHF", "buyer": {"id": "b-1", "groups": ["vip"]}},
            "lines": [{"sku": "MUG", "quantity": 2, "unit": 999}, {"sku": "PEN", "total": 5, "candidates": [{"id": "list", "unit": 4}]}],
            "destination": {"country": "CH"},
            "shipping": {"code": "post", "price": 700}
        });
        complete(&mut cart);
        let cart: Cart = serde_json::from_value(cart).unwrap();
        assert_eq!(cart.context.currency, "CHF");
        assert_eq!(cart.context.channel, "web");
        assert_eq!(cart.context.buyer.as_ref().unwrap().groups, ["vip"]);
        assert_eq!((cart.lines[0].total, cart.lines[0].product.as_str()), (1998, "MUG"));
        assert_eq!((cart.lines[1].quantity, cart.lines[1].total), (1, 5));
        assert_eq!(cart.lines[1].candidates[0].min_quantity, 1);
        assert_eq!(cart.shipping.unwrap().total, 700);
    }

    #[test]
    fn an_unknown_field_is_not_passed_over() {
        let mut cart = json!({"lines": [{"sku": "MUG", "qty": 2}]});
        complete(&mut cart);
        let error = serde_json::from_value::<Cart>(cart).unwrap_err().to_string();
        assert!(error.starts_with("unknown field `qty`"), "{error}");
    }
}
