//! A cart that the host holds while plugins run over it, with the tenant's plugin set pinned.
//!
//! The cart crosses from the service once. Every plugin call borrows it; price rules and the service change amounts
//! in place. Nothing here is cloned per plugin.

pub(crate) mod cart;
mod flags;
mod held;
mod resource;

use std::sync::Arc;

use fondaco_engine::{CallContext, Fault};

pub use held::Held;
pub use resource::LineAmount;
pub(crate) use resource::{add_to_linker, held};

use crate::invalid::{At, Check, Invalid, amount};
use crate::set::PluginSet;
use crate::shared::Shared;
use crate::wit::{Cart, ChosenShipping, Line};

/// The `evaluation` resource: a cart, a pinned set, and the call that it belongs to.
pub struct Evaluation {
    cart: Held,
    set: Arc<PluginSet>,
    call: CallContext,
    shared: Arc<Shared>,
}

impl Evaluation {
    /// Takes the cart over when it is within the bounds of the contract, and pins what serves `call`'s tenant now.
    pub(crate) fn open(cart: Cart, call: CallContext, shared: Arc<Shared>) -> Result<Self, Fault> {
        cart::check(&cart).map_err(Invalid::of_cart)?;
        let set = shared.slots.get(&call.tenant);
        Ok(Self { cart: cart.into(), set, call, shared })
    }

    /// The pinned set.
    pub fn set(&self) -> &Arc<PluginSet> {
        &self.set
    }

    /// The cart as it stands.
    pub fn cart(&self) -> &Held {
        &self.cart
    }

    pub(crate) fn cart_mut(&mut self) -> &mut Held {
        &mut self.cart
    }

    pub(crate) fn call(&self) -> &CallContext {
        &self.call
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Whether it was opened in the very request that is running: a service instance is used again, and what one
    /// call left behind must be of no use to the next. The address says it, because the id is shared from the edge
    /// on and this evaluation keeps it alive.
    pub(crate) fn belongs_to(&self, request_id: *const str) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.call.request_id), request_id)
    }

    /// New amounts for all lines.
    pub(crate) fn set_amounts(&mut self, amounts: &[LineAmount]) -> Result<(), Fault> {
        check_amounts(amounts, self.cart.lines.len()).map_err(Invalid::of_cart)?;
        for (line, amount) in amounts.iter().enumerate() {
            self.cart.set_price(line, amount.unit, amount.total);
        }
        Ok(())
    }

    /// More lines behind the others.
    pub(crate) fn add_lines(&mut self, lines: Vec<Line>) -> Result<(), Fault> {
        cart::check_more(&self.cart, &lines).map_err(Invalid::of_cart)?;
        self.cart.add_lines(lines);
        Ok(())
    }

    /// The chosen shipping option.
    pub(crate) fn set_shipping(&mut self, shipping: Option<ChosenShipping>) {
        self.cart.set_shipping(shipping);
    }
}

fn check_amounts(amounts: &[LineAmount], lines: usize) -> Check {
    if amounts.len() != lines {
        let problem = format!("has {} entries; the cart has {lines} lines", amounts.len());
        return Err(Invalid::new("WRONG_LENGTH", "amounts", problem));
    }
    for (index, entry) in amounts.iter().enumerate() {
        amount(entry.unit, "NEGATIVE_PRICE").at(|| format!("amounts[{index}].unit"))?;
        amount(entry.total, "NEGATIVE_AMOUNT").at(|| format!("amounts[{index}].total"))?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "evaluation_tests.rs"]
mod tests;
