//! Runs fixtures against a plugin that is linked natively. These functions panic, as assertions do.

#![allow(clippy::panic)]

use super::{Expected, Fixture, load};
use crate::{
    Fault,
    points::{Loyalty, PriceRule, Promotion, ShippingRate, Tax, Validation},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::path::Path;

/// Runs a price rule's fixtures.
pub fn price_rule<P: PriceRule>(folder: &Path) {
    run(folder, |case| answer(P::run(&case.argument("cart"), &case.config)));
}

/// Runs a promotion's fixtures.
pub fn promotion<P: Promotion>(folder: &Path) {
    run(folder, |case| answer(P::run(&case.argument("cart"), &case.config)));
}

/// Runs a shipping rate's fixtures.
pub fn shipping_rate<P: ShippingRate>(folder: &Path) {
    run(folder, |case| answer(P::run(&case.argument("cart"), &case.argument("shipment"), &case.config)));
}

/// Runs a tax plugin's fixtures.
pub fn tax<P: Tax>(folder: &Path) {
    run(folder, |case| answer(P::run(&case.argument("cart"), &case.argument("taxables"), &case.config)));
}

/// Runs a loyalty plugin's fixtures; each names its function.
pub fn loyalty<P: Loyalty>(folder: &Path) {
    run(folder, |case| {
        let (cart, config) = (case.argument("cart"), &case.config);
        match case.function.as_deref() {
            Some("earn") => answer(P::run_earn(&cart, case.argument("payable"), config)),
            Some("burn") => answer(P::run_burn(&cart, case.argument("want"), config)),
            Some("reverse") => {
                let (credits, returned): (Vec<_>, Vec<_>) = (case.argument("credits"), case.argument("returned"));
                answer(P::run_reverse(&cart, &credits, &returned, config))
            }
            other => panic!("{}: `function` is earn, burn or reverse, not {other:?}", case.path.display()),
        }
    });
}

/// Runs a validation's fixtures.
pub fn validation<P: Validation>(folder: &Path) {
    run(folder, |case| answer(P::run(&case.argument("cart"), case.argument("step"), &case.config)));
}

fn run(folder: &Path, call: impl Fn(&Fixture) -> Result<Value, Fault>) {
    let fixtures = load(folder).unwrap_or_else(|error| panic!("{error}"));
    let mut wrong = Vec::new();
    for fixture in &fixtures {
        let outcome = call(fixture);
        if !fixture.is_met_by(&outcome) {
            wrong.push(fixture.difference(&outcome));
        }
    }
    assert!(wrong.is_empty(), "{} of {} fixtures failed\n\n{}", wrong.len(), fixtures.len(), wrong.join("\n\n"));
}

fn answer<T: Serialize>(outcome: Result<T, Fault>) -> Result<Value, Fault> {
    outcome.map(|answer| serde_json::to_value(answer).unwrap_or_else(|error| panic!("{error}")))
}

impl Fixture {
    /// The argument of this name.
    fn argument<T: DeserializeOwned>(&self, name: &str) -> T {
        let Some(value) = self.input.get(name) else {
            panic!("{}: `input` has no `{name}`", self.path.display());
        };
        T::deserialize(value).unwrap_or_else(|error| panic!("{}: `input.{name}`: {error}", self.path.display()))
    }

    /// Whether this is what was expected: the answer as it stands (absent and null alike), or the fields of the fault.
    pub fn is_met_by(&self, outcome: &Result<Value, Fault>) -> bool {
        match (&self.expected, outcome) {
            (Expected::Answer(expected), Ok(answer)) => same(expected, answer),
            (Expected::Fault(expected), Err(fault)) => {
                let fault = serde_json::to_value(fault).unwrap_or_default();
                expected.iter().all(|(key, value)| fault.get(key) == Some(value))
            }
            _ => false,
        }
    }

    /// What was expected and what came, for people.
    pub fn difference(&self, outcome: &Result<Value, Fault>) -> String {
        let came = match outcome {
            Ok(answer) => format!("{answer:#}"),
            Err(fault) => format!("fault {}: {}", fault.reason, fault.message),
        };
        let expected = match &self.expected {
            Expected::Answer(answer) => format!("{answer:#}"),
            Expected::Fault(fault) => format!("fault {:#}", Value::Object(fault.clone())),
        };
        format!("{}: {}\nexpected {expected}\ncame {came}", self.path.display(), self.description)
    }
}

/// Equality by the gateway's mapping: an absent field is null, and `"case"` stays distinct from `{"case": …}`.
fn same(expected: &Value, answer: &Value) -> bool {
    match (expected, answer) {
        (Value::Object(left), Value::Object(right)) => {
            let keys = left.keys().chain(right.keys());
            keys.into_iter()
                .all(|key| same(left.get(key).unwrap_or(&Value::Null), right.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        _ => expected == answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fixture(expected: Expected) -> Fixture {
        Fixture {
            path: "case.json".into(),
            description: "a case".into(),
            function: None,
            config: "{}".into(),
            input: serde_json::Map::new(),
            expected,
        }
    }

    #[test]
    fn absent_is_null_and_nothing_else() {
        let met = |expected, answer| fixture(Expected::Answer(expected)).is_met_by(&Ok(answer));
        assert!(met(json!([{"a": 1}]), json!([{"a": 1, "b": null}])));
        assert!(!met(json!([{"a": 1}]), json!([{"a": 1, "b": 0}])));
        assert!(!met(json!([1]), json!([1, 2])));
        assert!(!met(json!({"a": 2}), json!({"a": 1})));
    }

    #[test]
    fn a_fault_is_met_by_its_fields() {
        let reason = json!({"reason": "NO_PRICE"}).as_object().unwrap().clone();
        let fixture = fixture(Expected::Fault(reason));
        assert!(fixture.is_met_by(&Err(crate::fault!("NO_PRICE", "none"))));
        assert!(!fixture.is_met_by(&Err(crate::fault!("OTHER", "none"))));
        assert!(!fixture.is_met_by(&Ok(json!([]))));
        assert!(fixture.difference(&Ok(json!([]))).contains("case.json: a case"));
    }
}
