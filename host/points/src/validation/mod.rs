//! Validation: what stops a buyer, and what only warns.

mod bindings;
mod check;

use wasmtime::component::Resource;

pub use bindings::exports::fondaco::plugin::validation::{Step, Subject, Violation};

use crate::crossing::CartRef;
use crate::evaluation::Evaluation;
use crate::function::Function;
use crate::invalid;
use crate::point::Point;
use crate::wit::Cart;

/// `validation.check`.
#[derive(Debug)]
pub struct Check;

impl Function for Check {
    const POINT: Point = Point::Validation;
    const NAME: &'static str = "check";
    const PLURAL: &'static str = "fondaco:plugin/validations@1.0.0";

    type Args = Step;
    type Params<'a> = (CartRef<'a>, Step, &'a str);
    type Request = (Resource<Evaluation>, Step);
    type Answer = Vec<Violation>;

    fn split((evaluation, step): Self::Request) -> (Resource<Evaluation>, Step) {
        (evaluation, step)
    }

    fn params<'a>(cart: CartRef<'a>, step: &'a Step, config: &'a str) -> Self::Params<'a> {
        (cart, *step, config)
    }

    fn check(answer: &Vec<Violation>, cart: &Cart, _step: &Step) -> invalid::Check {
        check::violations(answer, cart)
    }
}
