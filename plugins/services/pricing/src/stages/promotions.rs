//! Promotions: offers compete, codes get their answer, gifts go into the cart.

use fondaco_sdk::bindings::fondaco::plugin::promotion::{Gift, Operation};
use fondaco_sdk::bindings::fondaco::plugin::types::Line;
use fondaco_sdk::bindings::fondaco::types::faults::Fault;

use super::codes::{self, Answers};
use super::discounts::{Labelled, book, stack};
use crate::bindings::exports::fondaco::pricing::quotes::{CodeOutcome, PriceSource};
use crate::bindings::fondaco::plugin::evaluations::Points;
use crate::bindings::fondaco::plugin::promotions::Verdict;
use crate::desk::{Desk, LineWork, Taxed};
use crate::policy::Policy;
use crate::ports::{Clock, Evaluation};
use crate::stopwatch::Stopwatch;

/// Leaves discounts, runner-ups and gifts on the desk, and answers what became of the codes.
pub(crate) async fn run<E: Evaluation, C: Clock>(
    desk: &mut Desk<E>,
    policy: &Policy,
    watch: &mut Stopwatch<'_, C>,
) -> Result<Vec<CodeOutcome>, Fault> {
    if !desk.prepare(Points::PROMOTION)? {
        return Ok(codes::unknown(&desk.cart.codes));
    }
    let verdicts = desk.evaluation.promotions(&desk.cart).await?;
    watch.lap("promotions");
    let codes = settle(desk, policy, &verdicts)?;
    for verdict in verdicts {
        desk.note("promotion", verdict.source, verdict.outcome.err());
    }
    watch.lap("stacking");
    Ok(codes)
}

fn settle<E: Evaluation>(desk: &mut Desk<E>, policy: &Policy, verdicts: &[Verdict]) -> Result<Vec<CodeOutcome>, Fault> {
    let mut labelled = Labelled::default();
    let mut answers = Answers::default();
    for verdict in verdicts {
        let plugin = verdict.source.plugin.as_str();
        for operation in verdict.outcome.as_deref().unwrap_or_default() {
            match operation {
                Operation::Offer(offer) => {
                    labelled.add(plugin, offer, &desk.cart.context.currency)?;
                }
                Operation::AcceptCode(accepted) => answers.accepted.push((plugin, accepted)),
                Operation::RejectCode(rejected) => answers.rejected.push((plugin, rejected)),
                Operation::AddGift(gift) => add_gift(desk, plugin, gift),
            }
        }
    }
    let Labelled { offers, labels } = labelled;
    let outcome = stack(desk, policy.stacking(), &offers)?;
    book(desk, &outcome, &labels);
    Ok(codes::outcomes(&desk.cart.codes, &answers, &labels, &outcome))
}

/// Behind all other lines, so that positions that plugins named stay true.
fn add_gift<E>(desk: &mut Desk<E>, plugin: &str, gift: &Gift) {
    let price = PriceSource { plugin: plugin.to_owned(), rule: "gift".to_owned(), reasons: vec![gift.message.clone()] };
    desk.lines.push(LineWork {
        id: gift_id(&desk.lines),
        base_unit: 0,
        price_list: None,
        price: Some(price),
        subtotal: 0,
        shares: Vec::new(),
        taxes: Taxed::default(),
    });
    desk.cart.lines.push(Line {
        sku: gift.sku.clone(),
        product: gift.product.clone(),
        category: String::new(),
        tags: Vec::new(),
        attributes: Vec::new(),
        quantity: gift.quantity,
        unit: 0,
        compare_at: None,
        total: 0,
        grams: 0,
        tax_category: String::new(),
        requires_shipping: true,
        gift: true,
        candidates: Vec::new(),
    });
}

/// `gift-1`, `gift-2`, … past those that the request has used itself.
fn gift_id(lines: &[LineWork]) -> String {
    let free = |number: &usize| !lines.iter().any(|line| line.id == format!("gift-{number}"));
    let number = (1..=lines.len() + 1).find(free).unwrap_or_default();
    format!("gift-{number}")
}
