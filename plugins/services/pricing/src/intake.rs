//! From a request to a cart: what is absent is filled in, what is out of bounds is refused with its path. Strings move,
//! they are not copied.
//!
//! In two steps, since lines may name a sku and no price: [`accept`] takes a request apart, and when facts have told
//! what such a line lacks, [`enter`] makes the cart's lines.

mod bounds;
mod lines;

use fondaco_commerce::money::Currency;
use fondaco_sdk::bindings::fondaco::plugin::types::{Address, Buyer, Context};
use fondaco_sdk::bindings::fondaco::plugin::validation::Step;
use fondaco_sdk::bindings::fondaco::types::faults::Fault;

use crate::Caller;
use crate::bindings::exports::fondaco::pricing::quotes;
use crate::faults::invalid;
use bounds::{at_most, country_code, filled, not_negative};

pub(crate) use lines::enter;

/// A request, taken apart.
pub(crate) struct Intake {
    /// Who asks, where and when.
    pub(crate) context: Context,
    /// The lines as they came, within their bounds.
    pub(crate) lines: Vec<quotes::Line>,
    /// The lines' ids, in their order.
    pub(crate) ids: Vec<String>,
    /// Codes, upper-cased, each once.
    pub(crate) codes: Vec<String>,
    /// Where the goods go.
    pub(crate) destination: Option<Address>,
    /// The code of the chosen shipping option.
    pub(crate) shipping: Option<String>,
    /// Points that the buyer wants to spend.
    pub(crate) spend_points: u64,
    /// How far the buyer has come.
    pub(crate) step: Step,
}

/// Takes a request apart. `now` is asked for the time only where the request gives none.
pub(crate) fn accept(request: quotes::Request, caller: Caller, now: impl FnOnce() -> u64) -> Result<Intake, Fault> {
    let destination = request.destination.map(destination).transpose()?;
    let country = match request.country {
        Some(country) => Some(country_code(country, "country")?),
        None => destination.as_ref().map(|address| address.country.clone()),
    };
    let context = Context {
        request_id: text_or(request.request_id, caller.request_id, "requestId", 128)?,
        store: caller.tenant,
        channel: text_or(request.channel, "web", "channel", 64)?,
        currency: currency(request.currency)?,
        country,
        locale: text_or(request.locale, "en", "locale", 35)?,
        now_ms: request.now_ms.unwrap_or_else(now),
        utc_offset_minutes: utc_offset(request.utc_offset_minutes.unwrap_or(0))?,
        buyer: request.buyer.map(buyer).transpose()?,
    };
    let (lines, ids) = lines::accept(request.lines)?;
    let codes = codes(request.codes.unwrap_or_default())?;
    if let Some(code) = &request.shipping {
        filled(code, 64, || "shipping".to_owned())?;
    }
    Ok(Intake {
        context,
        lines,
        ids,
        codes,
        destination,
        shipping: request.shipping,
        spend_points: request.spend_points.unwrap_or(0),
        step: request.step.unwrap_or(Step::Cart),
    })
}

fn text_or(text: Option<String>, otherwise: impl Into<String>, path: &str, most: usize) -> Result<String, Fault> {
    let Some(text) = text else {
        return Ok(otherwise.into());
    };
    filled(&text, most, || path.to_owned())?;
    Ok(text)
}

fn currency(code: String) -> Result<String, Fault> {
    match Currency::from_code(&code) {
        Ok(_) => Ok(code),
        Err(_) => Err(invalid("currency".to_owned(), "an upper-case ISO 4217 code such as EUR", code)),
    }
}

fn utc_offset(minutes: i16) -> Result<i16, Fault> {
    if (-720..=840).contains(&minutes) {
        return Ok(minutes);
    }
    Err(invalid("utcOffsetMinutes".to_owned(), "-720 to 840", minutes))
}

fn buyer(buyer: quotes::Buyer) -> Result<Buyer, Fault> {
    filled(&buyer.id, 128, || "buyer.id".to_owned())?;
    let groups = buyer.groups.unwrap_or_default();
    at_most(groups.len(), 32, || "buyer.groups".to_owned())?;
    let spent = buyer.spent.unwrap_or(0);
    not_negative(spent, || "buyer.spent".to_owned())?;
    Ok(Buyer { id: buyer.id, groups, orders: buyer.orders.unwrap_or(0), spent, standing: None })
}

fn destination(address: Address) -> Result<Address, Fault> {
    at_most(address.street.len(), 4, || "destination.street".to_owned())?;
    let country = country_code(address.country, "destination.country")?;
    Ok(Address { country, ..address })
}

/// Upper-cased, without surrounding space, each once.
fn codes(entered: Vec<String>) -> Result<Vec<String>, Fault> {
    at_most(entered.len(), 16, || "codes".to_owned())?;
    let mut codes: Vec<String> = Vec::with_capacity(entered.len());
    for (position, code) in entered.into_iter().enumerate() {
        let code = code.trim().to_uppercase();
        filled(&code, 128, || format!("codes[{position}]"))?;
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    Ok(codes)
}
