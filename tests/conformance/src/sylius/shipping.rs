//! Which shipping method, and what it costs.

use super::{
    cart::Cart,
    model::{Case, Method, Zone},
};
use crate::{
    case::{Problem, not_mapped, same},
    number::too_large,
};
use fondaco_commerce::decimal::Decimal;

impl Zone {
    pub(super) fn holds(&self, country: &str) -> bool {
        let listed = |list: &[String]| list.iter().any(|other| other == country);
        listed(&self.countries) || self.rest_of_world && !listed(&self.except)
    }

    /// Whether the zone is for taxes (`tax`) or for shipping (`shipping`), or for both.
    pub(super) fn is_for(&self, scope: &str) -> bool {
        self.scope.as_deref().is_none_or(|own| own == scope || own == "all")
    }
}

/// Sets the fee of the chosen method; where nothing was chosen, the first that fits must be the one of the case.
pub(super) fn charge(case: &Case, cart: &mut Cart) -> Result<(), Problem> {
    let Some(code) = &case.when.shipping_method else {
        return Ok(());
    };
    if case.when.shipping_method_by.as_deref() == Some("default") {
        let mut fitting = Vec::new();
        for method in &case.given.shipping_methods {
            if fits(case, method, cart)? {
                fitting.push(method);
            }
        }
        fitting.sort_by_key(|method| method.position.unwrap_or(0));
        same("default shipping method", fitting.first().map(|method| &method.code), Some(code))?;
    }
    let method = case.given.shipping_methods.iter().find(|method| method.code == *code);
    let method = method.ok_or_else(|| Problem::NotMapped(format!("no shipping method `{code}`")))?;
    cart.fee = Some(fee(case, method, cart)?);
    cart.shipping = cart.fee;
    Ok(())
}

pub(super) fn fee(case: &Case, method: &Method, cart: &Cart) -> Result<i64, Problem> {
    let fee = method.fees.get(&case.given.channel).copied().unwrap_or(method.fee);
    let shipped = cart.lines.iter().filter(|line| line.shelf.product.requires_shipping);
    let units: i64 = shipped.map(|line| i64::from(line.quantity)).sum();
    match method.calculator.as_str() {
        "flat_rate" => Ok(fee),
        "per_unit" => fee.checked_mul(units).ok_or_else(too_large),
        other => not_mapped(format!("the mapping does not know the shipping calculator `{other}`")),
    }
}

/// Without an address, a method is as good as for the one that comes.
fn fits(case: &Case, method: &Method, cart: &Cart) -> Result<bool, Problem> {
    let here = method.channels.as_ref().is_none_or(|channels| channels.contains(&case.given.channel));
    let reaches = match (&method.zone, &case.when.address) {
        (Some(zone), Some(address)) => case.given.zones.get(zone).is_some_and(|zone| zone.holds(&address.country)),
        _ => true,
    };
    if !method.enabled || !here || !reaches {
        return Ok(false);
    }
    let of_category = |line: &&super::cart::Line| line.shelf.product.shipping_category == method.shipping_category;
    let matching = cart.lines.iter().filter(of_category).count();
    let category_fits = match (method.shipping_category.is_some(), method.category_requirement.as_deref()) {
        (false, _) | (true, None) => true,
        (true, Some("any")) => matching > 0,
        (true, Some("all")) => matching == cart.lines.len(),
        (true, Some("none")) => matching == 0,
        (true, Some(other)) => {
            return not_mapped(format!("the mapping does not know the requirement `{other}`"));
        }
    };
    let mut weight = Decimal::ZERO;
    for line in &cart.lines {
        let each = line.shelf.product.weight.map_or(Decimal::ZERO, |weight| weight.0);
        let more = each.checked_mul(Decimal::whole(i64::from(line.quantity)));
        weight = more.and_then(|more| weight.checked_add(more)).ok_or_else(too_large)?;
    }
    for rule in &method.rules {
        let config = &rule.config;
        let holds = match rule.kind.as_str() {
            "items_total_at_least" => config.amount.is_some_and(|amount| cart.total() >= amount),
            "items_total_at_most" => config.amount.is_some_and(|amount| cart.total() <= amount),
            "weight_at_least" => config.weight.is_some_and(|bound| weight >= bound.0),
            "weight_at_most" => config.weight.is_some_and(|bound| weight <= bound.0),
            other => {
                return not_mapped(format!("the mapping does not know the shipping rule `{other}`"));
            }
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(category_fits)
}
