//! Solidus's and Spree's calculators: what a promotion takes off, what shipping costs.
//!
//! A calculator's formula (tiers, groups, first and further items) is what a merchant's plugin would hold and stands
//! here; what it comes to is offered to `stacking::apply` wherever its amounts are in minor units.

mod discounts;
mod groups;
mod shipping;

use crate::{
    case::{Problem, field, not_mapped, only, same},
    number::{decimal, exponent, minor, too_large},
};
use fondaco_commerce::{
    decimal::Decimal,
    rounding::Rounding,
    stacking::{self, Class, DiscountId, LineState, Offers, Outcome, Policy, Selection, Terms, Value as Off},
};
use serde_json::Value;

pub(crate) const MODE: Rounding = Rounding::HalfAwayFromZero;

/// Whose calculators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Solidus,
    Spree,
}

/// A case's parameters and input.
pub(crate) struct Asked<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) params: &'a Value,
    pub(crate) input: &'a Value,
    pub(crate) expected: &'a Value,
    /// The currency of the cart; `None` where the case says that there is none.
    pub(crate) currency: Option<String>,
}

pub(crate) fn judge_solidus(case: &Value, _: &Value) -> Result<(), Problem> {
    judge(case, Dialect::Solidus)
}

pub(crate) fn judge_spree(case: &Value, _: &Value) -> Result<(), Problem> {
    judge(case, Dialect::Spree)
}

fn judge(case: &Value, dialect: Dialect) -> Result<(), Problem> {
    only(
        case,
        &[
            "id",
            "source",
            "also",
            "also_lines",
            "note",
            "contested",
            "calculator",
            "params",
            "input",
            "expected",
            "currency",
        ],
    )?;
    let currency = match case.get("currency") {
        // Not stated: that of the rule.
        None => case
            .get("params")
            .and_then(|params| params.get("currency"))
            .unwrap_or(&Value::Null)
            .as_str()
            .map(str::to_owned),
        Some(currency) => currency.as_str().map(str::to_owned),
    };
    let currency = currency.or_else(|| case.get("currency").is_none().then(|| "USD".to_owned()));
    let asked = Asked {
        dialect,
        params: field(case, "params")?,
        input: field(case, "input")?,
        expected: field(case, "expected")?,
        currency,
    };
    match field(case, "calculator")?.as_str().unwrap_or_default() {
        "percent" => discounts::percent(&asked),
        "percent_with_cap" => discounts::percent_with_cap(&asked),
        "distributed_amount" => discounts::distributed_amount(&asked),
        "flat_rate" => discounts::flat_rate(&asked),
        "flat_rate_unit_price" => discounts::flat_rate_unit_price(&asked),
        "flexi_rate" => discounts::flexi_rate(&asked),
        "flexi_rate_unit_price" => discounts::flexi_rate_unit_price(&asked),
        "tiered_percent" => discounts::tiered_percent(&asked),
        "tiered_percent_on_quantity" => discounts::tiered_percent_on_quantity(&asked),
        "tiered_flat_rate" => discounts::tiered_flat_rate(&asked),
        "quantity_groups" => groups::quantity_groups(&asked),
        "quantity_groups_order" => groups::quantity_groups_order(&asked),
        "price_sack" | "shipping_price_sack" => shipping::price_sack(&asked),
        "shipping_flat_rate" => shipping::flat_rate(&asked),
        "shipping_flexi_rate" => shipping::flexi_rate(&asked),
        "shipping_percent_of_items" | "shipping_flat_percent" => shipping::percent_of_items(&asked),
        "shipping_per_item" => shipping::per_item(&asked),
        "refund_amount" => shipping::refund_amount(&asked),
        "tiered_percent_validity" | "tiered_flat_rate_validity" => {
            not_mapped("checks a plugin's own configuration; a typed config does that, and nothing is reckoned")
        }
        "condition_minimum_quantity" => not_mapped("a condition of the merchant's own plugin; nothing is reckoned"),
        other => not_mapped(format!("the mapping does not know the calculator `{other}`")),
    }
}

