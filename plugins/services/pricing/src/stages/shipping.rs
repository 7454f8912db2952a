//! Shipping: where to, in which parcels, at which rates, and which of them was chosen.

use fondaco_sdk::bindings::fondaco::plugin::shipping_rate::{Parcel, Rate, Shipment};
use fondaco_sdk::bindings::fondaco::plugin::types::{Address, Cart, ChosenShipping};
use fondaco_sdk::bindings::fondaco::types::faults::Fault;

use crate::bindings::exports::fondaco::pricing::quotes::{QuoteViolation, ShippingOption, ViolationSubject};
use crate::bindings::fondaco::plugin::evaluations::Points;
use crate::bindings::fondaco::shipping::zones;
use crate::desk::Desk;
use crate::faults::bad_verdict;
use crate::ports::{Evaluation, Facts};

/// What the shipping service says where a store can't ship a cart. That is no error of the quote, but something that the
/// buyer must mend: the rest of the quote stands.
const CANNOT_SHIP: [&str; 3] = ["NO_ZONE", "TOO_HEAVY", "TOO_MANY_PARCELS"];

pub(crate) async fn run<E: Evaluation>(
    desk: &mut Desk<E>,
    chosen: Option<&str>,
    facts: &impl Facts,
) -> Result<(), Fault> {
    if let Some(request) = to_ship(&desk.cart)
        && desk.prepare(Points::SHIPPING_RATE)?
    {
        match facts.zone(&request).await {
            Ok(resolution) => offer(desk, shipment(resolution)).await?,
            Err(fault) if CANNOT_SHIP.contains(&fault.reason.as_str()) => {
                desk.violations.push(cannot_ship(fault));
            }
            Err(fault) => return Err(fault),
        }
    }
    if let Some(code) = chosen {
        choose(desk, code);
    }
    Ok(())
}

/// What is to be shipped where, if anything is.
fn to_ship(cart: &Cart) -> Option<zones::Request> {
    let Address { country, region, postal_code, .. } = cart.destination.as_ref()?;
    let items: Vec<zones::Item> = (0..)
        .zip(&cart.lines)
        .filter(|(_, line)| line.requires_shipping)
        .map(|(index, line)| zones::Item { line: index, quantity: line.quantity, grams: line.grams })
        .collect();
    if items.is_empty() {
        return None;
    }
    Some(zones::Request { country: country.clone(), region: region.clone(), postal_code: postal_code.clone(), items })
}

fn shipment(resolution: zones::Resolution) -> Shipment {
    let parcel = |parcel: zones::Parcel| Parcel { grams: parcel.grams, lines: parcel.lines };
    Shipment { zone: resolution.zone, parcels: resolution.parcels.into_iter().map(parcel).collect() }
}

async fn offer<E: Evaluation>(desk: &mut Desk<E>, shipment: Shipment) -> Result<(), Fault> {
    let verdicts = desk.evaluation.shipping_rates(&desk.cart, &shipment).await?;
    for verdict in verdicts {
        let fault = match verdict.outcome {
            Ok(rates) => {
                for rate in rates {
                    let option = option(rate, &verdict.source.plugin, &desk.cart.context.currency)?;
                    desk.shipping_options.push(option);
                }
                None
            }
            Err(fault) => Some(fault),
        };
        desk.note("shipping-rate", verdict.source, fault);
    }
    // By name too, so that equal prices do not stand in the order of releases.
    desk.shipping_options
        .sort_by(|a, b| a.price.cmp(&b.price).then_with(|| a.plugin.cmp(&b.plugin)).then_with(|| a.code.cmp(&b.code)));
    Ok(())
}

fn option(rate: Rate, plugin: &str, currency: &str) -> Result<ShippingOption, Fault> {
    if rate.price.currency != currency || rate.price.minor < 0 {
        return Err(bad_verdict(plugin, format!("rate {} must be 0 or more {currency}", rate.code)));
    }
    Ok(ShippingOption {
        plugin: plugin.to_owned(),
        code: rate.code,
        title: rate.title,
        price: rate.price.minor,
        min_days: rate.min_days,
        max_days: rate.max_days,
        reasons: rate.reasons,
    })
}

/// Where two plugins offer one code, the cheaper is chosen: options are sorted by price.
fn choose<E: Evaluation>(desk: &mut Desk<E>, code: &str) {
    let Some(option) = desk.shipping_options.iter().find(|option| option.code == code) else {
        desk.violations.push(not_offered(code));
        return;
    };
    let price = option.price;
    desk.set_shipping(ChosenShipping { code: code.to_owned(), price, total: price });
}

fn cannot_ship(fault: Fault) -> QuoteViolation {
    let subject = if fault.reason == "NO_ZONE" {
        ViolationSubject::Address("country".to_owned())
    } else {
        ViolationSubject::Cart
    };
    QuoteViolation {
        plugin: "shipping".to_owned(),
        subject,
        blocking: true,
        code: fault.reason,
        message: fault.message,
    }
}

fn not_offered(code: &str) -> QuoteViolation {
    QuoteViolation {
        plugin: "pricing".to_owned(),
        subject: ViolationSubject::Cart,
        blocking: true,
        code: "SHIPPING_NOT_OFFERED".to_owned(),
        message: format!("The shipping option {code} is not offered for this cart and destination."),
    }
}
