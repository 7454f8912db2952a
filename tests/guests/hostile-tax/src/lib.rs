//! A tax plugin that passes every upload check, and then gives the answer that its release's config says.

use fondaco_sdk::prelude::*;

/// What a release configures.
#[derive(Config, Default)]
pub struct Settings {
    /// So many percent on everything; no tax where absent.
    percent: Option<Percent>,
    /// Instead of an honest answer.
    lie: Option<Lie>,
}

/// Answers of the right type that no honest tax plugin gives.
#[derive(Config)]
pub enum Lie {
    /// A currency that is not the cart's.
    ForeignCurrency,
    /// A tax on a line that the cart has not.
    UnknownItem,
    /// The same item twice.
    DuplicateItem,
    /// More than a thousand percent.
    RateOutOfRange,
    /// A decimal with 255 digits behind its point.
    OddDecimal,
    /// The greatest amount that there is.
    Overflow,
    /// One part more than an item may have.
    TooManyParts,
}

/// One tax on everything, unless it is told to lie.
#[plugin(tax)]
pub fn hostile(cart: &Cart, taxables: &Taxables, settings: &Settings) -> Result<Taxation, Fault> {
    let mut taxation = Taxation::of(cart);
    let part = |rate: Decimal| Part::percent("DE", "VAT", rate);
    let first = Item::Line(0);
    let beyond = u32::try_from(cart.lines.len()).unwrap_or(u32::MAX);
    match (&settings.lie, settings.percent) {
        (None, None) => {}
        (None, Some(percent)) => {
            taxables.items.iter().for_each(|taxable| taxation.add(taxable.item, [part(percent.0)]));
        }
        (Some(Lie::ForeignCurrency), _) => {
            taxation.currency = "XTS".into();
            taxation.add(first, [part(Decimal::whole(19))]);
        }
        (Some(Lie::UnknownItem), _) => taxation.add(Item::Line(beyond), [part(Decimal::whole(19))]),
        (Some(Lie::DuplicateItem), _) => (0..2).for_each(|_| taxation.add(first, [part(Decimal::whole(19))])),
        (Some(Lie::RateOutOfRange), _) => taxation.add(first, [part(Decimal::whole(1_001))]),
        (Some(Lie::OddDecimal), _) => taxation.add(first, [part(Decimal { coefficient: 1, scale: 255 })]),
        (Some(Lie::Overflow), _) => taxation.add(first, [Part { amount: Some(i64::MAX), ..part(Decimal::whole(19)) }]),
        (Some(Lie::TooManyParts), _) => taxation.add(first, (0..9).map(|_| part(Decimal::whole(1)))),
    }
    Ok(taxation)
}
