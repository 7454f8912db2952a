//! The bounds of `price-rule.prices`.

use super::{Price, Prices, Rule};
use crate::invalid::{At, Check, Invalid, amount, count, currency, reasons, text};
use crate::lines::{Seen, known};
use crate::wit::Cart;

/// Whether `answer` prices lines of `cart`, each at most once, within bounds.
pub(super) fn prices(answer: &Prices, cart: &Cart) -> Check {
    currency(&answer.currency, &cart.context.currency)?;
    count(answer.prices.len(), cart.lines.len(), "TOO_MANY_PRICES").at(|| "prices".into())?;
    count(answer.rules.len(), answer.prices.len(), "TOO_MANY_RULES").at(|| "rules".into())?;
    for (index, entry) in answer.rules.iter().enumerate() {
        rule(entry).at(|| format!("rules[{index}]"))?;
    }
    let mut seen = Seen::of(cart);
    for (index, entry) in answer.prices.iter().enumerate() {
        price(entry, cart, answer.rules.len(), &mut seen).at(|| format!("prices[{index}]"))?;
    }
    Ok(())
}

fn rule(rule: &Rule) -> Check {
    text(&rule.name, 64).at(|| "name".into())?;
    reasons(&rule.reasons)
}

fn price(price: &Price, cart: &Cart, rules: usize, seen: &mut Seen) -> Check {
    let line = known(cart, price.line)?;
    seen.once(price.line)?;
    amount(price.unit, "NEGATIVE_PRICE").at(|| "unit".into())?;
    // Below 10^15 × 10^6 it could pass i64, and a line total is what everything after reckons with.
    amount(price.unit.saturating_mul(i64::from(line.quantity)), "NEGATIVE_PRICE").at(|| "unit × quantity".into())?;
    if price.rule as usize >= rules {
        let problem = format!("is {}; the answer has {rules} rules, from 0", price.rule);
        return Err(Invalid::new("UNKNOWN_RULE", "rule", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rstest::rstest;

    use super::*;
    use crate::invalid::MAX_AMOUNT;
    use crate::samples::{cart_of, reason_of};

    fn price(line: u32, unit: i64) -> Price {
        Price { line, unit, rule: 0 }
    }

    fn rule(name: &str, reasons: Vec<String>) -> Rule {
        Rule { name: name.into(), reasons }
    }

    fn answer(prices: Vec<Price>) -> Prices {
        let rules = if prices.is_empty() { vec![] } else { vec![rule("r", vec![])] };
        Prices { currency: "EUR".into(), rules, prices }
    }

    fn by(rule: Rule) -> Prices {
        Prices { rules: vec![rule], ..answer(vec![price(0, 1)]) }
    }

    #[rstest]
    #[case(answer(vec![]), "ok")]
    #[case(answer(vec![price(0, 0), price(1, 5)]), "ok")]
    #[case(Prices { currency: "JPY".into(), ..answer(vec![]) }, "FOREIGN_CURRENCY")]
    #[case(answer(vec![price(2, 1)]), "UNKNOWN_LINE")]
    #[case(answer(vec![price(u32::MAX, 1)]), "UNKNOWN_LINE")]
    #[case(answer(vec![price(1, 1), price(1, 1)]), "DUPLICATE_LINE")]
    #[case(answer(vec![price(0, 1), price(1, 1), price(0, 1)]), "TOO_MANY_PRICES")]
    #[case(answer(vec![price(0, -1)]), "NEGATIVE_PRICE")]
    #[case(answer(vec![price(0, i64::MIN)]), "NEGATIVE_PRICE")]
    #[case(answer(vec![price(0, i64::MAX)]), "AMOUNT_OUT_OF_RANGE")]
    #[case(answer(vec![price(0, MAX_AMOUNT)]), "AMOUNT_OUT_OF_RANGE")]
    #[case(answer(vec![price(0, MAX_AMOUNT / 2)]), "ok")]
    #[case(answer(vec![Price { rule: 1, ..price(0, 1) }]), "UNKNOWN_RULE")]
    #[case(Prices { rules: vec![], ..answer(vec![price(0, 1)]) }, "UNKNOWN_RULE")]
    #[case(Prices { rules: vec![rule("a", vec![]), rule("b", vec![])], ..answer(vec![price(0, 1)]) }, "TOO_MANY_RULES")]
    #[case(by(rule(&"r".repeat(65), vec![])), "TEXT_TOO_LONG")]
    #[case(by(rule("r", vec![String::new(); 5])), "TOO_MANY_REASONS")]
    #[case(by(rule("r", vec!["x".repeat(257)])), "TEXT_TOO_LONG")]
    fn bounds(#[case] answer: Prices, #[case] expected: &str) {
        assert_eq!(reason_of(prices(&answer, &cart_of(2))), expected);
    }

    #[test]
    fn the_path_names_the_field() {
        let invalid = prices(&answer(vec![price(0, 1), price(1, -1)]), &cart_of(2)).unwrap_err();
        assert_eq!(invalid.path, "prices[1].unit");
    }
}
