//! Loyalty: points earned, what points are worth, and points that go back.

mod bindings;
mod check;

use wasmtime::component::Resource;

pub use bindings::exports::fondaco::plugin::loyalty::{Credit, Redemption, Returned};

use crate::crossing::CartRef;
use crate::evaluation::Evaluation;
use crate::function::Function;
use crate::invalid::Check;
use crate::point::Point;
use crate::wit::Cart;

const PLURAL: &str = "fondaco:plugin/loyalties@1.0.0";

/// `loyalty.earn`.
#[derive(Debug)]
pub struct Earn;

impl Function for Earn {
    const POINT: Point = Point::Loyalty;
    const NAME: &'static str = "earn";
    const PLURAL: &'static str = PLURAL;

    /// What is paid for goods.
    type Args = i64;
    type Params<'a> = (CartRef<'a>, i64, &'a str);
    type Request = (Resource<Evaluation>, i64);
    type Answer = Vec<Credit>;

    fn split((evaluation, payable): Self::Request) -> (Resource<Evaluation>, i64) {
        (evaluation, payable)
    }

    fn params<'a>(cart: CartRef<'a>, payable: &'a i64, config: &'a str) -> Self::Params<'a> {
        (cart, *payable, config)
    }

    fn check(answer: &Vec<Credit>, _cart: &Cart, _payable: &i64) -> Check {
        check::credits(answer)
    }
}

/// `loyalty.burn`.
#[derive(Debug)]
pub struct Burn;

impl Function for Burn {
    const POINT: Point = Point::Loyalty;
    const NAME: &'static str = "burn";
    const ORDINAL: usize = 1;
    const PLURAL: &'static str = PLURAL;

    /// How many points the buyer wants to spend.
    type Args = u64;
    type Params<'a> = (CartRef<'a>, u64, &'a str);
    type Request = (Resource<Evaluation>, u64);
    type Answer = Option<Redemption>;

    fn split((evaluation, want): Self::Request) -> (Resource<Evaluation>, u64) {
        (evaluation, want)
    }

    fn params<'a>(cart: CartRef<'a>, want: &'a u64, config: &'a str) -> Self::Params<'a> {
        (cart, *want, config)
    }

    fn check(answer: &Option<Redemption>, cart: &Cart, want: &u64) -> Check {
        answer.as_ref().map_or(Ok(()), |redemption| check::redemption(redemption, cart, *want))
    }
}

/// `loyalty.reverse`.
#[derive(Debug)]
pub struct Reverse;

/// What came back, and what had been given.
#[derive(Debug)]
pub struct Return {
    /// The credits that the order had earned.
    pub credits: Vec<Credit>,
    /// The units that come back.
    pub returned: Vec<Returned>,
}

impl Function for Reverse {
    const POINT: Point = Point::Loyalty;
    const NAME: &'static str = "reverse";
    const ORDINAL: usize = 2;
    const PLURAL: &'static str = PLURAL;

    type Args = Return;
    type Params<'a> = (CartRef<'a>, &'a [Credit], &'a [Returned], &'a str);
    type Request = (Resource<Evaluation>, Vec<Credit>, Vec<Returned>);
    type Answer = Vec<Credit>;

    fn split((evaluation, credits, returned): Self::Request) -> (Resource<Evaluation>, Return) {
        (evaluation, Return { credits, returned })
    }

    fn params<'a>(cart: CartRef<'a>, what: &'a Return, config: &'a str) -> Self::Params<'a> {
        (cart, &what.credits, &what.returned, config)
    }

    fn check(answer: &Vec<Credit>, _cart: &Cart, what: &Return) -> Check {
        check::reversal(answer, &what.credits)
    }
}
