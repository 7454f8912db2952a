//! Price rules: the price of a unit.

use fondaco_sdk::bindings::fondaco::plugin::price_rule::{Price, Prices, Rule};
use fondaco_sdk::bindings::fondaco::plugin::types::Cart;
use fondaco_sdk::bindings::fondaco::types::faults::Fault;

use crate::bindings::exports::fondaco::pricing::quotes::PriceSource;
use crate::bindings::fondaco::plugin::evaluations::Points;
use crate::desk::Desk;
use crate::faults::{bad_verdict, too_large};
use crate::ports::Evaluation;

pub(crate) async fn run<E: Evaluation>(desk: &mut Desk<E>) -> Result<(), Fault> {
    if !desk.prepare(Points::PRICE_RULE)? {
        return Ok(());
    }
    let verdicts = desk.evaluation.price_rules(&mut desk.cart).await?;
    for verdict in verdicts {
        let fault = match verdict.outcome {
            Ok(prices) => {
                accept(desk, &prices, &verdict.source.plugin)?;
                None
            }
            Err(fault) => Some(fault),
        };
        desk.note("price-rule", verdict.source, fault);
    }
    for (work, line) in desk.lines.iter_mut().zip(&desk.cart.lines) {
        work.subtotal = line.total;
    }
    desk.goods()?;
    Ok(())
}

/// Later rules have seen the prices of the earlier ones, so the last price of a line is its price.
fn accept<E: Evaluation>(desk: &mut Desk<E>, prices: &Prices, plugin: &str) -> Result<(), Fault> {
    enter(&mut desk.cart, prices).map_err(|problem| bad_verdict(plugin, problem))?;
    for Price { line, rule, .. } in &prices.prices {
        let set_by = prices.rules.get(*rule as usize);
        if let (Some(work), Some(Rule { name, reasons })) = (desk.lines.get_mut(*line as usize), set_by) {
            work.price = Some(PriceSource { plugin: plugin.to_owned(), rule: name.clone(), reasons: reasons.clone() });
        }
    }
    Ok(())
}

/// Enters a rule's prices into the cart, so that the next rule sees them: for implementations of
/// [`Evaluation`] that run rules over the pipeline's own cart.
pub fn apply_prices(cart: &mut Cart, prices: &Prices) -> Result<(), Fault> {
    enter(cart, prices).map_err(|problem| bad_verdict("price-rule", problem))
}

fn enter(cart: &mut Cart, prices: &Prices) -> Result<(), String> {
    if prices.currency != cart.context.currency {
        return Err(format!("a price in {}, and the cart is in {}", prices.currency, cart.context.currency));
    }
    for price in &prices.prices {
        let line = cart.lines.get_mut(price.line as usize).ok_or_else(|| format!("no line {}", price.line))?;
        if price.unit < 0 {
            return Err(format!("a price below zero for line {}", price.line));
        }
        if price.rule as usize >= prices.rules.len() {
            return Err(format!("a price for line {} by a rule that is not there", price.line));
        }
        line.total = price.unit.checked_mul(i64::from(line.quantity)).ok_or_else(|| too_large().message)?;
        line.unit = price.unit;
    }
    Ok(())
}
