//! Shipping rates: the options that a buyer may choose from.

mod bindings;
mod check;

use wasmtime::component::Resource;

pub use bindings::exports::fondaco::plugin::shipping_rate::{Parcel, Rate, Shipment};

use crate::crossing::CartRef;
use crate::evaluation::Evaluation;
use crate::function::Function;
use crate::invalid::Check;
use crate::point::Point;
use crate::wit::Cart;

/// `shipping-rate.rates`.
#[derive(Debug)]
pub struct Rates;

impl Function for Rates {
    const POINT: Point = Point::ShippingRate;
    const NAME: &'static str = "rates";
    const PLURAL: &'static str = "fondaco:plugin/shipping-rates@1.0.0";

    type Args = Shipment;
    type Params<'a> = (CartRef<'a>, &'a Shipment, &'a str);
    type Request = (Resource<Evaluation>, Shipment);
    type Answer = Vec<Rate>;

    fn split((evaluation, shipment): Self::Request) -> (Resource<Evaluation>, Shipment) {
        (evaluation, shipment)
    }

    fn params<'a>(cart: CartRef<'a>, shipment: &'a Shipment, config: &'a str) -> Self::Params<'a> {
        (cart, shipment, config)
    }

    fn check(answer: &Vec<Rate>, cart: &Cart, _shipment: &Shipment) -> Check {
        check::rates(answer, cart)
    }
}
