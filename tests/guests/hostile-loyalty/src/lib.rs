//! A loyalty plugin that passes every upload check, and then gives the answer that its release's config says.

use fondaco_sdk::prelude::*;

/// What a release configures.
#[derive(Config, Default)]
pub struct Settings {
    /// So many points for any cart; none where absent.
    points: Option<u64>,
    /// Instead of an honest answer.
    lie: Option<Lie>,
}

/// Answers of the right type that no honest loyalty plugin gives.
#[derive(Config)]
pub enum Lie {
    /// More points than there may be.
    PointsOutOfRange,
    /// Points that expire before they may be spent.
    ExpiresBeforeActive,
    /// One credit more than a plugin may give.
    TooManyCredits,
    /// A credit to no ledger.
    Nameless,
}

/// Points for any cart, unless it is told to lie.
#[plugin(loyalty)]
pub fn hostile(cart: &Cart, _payable: i64, settings: &Settings) -> Result<Vec<Credit>, Fault> {
    let credit = |points| Credit::new(cart, "points", points, "a present");
    let Some(lie) = &settings.lie else {
        return Ok(settings.points.map(credit).into_iter().collect());
    };
    Ok(match lie {
        Lie::PointsOutOfRange => vec![credit(u64::MAX)],
        Lie::ExpiresBeforeActive => vec![Credit { expires_ms: Some(0), ..credit(1) }],
        Lie::TooManyCredits => (0..17).map(credit).collect(),
        Lie::Nameless => vec![Credit { ledger: String::new(), ..credit(1) }],
    })
}
