//! The answer: what lies on the desk, in the contract's shape, with the sums.

use fondaco_sdk::bindings::fondaco::plugin::loyalty::Credit;
use fondaco_sdk::bindings::fondaco::plugin::types::{ChosenShipping, Line};
use fondaco_sdk::bindings::fondaco::types::faults::Fault;

use crate::bindings::exports::fondaco::pricing::quotes::{
    CodeOutcome, Points, PricedCart, PricedLine, PricedShipping, Totals,
};
use crate::desk::{Desk, LineWork, Taxed};
use crate::faults::sum;
use crate::policy::Policy;
use crate::ports::Evaluation;
use crate::stages::points::Spent;

pub(crate) fn compose<E: Evaluation>(
    desk: Desk<E>,
    policy: &Policy,
    codes: Vec<CodeOutcome>,
    earn: Vec<Credit>,
    spent: Spent,
) -> Result<PricedCart, Fault> {
    let totals = totals(&desk)?;
    let lines = desk.cart.lines.into_iter().zip(desk.lines).map(|(line, work)| priced_line(line, work)).collect();
    let shipping_tax = desk.shipping_tax;
    Ok(PricedCart {
        currency: desk.cart.context.currency,
        revision: desk.evaluation.revision(),
        now_ms: desk.cart.context.now_ms,
        prices_include_tax: policy.prices_include_tax,
        lines,
        discounts: desk.discounts,
        runners_up: desk.runners_up,
        codes,
        shipping_options: desk.shipping_options,
        shipping: desk.cart.shipping.map(|shipping| priced_shipping(shipping, shipping_tax)),
        loyalty: Points { earn, spent: spent.points, worth: spent.worth },
        violations: desk.violations,
        totals,
        plugins: desk.plugins,
        timings: None,
    })
}

fn totals<E>(desk: &Desk<E>) -> Result<Totals, Fault> {
    let taxed = || desk.lines.iter().map(|line| &line.taxes).chain([&desk.shipping_tax]);
    Ok(Totals {
        items: sum(desk.lines.iter().map(|line| line.subtotal))?,
        discounts: sum(desk.discounts.iter().map(|discount| discount.amount))?,
        shipping: desk.cart.shipping.as_ref().map_or(0, |shipping| shipping.total),
        tax: sum(taxed().map(|taxed| taxed.tax))?,
        net: sum(taxed().map(|taxed| taxed.net))?,
        grand: sum(taxed().map(|taxed| taxed.gross))?,
    })
}

fn priced_line(line: Line, work: LineWork) -> PricedLine {
    let Taxed { parts, tax, net, gross } = work.taxes;
    PricedLine {
        id: work.id,
        sku: line.sku,
        quantity: line.quantity,
        base_unit: work.base_unit,
        price_list: work.price_list,
        unit: line.unit,
        price: work.price,
        subtotal: work.subtotal,
        discounts: work.shares,
        total: line.total,
        taxes: parts,
        tax,
        net,
        gross,
        gift: line.gift,
    }
}

fn priced_shipping(shipping: ChosenShipping, taxed: Taxed) -> PricedShipping {
    let Taxed { parts, tax, net, gross } = taxed;
    PricedShipping {
        code: shipping.code,
        price: shipping.price,
        discount: shipping.price - shipping.total,
        total: shipping.total,
        taxes: parts,
        tax,
        net,
        gross,
    }
}
