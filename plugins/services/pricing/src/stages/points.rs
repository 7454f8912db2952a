//! Loyalty points: what spending them takes off, and what the cart earns.

use fondaco_commerce::rounding::Rounding;
use fondaco_commerce::stacking::{self, LanePolicy, Selection, Terms, Value};
use fondaco_sdk::bindings::fondaco::plugin::loyalty::{Credit, Redemption};
use fondaco_sdk::bindings::fondaco::types::faults::Fault;

use super::discounts::{Label, Labelled, book, stack};
use crate::bindings::fondaco::plugin::evaluations::Points;
use crate::desk::Desk;
use crate::faults::{bad_verdict, sum};
use crate::policy::Policy;
use crate::ports::Evaluation;

/// Points spent, and what they take off.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) points: u64,
    pub(crate) worth: i64,
}

/// Points come last among discounts, so their lane has the highest number.
const LANE: u8 = u8::MAX;

/// Spends points: at most as many as the buyer wants and has. What they are worth comes off the order.
pub(crate) async fn burn<E: Evaluation>(desk: &mut Desk<E>, policy: &Policy, want: u64) -> Result<Spent, Fault> {
    let standing = desk.cart.context.buyer.as_ref().and_then(|buyer| buyer.standing.as_ref());
    let want = want.min(standing.map_or(0, |standing| standing.points));
    if want == 0 || !desk.prepare(Points::LOYALTY)? {
        return Ok(Spent::default());
    }
    let verdicts = desk.evaluation.burn(&desk.cart, want).await?;
    let mut redemptions = Vec::with_capacity(verdicts.len());
    let mut left = want;
    for verdict in &verdicts {
        let Ok(Some(redemption)) = &verdict.outcome else {
            continue;
        };
        check(redemption, &desk.cart.context.currency)
            .map_err(|problem| bad_verdict(&verdict.source.plugin, problem))?;
        // Each plugin was asked about all points; together they can't have more.
        if redemption.points <= left {
            left -= redemption.points;
            redemptions.push((verdict.source.plugin.as_str(), redemption));
        }
    }
    let spent = redeem(desk, policy, &redemptions)?;
    for verdict in verdicts {
        desk.note("loyalty", verdict.source, verdict.outcome.err());
    }
    Ok(spent)
}

fn check(redemption: &Redemption, currency: &str) -> Result<(), String> {
    if redemption.worth.currency == currency && redemption.worth.minor >= 0 {
        return Ok(());
    }
    Err(format!("what points are worth must be 0 or more {currency}"))
}

fn redeem<E: Evaluation>(
    desk: &mut Desk<E>,
    policy: &Policy,
    redemptions: &[(&str, &Redemption)],
) -> Result<Spent, Fault> {
    let mut labelled = Labelled::default();
    for (plugin, redemption) in redemptions {
        labelled.offers.offer(plugin, Selection::All);
        labelled.offers.order_discount(Terms::new(Value::FixedOnce(redemption.worth.minor)).lane(LANE), []);
        labelled.labels.push(Label { plugin, message: &redemption.message, code: None });
    }
    // Redemptions do not compete: each has its own points.
    let policy = stacking::Policy { lanes: LanePolicy::Stack, ..policy.stacking() };
    let outcome = stack(desk, policy, &labelled.offers)?;
    book(desk, &outcome, &labelled.labels);
    let mut spent = Spent::default();
    for given in outcome.given() {
        let Some((_, redemption)) = redemptions.get(given.discount.index()) else {
            continue;
        };
        spent.points = spent.points.saturating_add(points_for(redemption, given.amount));
        spent.worth = sum([spent.worth, given.amount])?;
    }
    Ok(spent)
}

/// Where the goods come to less than the points are worth, only the points are taken that it needs; a part of a point
/// is taken whole.
fn points_for(redemption: &Redemption, amount: i64) -> u64 {
    let needed = Rounding::Ceiling
        .divide(i128::from(redemption.points) * i128::from(amount), i128::from(redemption.worth.minor));
    needed.and_then(|points| u64::try_from(points).ok()).unwrap_or(redemption.points).min(redemption.points)
}

/// What paying for the goods earns.
pub(crate) async fn earn<E: Evaluation>(desk: &mut Desk<E>) -> Result<Vec<Credit>, Fault> {
    if !desk.prepare(Points::LOYALTY)? {
        return Ok(Vec::new());
    }
    let payable = desk.goods()?;
    let verdicts = desk.evaluation.earn(&desk.cart, payable).await?;
    let mut credits = Vec::new();
    for verdict in verdicts {
        let fault = match verdict.outcome {
            Ok(earned) => {
                credits.extend(earned);
                None
            }
            Err(fault) => Some(fault),
        };
        desk.note("loyalty", verdict.source, fault);
    }
    Ok(credits)
}
