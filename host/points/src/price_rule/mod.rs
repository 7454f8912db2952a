//! Price rules: each one prices the cart that the one before it left.

mod bindings;
mod check;

use wasmtime::component::Resource;

pub use bindings::exports::fondaco::plugin::price_rule::{Price, Prices, Rule};

use crate::crossing::CartRef;
use crate::evaluation::{Evaluation, Held};
use crate::function::Function;
use crate::invalid::Check;
use crate::point::Point;
use crate::wit::Cart;

/// `price-rule.evaluate`.
#[derive(Debug)]
pub struct Evaluate;

impl Function for Evaluate {
    const POINT: Point = Point::PriceRule;
    const NAME: &'static str = "evaluate";
    const PLURAL: &'static str = "fondaco:plugin/price-rules@1.0.0";

    type Args = ();
    type Params<'a> = (CartRef<'a>, &'a str);
    type Request = (Resource<Evaluation>,);
    type Answer = Prices;

    fn split((evaluation,): Self::Request) -> (Resource<Evaluation>, ()) {
        (evaluation, ())
    }

    fn params<'a>(cart: CartRef<'a>, (): &'a (), config: &'a str) -> Self::Params<'a> {
        (cart, config)
    }

    fn check(answer: &Prices, cart: &Cart, (): &()) -> Check {
        check::prices(answer, cart)
    }

    fn absorb(answer: &Prices, cart: &mut Held) {
        for price in &answer.prices {
            let quantity = cart.lines.get(price.line as usize).map_or(0, |line| line.quantity);
            cart.set_price(price.line as usize, price.unit, price.unit.saturating_mul(i64::from(quantity)));
        }
    }
}
