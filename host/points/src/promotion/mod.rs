//! Promotions: offers of discounts, answers to codes, gifts.

mod bindings;
mod check;

use wasmtime::component::Resource;

pub use bindings::exports::fondaco::plugin::promotion::{
    AcceptedCode, Discount, DiscountClass, FixedValue, Gift, LineTarget, Offer, Operation, RejectedCode, Selection,
    Target, Value,
};

use crate::crossing::CartRef;
use crate::evaluation::Evaluation;
use crate::function::Function;
use crate::invalid::Check;
use crate::point::Point;
use crate::wit::Cart;

/// `promotion.evaluate`.
#[derive(Debug)]
pub struct Evaluate;

impl Function for Evaluate {
    const POINT: Point = Point::Promotion;
    const NAME: &'static str = "evaluate";
    const PLURAL: &'static str = "fondaco:plugin/promotions@1.0.0";

    type Args = ();
    type Params<'a> = (CartRef<'a>, &'a str);
    type Request = (Resource<Evaluation>,);
    type Answer = Vec<Operation>;

    fn split((evaluation,): Self::Request) -> (Resource<Evaluation>, ()) {
        (evaluation, ())
    }

    fn params<'a>(cart: CartRef<'a>, (): &'a (), config: &'a str) -> Self::Params<'a> {
        (cart, config)
    }

    fn check(answer: &Vec<Operation>, cart: &Cart, (): &()) -> Check {
        check::operations(answer, cart)
    }
}
