//! Built-in validation: the least and the most that one order may have, by line, by sku and in all.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct Limits {
    per_line: Option<Bounds>,
    per_sku: Option<Map<Bounds>>,
    per_cart: Option<Bounds>,
}

#[derive(Config)]
struct Bounds {
    least: Option<u32>,
    most: Option<u32>,
}

/// Too many always blocks; too few only from the payment on, because the buyer may still add some.
#[plugin(validation)]
fn quantity_limits(cart: &Cart, step: Step, config: &Limits) -> Result<Vec<Violation>, Fault> {
    let mut violations = Vec::new();
    let mut check = |bounds: &Bounds, units: u64, subject: Subject, what: &str| {
        let (least, most) = (bounds.least.map_or(0, u64::from), bounds.most.map_or(u64::MAX, u64::from));
        if units > most {
            violations.push(Violation::blocking(subject, "TOO_MANY", format!("At most {most} of {what}")));
        } else if units < least {
            let make =
                if matches!(step, Step::Payment | Step::Complete) { Violation::blocking } else { Violation::warning };
            violations.push(make(subject, "TOO_FEW", format!("At least {least} of {what}")));
        }
    };
    for (index, line) in cart.items() {
        if let Some(bounds) = &config.per_line {
            check(bounds, line.quantity.into(), Subject::Line(index), &line.sku);
        }
        let first = cart.items().find(|(_, other)| other.sku == line.sku).is_some_and(|(found, _)| found == index);
        if first && let Some(bounds) = config.per_sku.as_ref().and_then(|skus| skus.get(&line.sku)) {
            let units = cart
                .items()
                .filter(|(_, other)| other.sku == line.sku)
                .map(|(_, other)| u64::from(other.quantity))
                .sum();
            check(bounds, units, Subject::Line(index), &line.sku);
        }
    }
    if let Some(bounds) = &config.per_cart {
        check(bounds, cart.units(), Subject::Cart, "all goods");
    }
    Ok(violations)
}

#[cfg(test)]
mod tests;
