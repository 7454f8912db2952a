//! What is wrong with an answer or a cart: one small error for all checks, and the checks that many share.
//!
//! A check that passes allocates nothing: paths and messages are made only when something is wrong.

use fondaco_engine::{Code, Fault};

use crate::wit::{Decimal, Money};

/// The most that an amount may be, in minor units (10^15: ten trillion euros). The contracts' `s64` could hold
/// more; with this bound 500 lines can be summed without ever leaving `i64`.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000_000;
/// Bytes of a name, code or id where the contract states no bound of its own.
pub(crate) const MAX_ID: usize = 256;
/// Bytes of a text that buyers read.
pub(crate) const MAX_MESSAGE: usize = 256;
/// Digits behind the point of a decimal.
pub(crate) const MAX_SCALE: u8 = 18;
/// Reasons that explain one price or rate.
pub(crate) const MAX_REASONS: usize = 4;

/// A broken bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Stable, `UPPER_SNAKE`.
    pub reason: &'static str,
    /// Where, for instance `prices[3].unit`; empty for the whole.
    pub path: String,
    /// What is wrong, and what was expected.
    pub problem: String,
}

impl Invalid {
    pub(crate) fn new(reason: &'static str, path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { reason, path: path.into(), problem: problem.into() }
    }

    /// As the fault of a plugin whose answer it was.
    pub fn of_answer(self) -> Fault {
        let message = if self.path.is_empty() {
            format!("the plugin's answer is not valid: {}", self.problem)
        } else {
            format!("the plugin's answer is not valid: {} {}", self.path, self.problem)
        };
        Fault::new(Code::FailedPrecondition, self.reason, message).with("path", self.path)
    }

    /// As the fault of a service that handed over this cart.
    pub fn of_cart(self) -> Fault {
        Fault::new(Code::InvalidArgument, "INVALID_CART", format!("{} {}", self.path, self.problem))
            .with("path", self.path)
            .with("cause", self.reason)
    }
}

/// The outcome of a check.
pub type Check = Result<(), Invalid>;

/// Puts a path in front of what a check found.
pub(crate) trait At {
    fn at(self, path: impl FnOnce() -> String) -> Self;
}

impl At for Check {
    fn at(self, path: impl FnOnce() -> String) -> Self {
        self.map_err(|mut invalid| {
            let outer = path();
            invalid.path = match invalid.path.as_str() {
                "" => outer,
                inner => format!("{outer}.{inner}"),
            };
            invalid
        })
    }
}

/// `text` is at most `max` bytes.
pub(crate) fn text(text: &str, max: usize) -> Check {
    if text.len() <= max {
        return Ok(());
    }
    Err(Invalid::new("TEXT_TOO_LONG", "", format!("is {} bytes long; at most {max} are allowed", text.len())))
}

/// `text` is there, and at most `max` bytes.
pub(crate) fn name(value: &str, max: usize) -> Check {
    if value.is_empty() {
        return Err(Invalid::new("EMPTY_TEXT", "", "is empty"));
    }
    text(value, max)
}

/// A stable reason for programs: `UPPER_SNAKE`, at most 64 bytes.
pub(crate) fn reason(value: &str) -> Check {
    if is_upper_snake(value) {
        return Ok(());
    }
    text(value, 64)?;
    Err(Invalid::new("INVALID_REASON", "", format!("is `{value}`; an UPPER_SNAKE word was expected")))
}

/// Whether `value` may stand as a reason.
pub(crate) fn is_upper_snake(value: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    value.len() <= 64 && value.bytes().next().is_some_and(|first| first.is_ascii_uppercase()) && value.bytes().all(word)
}

/// There are at most `max` entries.
pub(crate) fn count(found: usize, max: usize, reason: &'static str) -> Check {
    if found <= max {
        return Ok(());
    }
    Err(Invalid::new(reason, "", format!("has {found} entries; at most {max} are allowed")))
}

/// Explanations for people: at most 4 of 256 bytes.
pub(crate) fn reasons(list: &[String]) -> Check {
    count(list.len(), MAX_REASONS, "TOO_MANY_REASONS").at(|| "reasons".into())?;
    for (index, reason) in list.iter().enumerate() {
        text(reason, MAX_MESSAGE).at(|| format!("reasons[{index}]"))?;
    }
    Ok(())
}

/// An amount of 0 or more; `negative` is the reason when it is below.
pub(crate) fn amount(value: i64, negative: &'static str) -> Check {
    if value < 0 {
        return Err(Invalid::new(negative, "", format!("is {value}; 0 or more was expected")));
    }
    if value > MAX_AMOUNT {
        return Err(Invalid::new("AMOUNT_OUT_OF_RANGE", "", format!("is {value}; at most {MAX_AMOUNT} is allowed")));
    }
    Ok(())
}

