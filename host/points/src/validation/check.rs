//! The bounds of `validation.violation`.

use super::{Subject, Violation};
use crate::invalid::{At, Check, Invalid, MAX_MESSAGE, count, reason, text};
use crate::lines::known;
use crate::wit::Cart;

/// Violations in one answer.
const MAX_VIOLATIONS: usize = 64;
/// The fields of `types.address`.
const FIELDS: [&str; 5] = ["country", "region", "postal-code", "city", "street"];

/// Whether `answer` complains about things that `cart` has, within bounds.
pub(super) fn violations(answer: &[Violation], cart: &Cart) -> Check {
    count(answer.len(), MAX_VIOLATIONS, "TOO_MANY_VIOLATIONS").at(|| "violations".into())?;
    for (index, entry) in answer.iter().enumerate() {
        violation(entry, cart).at(|| format!("violations[{index}]"))?;
    }
    Ok(())
}

fn violation(violation: &Violation, cart: &Cart) -> Check {
    subject(&violation.subject, cart).at(|| "subject".into())?;
    reason(&violation.code).at(|| "code".into())?;
    text(&violation.message, MAX_MESSAGE).at(|| "message".into())
}

fn subject(subject: &Subject, cart: &Cart) -> Check {
    match subject {
        Subject::Cart => Ok(()),
        Subject::Line(line) => known(cart, *line).map(|_| ()),
        Subject::Address(field) if FIELDS.contains(&field.as_str()) => Ok(()),
        Subject::Address(field) => {
            let problem = format!("is `{}`; one of {} was expected", shown(field), FIELDS.join(", "));
            Err(Invalid::new("UNKNOWN_FIELD", "address", problem))
        }
        Subject::Code(code) if cart.codes.contains(code) => Ok(()),
        Subject::Code(code) => {
            let problem = format!("is `{}`, which the buyer did not enter", shown(code));
            Err(Invalid::new("UNKNOWN_CODE", "code", problem))
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::samples::{cart_of, reason_of};

    fn about(subject: Subject) -> Violation {
        Violation { subject, blocking: true, code: "TOO_FEW".into(), message: "take two".into() }
    }

    #[rstest]
    #[case(vec![], "ok")]
    #[case(vec![about(Subject::Cart); 64], "ok")]
    #[case(vec![about(Subject::Cart); 65], "TOO_MANY_VIOLATIONS")]
    #[case(vec![about(Subject::Line(1))], "ok")]
    #[case(vec![about(Subject::Line(2))], "UNKNOWN_LINE")]
    #[case(vec![about(Subject::Address("postal-code".into()))], "ok")]
    #[case(vec![about(Subject::Address("planet".into()))], "UNKNOWN_FIELD")]
    #[case(vec![about(Subject::Code("WELCOME".into()))], "ok")]
    #[case(vec![about(Subject::Code("OTHER".into()))], "UNKNOWN_CODE")]
    #[case(vec![Violation { code: "too few".into(), ..about(Subject::Cart) }], "INVALID_REASON")]
    #[case(vec![Violation { code: "A".repeat(65), ..about(Subject::Cart) }], "TEXT_TOO_LONG")]
    #[case(vec![Violation { message: "m".repeat(257), ..about(Subject::Cart) }], "TEXT_TOO_LONG")]
    fn bounds(#[case] answer: Vec<Violation>, #[case] expected: &str) {
        assert_eq!(reason_of(violations(&answer, &cart_of(2))), expected);
    }
}
