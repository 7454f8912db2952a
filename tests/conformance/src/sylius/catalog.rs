//! Shelf prices: what a tenant's price rules would set before any promotion of the cart.

use super::model::{Action, Case, Kind, Product, Promotion, Rule};
use crate::{
    calculators::MODE,
    case::{Problem, not_mapped},
    number::too_large,
};
use fondaco_commerce::decimal::Decimal;

/// A variant on the shelf.
#[derive(Clone)]
pub(super) struct Shelf {
    pub(super) product: Product,
    /// What it costs without catalogue promotions.
    pub(super) list: i64,
    /// What it costs.
    pub(super) price: i64,
    /// The struck-through price.
    pub(super) original: i64,
    /// The catalogue promotions that made the difference, in order.
    pub(super) applied: Vec<String>,
}

pub(super) fn shelf(case: &Case, sku: &str) -> Result<Shelf, Problem> {
    let product = case.given.products.iter().find(|product| product.sku == sku);
    let product = product.ok_or_else(|| Problem::NotMapped(format!("no product `{sku}`")))?.clone();
    let list = product.prices.get(&case.given.channel).copied().unwrap_or(product.price);
    let original = product.original_price.unwrap_or(list);
    let mut shelf = Shelf { product, list, price: list, original, applied: Vec::new() };
    for promotion in applicable(case, &shelf.product)? {
        cut(&mut shelf, promotion)?;
    }
    Ok(shelf)
}

/// The promotions for a variant, highest priority first; an exclusive one alone.
fn applicable<'a>(case: &'a Case, product: &Product) -> Result<Vec<&'a Promotion>, Problem> {
    let mut found = Vec::new();
    for promotion in case.given.promotions.iter().filter(|promotion| promotion.kind == Kind::Catalog) {
        if runs(case, promotion) && in_scope(product, &promotion.rules)? {
            found.push(promotion);
        }
    }
    found.sort_by_key(|promotion| std::cmp::Reverse(promotion.priority));
    if let Some(exclusive) = found.iter().find(|promotion| promotion.exclusive) {
        return Ok(vec![exclusive]);
    }
    Ok(found)
}

/// Whether a promotion runs now, in this channel.
pub(super) fn runs(case: &Case, promotion: &Promotion) -> bool {
    // All instants are written alike, in UTC: their order is that of their letters.
    let begun = promotion.starts.as_ref().is_none_or(|starts| *starts <= case.now);
    let over = promotion.ends.as_ref().is_some_and(|ends| *ends < case.now);
    let here = promotion.channels.as_ref().is_none_or(|channels| channels.contains(&case.given.channel));
    promotion.enabled && begun && !over && here
}

fn in_scope(product: &Product, rules: &[Rule]) -> Result<bool, Problem> {
    if rules.is_empty() {
        return Ok(true);
    }
    for rule in rules {
        let config = &rule.config;
        let holds = match rule.kind.as_str() {
            "scope_skus" => config.skus.contains(&product.sku),
            // The data lists the variants of the named products.
            "scope_products" if !config.skus.is_empty() => config.skus.contains(&product.sku),
            "scope_products" => product.parent.as_ref().is_some_and(|name| config.products.contains(name)),
            "scope_taxons" => product.taxons.iter().any(|taxon| config.taxons.contains(taxon)),
            other => return not_mapped(format!("the mapping does not know the scope `{other}`")),
        };
        if holds {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Each cut is off what the ones before it left; the first is off the struck-through price.
fn cut(shelf: &mut Shelf, promotion: &Promotion) -> Result<(), Problem> {
    let floor = shelf.product.min_price.unwrap_or(0);
    for action in &promotion.actions {
        let from = if shelf.applied.is_empty() { shelf.original } else { shelf.price };
        if from <= floor {
            continue;
        }
        let Some(amount) = off(from, action)? else {
            continue;
        };
        shelf.price = (from - amount).max(floor);
        if shelf.applied.last() != Some(&promotion.code) {
            shelf.applied.push(promotion.code.clone());
        }
    }
    Ok(())
}

fn off(price: i64, action: &Action) -> Result<Option<i64>, Problem> {
    match action.kind.as_str() {
        // The price that is left is what is rounded.
        "price_percentage" => {
            let Some(cut) = action.config.percentage else {
                return not_mapped("a percentage without a figure");
            };
            let left = Decimal::ONE.checked_sub(cut.0).ok_or_else(too_large)?;
            Ok(Some(price - left.times(price, MODE)?))
        }
        "price_fixed" => Ok(action.config.amount),
        other => not_mapped(format!("the mapping does not know the action `{other}`")),
    }
}