impl Asked<'_> {
    pub(crate) fn exponent(&self) -> Result<u8, Problem> {
        exponent(self.currency.as_deref().unwrap_or("USD"))
    }

    pub(crate) fn param(&self, key: &str) -> Result<Decimal, Problem> {
        decimal(field(self.params, key)?)
    }

    /// Whether a rule written for another currency (or for none) meets this cart.
    pub(crate) fn is_foreign(&self) -> bool {
        let Some(of_rule) = self.params.get("currency").and_then(Value::as_str) else {
            return false;
        };
        self.currency.as_ref().is_none_or(|currency| !currency.eq_ignore_ascii_case(of_rule))
    }

    /// An amount in minor units; `None` where it is finer.
    pub(crate) fn minor(&self, amount: Decimal) -> Result<Option<i64>, Problem> {
        Ok(minor(amount, self.exponent()?))
    }

    pub(crate) fn exact_minor(&self, amount: Decimal) -> Result<i64, Problem> {
        self.minor(amount)?
            .ok_or_else(|| Problem::NotMapped(format!("{amount} is finer than the currency's minor unit")))
    }

    pub(crate) fn expect(&self, minor: i64) -> Result<(), Problem> {
        if self.expected.is_null() {
            return Err(Problem::Failed(format!("found {minor}, expected that the method does not apply")));
        }
        if self.expected.is_object() {
            return not_mapped("several figures are expected");
        }
        same("amount", minor, self.exact_minor(decimal(self.expected)?)?)
    }

    pub(crate) fn lines(&self) -> Result<Vec<Line>, Problem> {
        let lines = field(self.input, "lines")?.as_array().cloned().unwrap_or_default();
        lines.iter().map(Line::of).collect()
    }
}

/// A line of the input.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) unit: Decimal,
    pub(crate) quantity: u32,
    pub(crate) eligible: bool,
    pub(crate) weight: Decimal,
}

impl Line {
    fn of(line: &Value) -> Result<Self, Problem> {
        only(line, &["unit_price", "quantity", "eligible", "weight"])?;
        let quantity = line.get("quantity").map_or(Some(1), Value::as_u64);
        Ok(Self {
            unit: decimal(field(line, "unit_price")?)?,
            quantity: quantity.and_then(|quantity| u32::try_from(quantity).ok()).ok_or_else(too_large)?,
            eligible: line.get("eligible").and_then(Value::as_bool).unwrap_or(true),
            weight: line.get("weight").map_or(Ok(Decimal::ZERO), decimal)?,
        })
    }

    pub(crate) fn total(&self) -> Result<Decimal, Problem> {
        self.unit.checked_mul(Decimal::whole(i64::from(self.quantity))).ok_or_else(too_large)
    }
}

pub(crate) fn subtotal(lines: &[Line]) -> Result<Decimal, Problem> {
    lines.iter().try_fold(Decimal::ZERO, |sum, line| sum.checked_add(line.total()?).ok_or_else(too_large))
}

/// Offers one discount to one cart.
pub(crate) fn offered(
    lines: &[LineState],
    shipping: Option<i64>,
    offer: impl FnOnce(&mut Offers<'static>) -> DiscountId,
) -> Result<Outcome, Problem> {
    let mut offers = Offers::new();
    offers.offer("rule", Selection::All);
    offer(&mut offers);
    Ok(stacking::apply(&Policy::default(), lines, shipping, &offers)?)
}

/// What a discount takes off an amount.
pub(crate) fn off_amount(amount: i64, value: Off) -> Result<i64, Problem> {
    let outcome = offered(&[LineState::new(1, amount)], None, |offers| offers.order_discount(Terms::new(value), []))?;
    Ok(outcome.taken(Class::Order))
}

/// What a percentage takes off an amount: through the policy where the amount is money, exact and rounded once where
/// the case's amount is finer than its currency.
pub(crate) fn percent_off(asked: &Asked<'_>, amount: Decimal, percent: Decimal) -> Result<i64, Problem> {
    if let Some(amount) = asked.minor(amount)? {
        return off_amount(amount, Off::Percent(percent));
    }
    let hundredth = Decimal::new(1, 2)?;
    let product =
        amount.checked_mul(percent).and_then(|product| product.checked_mul(hundredth)).ok_or_else(too_large)?;
    Ok(product.to_units(asked.exponent()?, MODE)?)
}

/// The value of the highest threshold that is reached, if any.
pub(crate) fn tier(tiers: &Value, reached: Decimal) -> Result<Option<Decimal>, Problem> {
    let mut best: Option<(Decimal, Decimal)> = None;
    for (threshold, value) in tiers.as_object().into_iter().flatten() {
        let threshold = decimal(&Value::String(threshold.clone()))?;
        if threshold <= reached && best.is_none_or(|(highest, _)| threshold > highest) {
            best = Some((threshold, decimal(value)?));
        }
    }
    Ok(best.map(|(_, value)| value))
}

/// `first` for the first item and `further` for each one after it, up to `max` items (0: no limit).
pub(crate) fn flexi(first: Decimal, further: Decimal, max: u64, quantity: u64) -> Result<Decimal, Problem> {
    let counted = if max == 0 { quantity } else { quantity.min(max) };
    let Some(more) = counted.checked_sub(1) else {
        return Ok(Decimal::ZERO);
    };
    let more = further.checked_mul(Decimal::whole(i64::try_from(more).map_err(|_| too_large())?));
    more.and_then(|more| first.checked_add(more)).ok_or_else(too_large)
}