/// The answer is in the cart's currency.
pub(crate) fn currency(found: &str, expected: &str) -> Check {
    if found == expected {
        return Ok(());
    }
    let found: String = found.chars().take(16).collect();
    Err(Invalid::new("FOREIGN_CURRENCY", "currency", format!("is `{found}`; the cart is in {expected}")))
}

/// Money of 0 or more in the cart's currency.
pub(crate) fn money(value: &Money, expected: &str, negative: &'static str) -> Check {
    currency(&value.currency, expected)?;
    amount(value.minor, negative).at(|| "minor".into())
}

/// A percentage from 0 to `max`; `outside` is the reason when it is not in there.
pub(crate) fn percent(value: Decimal, max: i64, outside: &'static str) -> Check {
    if value.scale > MAX_SCALE {
        let problem = format!("is {}; 0 to {MAX_SCALE} was expected", value.scale);
        return Err(Invalid::new("INVALID_DECIMAL", "scale", problem));
    }
    let coefficient = i128::from(value.coefficient);
    let limit = i128::from(max) * 10_i128.pow(u32::from(value.scale));
    if (0..=limit).contains(&coefficient) {
        return Ok(());
    }
    let problem = format!("is {}e-{}; 0 to {max} percent was expected", value.coefficient, value.scale);
    Err(Invalid::new(outside, "", problem))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn found(check: Check) -> &'static str {
        check.map_or_else(|invalid| invalid.reason, |()| "ok")
    }

    #[rstest]
    #[case(0, 0, "ok")]
    #[case(100, 0, "ok")]
    #[case(101, 0, "PERCENT_OUT_OF_RANGE")]
    #[case(-1, 18, "PERCENT_OUT_OF_RANGE")]
    #[case(1_000, 1, "ok")]
    #[case(1_001, 1, "PERCENT_OUT_OF_RANGE")]
    #[case(i64::MAX, 18, "ok")]
    #[case(i64::MAX, 0, "PERCENT_OUT_OF_RANGE")]
    #[case(i64::MIN, 0, "PERCENT_OUT_OF_RANGE")]
    #[case(1, 19, "INVALID_DECIMAL")]
    #[case(1, 255, "INVALID_DECIMAL")]
    fn percents(#[case] coefficient: i64, #[case] scale: u8, #[case] expected: &str) {
        assert_eq!(found(percent(Decimal { coefficient, scale }, 100, "PERCENT_OUT_OF_RANGE")), expected);
    }

    #[rstest]
    #[case(0, "ok")]
    #[case(MAX_AMOUNT, "ok")]
    #[case(MAX_AMOUNT + 1, "AMOUNT_OUT_OF_RANGE")]
    #[case(i64::MAX, "AMOUNT_OUT_OF_RANGE")]
    #[case(-1, "NEGATIVE_AMOUNT")]
    #[case(i64::MIN, "NEGATIVE_AMOUNT")]
    fn amounts(#[case] value: i64, #[case] expected: &str) {
        assert_eq!(found(amount(value, "NEGATIVE_AMOUNT")), expected);
    }

    #[rstest]
    #[case("EXPIRED", "ok")]
    #[case("MINIMUM_NOT_MET2", "ok")]
    #[case("", "INVALID_REASON")]
    #[case("_A", "INVALID_REASON")]
    #[case("2ND", "INVALID_REASON")]
    #[case("expired", "INVALID_REASON")]
    #[case("NOT MET", "INVALID_REASON")]
    fn reason_words(#[case] value: &str, #[case] expected: &str) {
        assert_eq!(found(reason(value)), expected);
    }

    #[test]
    fn a_reason_of_65_bytes_is_too_long() {
        assert_eq!(found(reason(&"A".repeat(64))), "ok");
        assert_eq!(found(reason(&"A".repeat(65))), "TEXT_TOO_LONG");
    }

    #[test]
    fn a_path_grows_from_the_inside() {
        let euros = Money { minor: -1, currency: "EUR".into() };
        let invalid = money(&euros, "EUR", "NEGATIVE_AMOUNT").at(|| "cap".into()).at(|| "discounts[2]".into());
        assert_eq!(invalid.unwrap_err().path, "discounts[2].cap.minor");
    }

    #[test]
    fn a_long_foreign_currency_does_not_flood_the_message() {
        let invalid = currency(&"X".repeat(10_000), "EUR").unwrap_err();
        assert!(invalid.problem.len() < 100, "{}", invalid.problem);
    }
}
