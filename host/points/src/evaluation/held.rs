//! A cart that plugins run over.

use std::ops::Deref;
use std::sync::OnceLock;

use crate::crossing::Packed;
use crate::wit::{Cart, ChosenShipping, Line};

/// A cart and, once a plugin has asked for it, how it crosses into plugins. Whatever changes it goes through here, so that
/// the two agree.
#[derive(Debug, Clone)]
pub struct Held {
    cart: Cart,
    packed: OnceLock<Option<Packed>>,
}

impl From<Cart> for Held {
    fn from(cart: Cart) -> Self {
        Self { cart, packed: OnceLock::new() }
    }
}

impl Deref for Held {
    type Target = Cart;

    fn deref(&self) -> &Cart {
        &self.cart
    }
}

impl Held {
    /// The cart in one piece. Prices in it may be old, and the shipping is not in it: both are taken from the cart when it
    /// crosses.
    pub(crate) fn packed(&self) -> Option<&Packed> {
        self.packed.get_or_init(|| Packed::of(&self.cart)).as_ref()
    }

    /// What a line costs from now on; nothing where there is no such line.
    pub(crate) fn set_price(&mut self, line: usize, unit: i64, total: i64) {
        if let Some(line) = self.cart.lines.get_mut(line) {
            line.unit = unit;
            line.total = total;
        }
    }

    /// More lines behind the others.
    pub(crate) fn add_lines(&mut self, lines: Vec<Line>) {
        self.cart.lines.extend(lines);
        self.packed = OnceLock::new();
    }

    /// The chosen shipping option.
    pub(crate) fn set_shipping(&mut self, shipping: Option<ChosenShipping>) {
        self.cart.shipping = shipping;
    }
}
