//! The bounds of `price-rule.prices`.

use super::{Price, Prices};
use crate::invalid::{At, Check, amount, count, currency, reasons, text};
use crate::lines::{Seen, known};
use crate::wit::Cart;

/// Whether `answer` prices lines of `cart`, each at most once, within bounds.
pub(super) fn prices(answer: &Prices, cart: &Cart) -> Check {
    currency(&answer.currency, &cart.context.currency)?;
    count(answer.prices.len(), cart.lines.len(), "TOO_MANY_PRICES").at(|| "prices".into())?;
    let mut seen = Seen::of(cart);
    for (index, entry) in answer.prices.iter().enumerate() {
        price(entry, cart, &mut seen).at(|| format!("prices[{index}]"))?;
    }
    Ok(())
}

fn price(price: &Price, cart: &Cart, seen: &mut Seen) -> Check {
    let line = known(cart, price.line)?;
    seen.once(price.line)?;
    amount(price.unit, "NEGATIVE_PRICE").at(|| "unit".into())?;
    // Below 10^15 × 10^6 it could pass i64, and a line total is what everything after reckons with.
    amount(price.unit.saturating_mul(i64::from(line.quantity)), "NEGATIVE_PRICE").at(|| "unit × quantity".into())?;
    text(&price.rule, 64).at(|| "rule".into())?;
    reasons(&price.reasons)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rstest::rstest;

    use super::*;
    use crate::invalid::MAX_AMOUNT;
    use crate::samples::{cart_of, reason_of};

    fn price(line: u32, unit: i64) -> Price {
        Price { line, unit, rule: "r".into(), reasons: vec![] }
    }

    fn answer(prices: Vec<Price>) -> Prices {
        Prices { currency: "EUR".into(), prices }
    }

    #[rstest]
    #[case(answer(vec![]), "ok")]
    #[case(answer(vec![price(0, 0), price(1, 5)]), "ok")]
    #[case(Prices { currency: "JPY".into(), prices: vec![] }, "FOREIGN_CURRENCY")]
    #[case(answer(vec![price(2, 1)]), "UNKNOWN_LINE")]
    #[case(answer(vec![price(u32::MAX, 1)]), "UNKNOWN_LINE")]
    #[case(answer(vec![price(1, 1), price(1, 1)]), "DUPLICATE_LINE")]
    #[case(answer(vec![price(0, 1), price(1, 1), price(0, 1)]), "TOO_MANY_PRICES")]
    #[case(answer(vec![price(0, -1)]), "NEGATIVE_PRICE")]
    #[case(answer(vec![price(0, i64::MIN)]), "NEGATIVE_PRICE")]
    #[case(answer(vec![price(0, i64::MAX)]), "AMOUNT_OUT_OF_RANGE")]
    #[case(answer(vec![price(0, MAX_AMOUNT)]), "AMOUNT_OUT_OF_RANGE")]
    #[case(answer(vec![price(0, MAX_AMOUNT / 2)]), "ok")]
    #[case(answer(vec![Price { rule: "r".repeat(65), ..price(0, 1) }]), "TEXT_TOO_LONG")]
    #[case(answer(vec![Price { reasons: vec![String::new(); 5], ..price(0, 1) }]), "TOO_MANY_REASONS")]
    #[case(answer(vec![Price { reasons: vec!["x".repeat(257)], ..price(0, 1) }]), "TEXT_TOO_LONG")]
    fn bounds(#[case] answer: Prices, #[case] expected: &str) {
        assert_eq!(reason_of(prices(&answer, &cart_of(2))), expected);
    }

    #[test]
    fn the_path_names_the_field() {
        let invalid = prices(&answer(vec![price(0, 1), price(1, -1)]), &cart_of(2)).unwrap_err();
        assert_eq!(invalid.path, "prices[1].unit");
    }
}
