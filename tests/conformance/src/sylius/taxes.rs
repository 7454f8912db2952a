//! Taxes: the zone and its rates as facts, the figures by `fondaco_commerce::tax`.

use super::{
    cart::Cart,
    model::{Case, Strategy, TaxRate},
};
use crate::{
    calculators::MODE,
    case::{Problem, not_mapped},
    number::too_large,
};
use fondaco_commerce::{
    decimal::Decimal,
    tax::{self, Item, Level, Part, Policy},
};

/// The decimal calculator keeps fractions until a sum: so many more digits than money has.
const FRACTION: i64 = 1_000_000;

/// What is taxed on top, and what is in the prices.
#[derive(Default)]
pub(super) struct Taxes {
    pub(super) added: i64,
    pub(super) included: i64,
    pub(super) added_to_shipping: i64,
}

/// An amount and the rate that it bears.
struct Taxed<'a> {
    amounts: Vec<i64>,
    rate: &'a TaxRate,
}

pub(super) fn assess(case: &Case, cart: &Cart) -> Result<Taxes, Problem> {
    let Some(zone) = zone_of(case) else {
        return Ok(Taxes::default());
    };
    let mut taxed = Vec::new();
    for line in &cart.lines {
        if let Some(rate) = rate_of(case, zone, line.shelf.product.tax_category.as_deref()) {
            let amounts = match case.given.tax_strategy {
                Strategy::OrderItems => vec![line.total],
                Strategy::OrderItemUnits => line.unit_discounts.iter().map(|off| line.shelf.price - off).collect(),
            };
            taxed.push(Taxed { amounts, rate });
        }
    }
    let (mut added, included) = (of_items(case, &taxed, false)?, of_items(case, &taxed, true)?);
    let mut taxes = Taxes { included, ..Taxes::default() };
    let method =
        case.given.shipping_methods.iter().find(|method| Some(&method.code) == case.when.shipping_method.as_ref());
    let shipping_rate = method.and_then(|method| rate_of(case, zone, method.tax_category.as_deref()));
    if let (Some(rate), Some(amount)) = (shipping_rate, cart.shipping) {
        let tax = rounded(&[amount], rate)?;
        if rate.included {
            taxes.included += tax;
        } else {
            taxes.added_to_shipping = tax;
            added += tax;
        }
    }
    Ok(Taxes { added, ..taxes })
}

/// The zone of the address, else the default one.
fn zone_of(case: &Case) -> Option<&str> {
    let country = case.when.address.as_ref().map(|address| address.country.as_str());
    let zones = case.given.zones.iter().filter(|(_, zone)| zone.is_for("tax"));
    let mut holding: Vec<_> = zones.filter(|(_, zone)| country.is_some_and(|country| zone.holds(country))).collect();
    // A zone that names the country comes before one that is the rest of the world.
    holding.sort_by_key(|(_, zone)| zone.rest_of_world);
    holding.first().map(|(name, _)| name.as_str()).or(case.given.default_tax_zone.as_deref())
}

fn rate_of<'a>(case: &'a Case, zone: &str, category: Option<&str>) -> Option<&'a TaxRate> {
    let runs = |rate: &&TaxRate| {
        let begun = rate.starts.as_ref().is_none_or(|starts| *starts <= case.now);
        begun && rate.ends.as_ref().is_none_or(|ends| *ends >= case.now)
    };
    let matching =
        case.given.tax_rates.iter().filter(|rate| Some(rate.category.as_str()) == category && rate.zone == zone);
    matching.filter(runs).min_by_key(|_| 0)
}

/// The tax of all lines, on top or in the prices.
fn of_items(case: &Case, taxed: &[Taxed<'_>], included: bool) -> Result<i64, Problem> {
    let taxed = taxed.iter().filter(|taxed| taxed.rate.included == included);
    let (mut sum, mut fractions) = (0_i64, 0_i64);
    for Taxed { amounts, rate } in taxed {
        match (rate.calculator.as_deref(), case.given.tax_strategy) {
            (None | Some("default"), _) => sum += rounded(amounts, rate)?,
            // By unit: fractions are kept until the sum of the line.
            (Some("decimal"), Strategy::OrderItemUnits) => sum += whole(in_fractions(amounts, rate)?)?,
            (Some("decimal"), Strategy::OrderItems) => {
                fractions = fractions.checked_add(in_fractions(amounts, rate)?).ok_or_else(too_large)?;
            }
            (Some(other), _) => {
                return not_mapped(format!("the mapping does not know the tax calculator `{other}`"));
            }
        }
    }
    Ok(sum + whole(fractions)?)
}

/// The tax on amounts, each rounded by itself.
fn rounded(amounts: &[i64], rate: &TaxRate) -> Result<i64, Problem> {
    let percent = rate.rate.0.checked_mul(Decimal::whole(100)).ok_or_else(too_large)?;
    let parts = [Part::new(0, percent)];
    let items: Vec<Item<'_>> = amounts.iter().map(|amount| Item { amount: *amount, parts: &parts }).collect();
    let policy = Policy { included: rate.included, level: Level::Line, rounding: MODE };
    Ok(tax::assess(&policy, &items)?.tax())
}

fn in_fractions(amounts: &[i64], rate: &TaxRate) -> Result<i64, Problem> {
    let finer = amounts.iter().map(|amount| amount.checked_mul(FRACTION).ok_or_else(too_large));
    rounded(&finer.collect::<Result<Vec<_>, _>>()?, rate)
}

fn whole(fractions: i64) -> Result<i64, Problem> {
    let whole = MODE.divide(fractions.into(), FRACTION.into());
    whole.and_then(|whole| i64::try_from(whole).ok()).ok_or_else(too_large)
}
