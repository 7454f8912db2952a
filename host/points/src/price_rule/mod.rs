//! Price rules: each one prices the cart that the one before it left.

mod bindings;
mod check;

use wasmtime::component::Resource;

pub use bindings::exports::fondaco::plugin::price_rule::{Price, Prices, Rule};

use crate::crossing::CartRef;
use crate::evaluation::Evaluation;
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

    fn params<'a>(cart: &'a Cart, (): &'a (), config: &'a str) -> Self::Params<'a> {
        (cart.into(), config)
    }

    fn check(answer: &Prices, cart: &Cart, (): &()) -> Check {
        check::prices(answer, cart)
    }

    fn absorb(answer: &Prices, cart: &mut Cart) {
        for price in &answer.prices {
            if let Some(line) = cart.lines.get_mut(price.line as usize) {
                line.unit = price.unit;
                line.total = price.unit.saturating_mul(i64::from(line.quantity));
            }
        }
    }
}
