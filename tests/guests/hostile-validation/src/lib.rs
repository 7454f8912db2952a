//! A validation that passes every upload check, and then gives the answer that its release's config says.

use fondaco_sdk::prelude::*;

/// What a release configures.
#[derive(Config, Default)]
pub struct Settings {
    /// Instead of an honest answer, which is that nothing is wrong.
    lie: Option<Lie>,
}

/// Answers of the right type that no honest validation gives.
#[derive(Config)]
pub enum Lie {
    /// About a line that the cart has not.
    UnknownLine,
    /// About a code that the buyer did not enter.
    UnknownCode,
    /// A code for programs that is prose.
    OddReason,
    /// A message longer than 256 bytes.
    LongMessage,
    /// One violation more than a plugin may find.
    TooManyViolations,
}

/// Nothing is wrong, unless it is told to lie.
#[plugin(validation)]
pub fn hostile(cart: &Cart, _step: Step, settings: &Settings) -> Result<Vec<Violation>, Fault> {
    let beyond = u32::try_from(cart.lines.len()).unwrap_or(u32::MAX);
    let violation = |subject| Violation::warning(subject, "ODD", "odd");
    Ok(match &settings.lie {
        None => vec![],
        Some(Lie::UnknownLine) => vec![violation(Subject::Line(beyond))],
        Some(Lie::UnknownCode) => vec![violation(Subject::Code("NEVER-ENTERED".into()))],
        Some(Lie::OddReason) => vec![Violation::warning(Subject::Cart, "this is prose", "odd")],
        Some(Lie::LongMessage) => vec![Violation::warning(Subject::Cart, "ODD", "x".repeat(257))],
        Some(Lie::TooManyViolations) => (0..65).map(|_| violation(Subject::Cart)).collect(),
    })
}
