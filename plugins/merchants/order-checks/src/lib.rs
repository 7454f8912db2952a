//! A validation: addresses that can be shipped to, and quantities that can be sold.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct Checks {
    /// Where the store ships to.
    countries: Vec<String>,
    /// How many digits a postal code has, by country.
    postal_digits: Map<u32>,
    /// How many of a sku one order may have.
    max_per_sku: Map<u32>,
}

/// While the cart is being filled a violation only warns; from the payment on it blocks.
#[plugin(validation)]
fn order_checks(cart: &Cart, step: Step, config: &Checks) -> Result<Vec<Violation>, Fault> {
    let violation =
        if matches!(step, Step::Payment | Step::Complete) { Violation::blocking } else { Violation::warning };
    let mut violations = Vec::new();
    for (sku, most) in &config.max_per_sku.0 {
        let units: u64 =
            cart.items().filter(|(_, line)| line.sku == *sku).map(|(_, line)| u64::from(line.quantity)).sum();
        if units > u64::from(*most)
            && let Some((index, _)) = cart.items().find(|(_, line)| line.sku == *sku)
        {
            violations.push(violation(
                Subject::Line(index),
                "TOO_MANY",
                format!("At most {most} of {sku} in one order"),
            ));
        }
    }
    let Some(address) = &cart.destination else { return Ok(violations) };
    if !config.countries.contains(&address.country) {
        let message = format!("We do not ship to {}", address.country);
        violations.push(violation(Subject::Address("country".into()), "COUNTRY_NOT_SERVED", message));
    } else if let Some(digits) = config.postal_digits.get(&address.country)
        && !(address.postal_code.len() == *digits as usize
            && address.postal_code.bytes().all(|byte| byte.is_ascii_digit()))
    {
        let message = format!("A postal code of {} has {digits} digits", address.country);
        violations.push(violation(Subject::Address("postal-code".into()), "INVALID_POSTAL_CODE", message));
    }
    Ok(violations)
}

#[cfg(test)]
mod tests;
