//! The bounds of `shipping-rate.rate`.

use super::Rate;
use crate::invalid::{At, Check, Invalid, count, money, name, reasons, text};
use crate::wit::Cart;

/// Rates in one answer. So few that comparing each with the ones before it is the cheapest way to find a duplicate.
const MAX_RATES: usize = 32;

/// Whether `answer` offers distinct options in the currency of `cart`, within bounds.
pub(super) fn rates(answer: &[Rate], cart: &Cart) -> Check {
    count(answer.len(), MAX_RATES, "TOO_MANY_RATES").at(|| "rates".into())?;
    for (index, entry) in answer.iter().enumerate() {
        let before = answer.iter().take(index);
        rate(entry, before, cart).at(|| format!("rates[{index}]"))?;
    }
    Ok(())
}

fn rate<'a>(rate: &Rate, mut before: impl Iterator<Item = &'a Rate>, cart: &Cart) -> Check {
    name(&rate.code, 64).at(|| "code".into())?;
    if before.any(|other| other.code == rate.code) {
        return Err(Invalid::new("DUPLICATE_CODE", "code", format!("is `{}`, which an earlier rate has", rate.code)));
    }
    text(&rate.title, 128).at(|| "title".into())?;
    money(&rate.price, &cart.context.currency, "NEGATIVE_PRICE").at(|| "price".into())?;
    days(rate)?;
    reasons(&rate.reasons)
}

fn days(rate: &Rate) -> Check {
    match (rate.min_days, rate.max_days) {
        (Some(least), Some(most)) if most < least => {
            Err(Invalid::new("DAYS_OUT_OF_ORDER", "maxDays", format!("is {most}, below minDays, {least}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::samples::{cart_of, reason_of};
    use crate::wit::Money;

    fn rate(code: &str) -> Rate {
        Rate {
            code: code.into(),
            title: "Parcel".into(),
            price: Money { minor: 490, currency: "EUR".into() },
            min_days: Some(1),
            max_days: Some(3),
            reasons: vec![],
        }
    }

    fn price(minor: i64, currency: &str) -> Rate {
        Rate { price: Money { minor, currency: currency.into() }, ..rate("a") }
    }

    #[rstest]
    #[case(vec![], "ok")]
    #[case(vec![rate("a"), rate("b")], "ok")]
    #[case(vec![rate("a"), rate("b"), rate("a")], "DUPLICATE_CODE")]
    #[case((0..32).map(|n| rate(&n.to_string())).collect(), "ok")]
    #[case((0..33).map(|n| rate(&n.to_string())).collect(), "TOO_MANY_RATES")]
    #[case(vec![rate("")], "EMPTY_TEXT")]
    #[case(vec![rate(&"c".repeat(65))], "TEXT_TOO_LONG")]
    #[case(vec![Rate { title: "t".repeat(129), ..rate("a") }], "TEXT_TOO_LONG")]
    #[case(vec![price(0, "EUR")], "ok")]
    #[case(vec![price(-1, "EUR")], "NEGATIVE_PRICE")]
    #[case(vec![price(i64::MAX, "EUR")], "AMOUNT_OUT_OF_RANGE")]
    #[case(vec![price(1, "eur")], "FOREIGN_CURRENCY")]
    #[case(vec![Rate { min_days: Some(4), ..rate("a") }], "DAYS_OUT_OF_ORDER")]
    #[case(vec![Rate { min_days: Some(3), ..rate("a") }], "ok")]
    #[case(vec![Rate { min_days: None, ..rate("a") }], "ok")]
    #[case(vec![Rate { reasons: vec![String::new(); 5], ..rate("a") }], "TOO_MANY_REASONS")]
    fn bounds(#[case] answer: Vec<Rate>, #[case] expected: &str) {
        assert_eq!(reason_of(rates(&answer, &cart_of(2))), expected);
    }
}
