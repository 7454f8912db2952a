//! The desk on which a quote is worked out: the cart, the pinned rules, and what is known of each line so far.

use fondaco_sdk::bindings::fondaco::plugin::types::{Cart, ChosenShipping};
use fondaco_sdk::bindings::fondaco::types::faults::Fault;

use crate::bindings::exports::fondaco::pricing::quotes::{
    DiscountShare, GivenDiscount, PluginOutcome, PriceSource, QuoteViolation, RunnerUp, ShippingOption, TaxPart,
};
use crate::bindings::fondaco::plugin::evaluations::{LineAmount, Points, Source};
use crate::faults::sum;
use crate::goods::Learned;
use crate::ports::Evaluation;

/// What is known of a line beside what the cart says.
pub(crate) struct LineWork {
    pub(crate) id: String,
    pub(crate) base_unit: i64,
    /// Where the base price comes from, unless the request gave it.
    pub(crate) price_list: Option<String>,
    pub(crate) price: Option<PriceSource>,
    /// `unit × quantity` after price rules.
    pub(crate) subtotal: i64,
    pub(crate) shares: Vec<DiscountShare>,
    pub(crate) taxes: Taxed,
}

/// The taxes of a line or of shipping.
#[derive(Default)]
pub(crate) struct Taxed {
    pub(crate) parts: Vec<TaxPart>,
    pub(crate) tax: i64,
    pub(crate) net: i64,
    pub(crate) gross: i64,
}

/// The desk. Each stage reads what it needs, and leaves its part of the answer.
pub(crate) struct Desk<E> {
    pub(crate) cart: Cart,
    pub(crate) lines: Vec<LineWork>,
    pub(crate) evaluation: E,
    pub(crate) discounts: Vec<GivenDiscount>,
    pub(crate) runners_up: Vec<RunnerUp>,
    pub(crate) shipping_options: Vec<ShippingOption>,
    pub(crate) shipping_tax: Taxed,
    pub(crate) violations: Vec<QuoteViolation>,
    pub(crate) plugins: Vec<PluginOutcome>,
    active: Points,
    stale: Stale,
}

/// What the rules' copy of the cart does not know yet.
struct Stale {
    amounts: bool,
    shipping: bool,
    /// How many lines it knows.
    known_lines: usize,
}

impl<E: Evaluation> Desk<E> {
    pub(crate) fn new(cart: Cart, ids: Vec<String>, evaluation: E) -> Self {
        let work = |(id, line): (String, &fondaco_sdk::bindings::fondaco::plugin::types::Line)| LineWork {
            id,
            base_unit: line.unit,
            price_list: None,
            price: None,
            subtotal: line.total,
            shares: Vec::new(),
            taxes: Taxed::default(),
        };
        Self {
            lines: ids.into_iter().zip(&cart.lines).map(work).collect(),
            stale: Stale { amounts: false, shipping: false, known_lines: cart.lines.len() },
            cart,
            active: evaluation.active(),
            evaluation,
            discounts: Vec::new(),
            runners_up: Vec::new(),
            shipping_options: Vec::new(),
            shipping_tax: Taxed::default(),
            violations: Vec::new(),
            plugins: Vec::new(),
        }
    }

    /// Notes what facts said of lines that named only a sku.
    pub(crate) fn note_goods(&mut self, learned: Learned) {
        for (position, price_list) in learned.price_lists {
            if let Some(work) = self.lines.get_mut(position) {
                work.price_list = Some(price_list);
            }
        }
        self.violations.extend(learned.violations);
    }

    /// Whether a rule is active at this point. If so, brings the rules' copy of the cart up to date, for the call that
    /// now follows: changes that nobody reads cost nothing.
    pub(crate) fn prepare(&mut self, point: Points) -> Result<bool, Fault> {
        if !self.active.contains(point) {
            return Ok(false);
        }
        let new_lines = self.cart.lines.get(self.stale.known_lines..).unwrap_or_default();
        if !new_lines.is_empty() {
            self.evaluation.add_lines(new_lines)?;
            self.stale.known_lines = self.cart.lines.len();
        }
        if std::mem::take(&mut self.stale.amounts) {
            let amounts: Vec<LineAmount> =
                self.cart.lines.iter().map(|line| LineAmount { unit: line.unit, total: line.total }).collect();
            self.evaluation.set_amounts(&amounts)?;
        }
        if std::mem::take(&mut self.stale.shipping) {
            self.evaluation.set_shipping(self.cart.shipping.as_ref());
        }
        Ok(true)
    }

    /// The amounts of the lines have changed.
    pub(crate) fn touch_amounts(&mut self) {
        self.stale.amounts = true;
    }

    /// Puts the chosen shipping option, at a new price, into the cart.
    pub(crate) fn set_shipping(&mut self, shipping: ChosenShipping) {
        if self.cart.shipping.as_ref() != Some(&shipping) {
            self.cart.shipping = Some(shipping);
            self.stale.shipping = true;
        }
    }

    /// Lines as they are now, after the discounts given so far.
    pub(crate) fn goods(&self) -> Result<i64, Fault> {
        sum(self.cart.lines.iter().map(|line| line.total))
    }

    /// Notes that a plugin took part.
    pub(crate) fn note(&mut self, point: &str, source: Source, fault: Option<Fault>) {
        self.plugins.push(PluginOutcome { point: point.to_owned(), source, fault });
    }
}
