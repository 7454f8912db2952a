//! Taxes: which ones apply to which item.

mod bindings;
mod check;

use wasmtime::component::Resource;

pub use bindings::exports::fondaco::plugin::tax::{Item, ItemTax, Part, Taxable, Taxables, Taxation};

use crate::crossing::CartRef;
use crate::evaluation::Evaluation;
use crate::function::Function;
use crate::invalid::Check;
use crate::point::Point;
use crate::wit::Cart;

/// `tax.assess`.
#[derive(Debug)]
pub struct Assess;

impl Function for Assess {
    const POINT: Point = Point::Tax;
    const NAME: &'static str = "assess";
    const PLURAL: &'static str = "fondaco:plugin/taxes@1.0.0";

    type Args = Taxables;
    type Params<'a> = (CartRef<'a>, &'a Taxables, &'a str);
    type Request = (Resource<Evaluation>, Taxables);
    type Answer = Taxation;

    fn split((evaluation, taxables): Self::Request) -> (Resource<Evaluation>, Taxables) {
        (evaluation, taxables)
    }

    fn params<'a>(cart: CartRef<'a>, taxables: &'a Taxables, config: &'a str) -> Self::Params<'a> {
        (cart, taxables, config)
    }

    fn check(answer: &Taxation, cart: &Cart, taxables: &Taxables) -> Check {
        check::taxation(answer, cart, taxables)
    }
}
