//! The bounds of `loyalty.credit` and `loyalty.redemption`.

use super::{Credit, Redemption};
use crate::invalid::{At, Check, Invalid, MAX_MESSAGE, count, money, name, text};
use crate::wit::Cart;

/// Credits in one answer.
const MAX_CREDITS: usize = 16;
/// Points in one credit.
pub(super) const MAX_POINTS: u64 = 1_000_000_000_000;

/// Whether these credits are within bounds.
pub(super) fn credits(answer: &[Credit]) -> Check {
    count(answer.len(), MAX_CREDITS, "TOO_MANY_CREDITS").at(|| "credits".into())?;
    for (index, entry) in answer.iter().enumerate() {
        credit(entry).at(|| format!("credits[{index}]"))?;
    }
    Ok(())
}

fn credit(credit: &Credit) -> Check {
    name(&credit.ledger, 64).at(|| "ledger".into())?;
    points(credit.points, MAX_POINTS, "are allowed")?;
    text(&credit.reason, MAX_MESSAGE).at(|| "reason".into())?;
    match credit.expires_ms {
        Some(expires) if expires <= credit.active_ms => {
            let problem = format!("is {expires}, not after activeMs, {}", credit.active_ms);
            Err(Invalid::new("EXPIRES_BEFORE_ACTIVE", "expiresMs", problem))
        }
        _ => Ok(()),
    }
}

fn points(found: u64, most: u64, why: &str) -> Check {
    if found <= most {
        return Ok(());
    }
    Err(Invalid::new("POINTS_OUT_OF_RANGE", "points", format!("is {found}; at most {most} {why}")))
}

/// Whether no more points are burnt than the buyer has and wants to spend.
pub(super) fn redemption(answer: &Redemption, cart: &Cart, want: u64) -> Check {
    let standing = cart.context.buyer.as_ref().and_then(|buyer| buyer.standing.as_ref());
    let has = standing.map_or(0, |standing| standing.points);
    points(answer.points, want, "are to be spent")?;
    points(answer.points, has, "are there to spend")?;
    money(&answer.worth, &cart.context.currency, "NEGATIVE_AMOUNT").at(|| "worth".into())?;
    text(&answer.message, MAX_MESSAGE).at(|| "message".into())
}

/// Whether no ledger loses more than it was `given`.
pub(super) fn reversal(answer: &[Credit], given: &[Credit]) -> Check {
    credits(answer)?;
    for (index, credit) in answer.iter().enumerate() {
        let (taken, was_given) = (in_ledger(answer, &credit.ledger), in_ledger(given, &credit.ledger));
        if taken > was_given {
            let problem = format!("takes {taken} points from `{}`, which was given {was_given}", credit.ledger);
            return Err(Invalid::new("REVERSAL_ABOVE_CREDIT", format!("credits[{index}].points"), problem));
        }
    }
    Ok(())
}

/// u128, so that no list of u64s can overflow it.
fn in_ledger(credits: &[Credit], ledger: &str) -> u128 {
    credits.iter().filter(|credit| credit.ledger == ledger).map(|credit| u128::from(credit.points)).sum()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::samples::{cart_of, reason_of};
    use crate::wit::Money;

    fn credit(ledger: &str, points: u64) -> Credit {
        Credit { ledger: ledger.into(), points, active_ms: 10, expires_ms: None, reason: "for you".into() }
    }

    fn burn(points: u64, minor: i64, currency: &str) -> Redemption {
        Redemption { points, worth: Money { minor, currency: currency.into() }, message: "thanks".into() }
    }

    #[rstest]
    #[case(vec![], "ok")]
    #[case(vec![credit("a", MAX_POINTS)], "ok")]
    #[case(vec![credit("a", MAX_POINTS + 1)], "POINTS_OUT_OF_RANGE")]
    #[case(vec![credit("a", u64::MAX)], "POINTS_OUT_OF_RANGE")]
    #[case(vec![credit("a", 1); 16], "ok")]
    #[case(vec![credit("a", 1); 17], "TOO_MANY_CREDITS")]
    #[case(vec![credit("", 1)], "EMPTY_TEXT")]
    #[case(vec![credit(&"l".repeat(65), 1)], "TEXT_TOO_LONG")]
    #[case(vec![Credit { reason: "r".repeat(257), ..credit("a", 1) }], "TEXT_TOO_LONG")]
    #[case(vec![Credit { expires_ms: Some(11), ..credit("a", 1) }], "ok")]
    #[case(vec![Credit { expires_ms: Some(10), ..credit("a", 1) }], "EXPIRES_BEFORE_ACTIVE")]
    fn earned(#[case] answer: Vec<Credit>, #[case] expected: &str) {
        assert_eq!(reason_of(credits(&answer)), expected);
    }

    /// The buyer of the sample cart has 1 000 points.
    #[rstest]
    #[case(burn(500, 500, "EUR"), 500, "ok")]
    #[case(burn(501, 500, "EUR"), 500, "POINTS_OUT_OF_RANGE")]
    #[case(burn(1_000, 500, "EUR"), 5_000, "ok")]
    #[case(burn(1_001, 500, "EUR"), 5_000, "POINTS_OUT_OF_RANGE")]
    #[case(burn(1, 1, "USD"), 500, "FOREIGN_CURRENCY")]
    #[case(burn(1, -1, "EUR"), 500, "NEGATIVE_AMOUNT")]
    #[case(burn(1, i64::MAX, "EUR"), 500, "AMOUNT_OUT_OF_RANGE")]
    fn burnt(#[case] answer: Redemption, #[case] want: u64, #[case] expected: &str) {
        assert_eq!(reason_of(redemption(&answer, &cart_of(1), want)), expected);
    }

    #[test]
    fn a_stranger_has_no_points() {
        let mut cart = cart_of(1);
        cart.context.buyer = None;
        assert_eq!(reason_of(redemption(&burn(1, 1, "EUR"), &cart, 10)), "POINTS_OUT_OF_RANGE");
    }

    #[rstest]
    #[case(vec![credit("a", 10)], "ok")]
    #[case(vec![credit("a", 11)], "REVERSAL_ABOVE_CREDIT")]
    #[case(vec![credit("a", 6), credit("a", 5)], "REVERSAL_ABOVE_CREDIT")]
    #[case(vec![credit("b", 1)], "REVERSAL_ABOVE_CREDIT")]
    fn reversed(#[case] answer: Vec<Credit>, #[case] expected: &str) {
        assert_eq!(reason_of(reversal(&answer, &[credit("a", 4), credit("a", 6)])), expected);
    }
}
