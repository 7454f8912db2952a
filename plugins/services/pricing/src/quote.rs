//! The life of a quote, from top to bottom.

use fondaco_sdk::bindings::fondaco::plugin::types::{Buyer, Cart, Standing};
use fondaco_sdk::bindings::fondaco::types::faults::Fault;

use crate::answer;
use crate::bindings::exports::fondaco::pricing::quotes::{PricedCart, Request};
use crate::desk::Desk;
use crate::goods;
use crate::intake::{self, Intake};
use crate::policy::Policy;
use crate::ports::{Clock, Facts, Rules};
use crate::stages::{points, prices, promotions, shipping, taxes, validations};
use crate::stopwatch::Stopwatch;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant whose store it is.
    pub tenant: String,
    /// The id of the host's request, for requests that bring none of their own.
    pub request_id: String,
}

/// Prices a cart.
///
/// A pure function of the request (with its `request-id` and `now-ms`), the policy, the facts and the rules: the same
/// again gives the same answer to the byte, but for `timings`.
pub async fn quote<R: Rules, F: Facts, C: Clock>(
    request: Request,
    caller: Caller,
    policy: &Policy,
    rules: &R,
    facts: &F,
    clock: &C,
) -> Result<PricedCart, Fault> {
    let mut watch = Stopwatch::start(clock, request.timings.unwrap_or(false));
    let mut intake = intake::accept(request, caller, || clock.now_ms())?;
    watch.lap("request");
    learn_standing(intake.context.buyer.as_mut(), facts).await?;
    let learned = goods::learn(&mut intake, policy, facts).await?;
    let Intake { context, lines, ids, codes, destination, shipping, spend_points, step } = intake;
    let cart = Cart { context, lines: intake::enter(lines)?, codes, destination, shipping: None };
    watch.lap("facts");
    let evaluation = rules.open(&cart).await?;
    let mut desk = Desk::new(cart, ids, evaluation);
    desk.note_goods(learned);
    watch.lap("open");
    prices::run(&mut desk).await?;
    watch.lap("price-rules");
    shipping::run(&mut desk, shipping.as_deref(), facts).await?;
    watch.lap("shipping");
    let codes = promotions::run(&mut desk, policy, &mut watch).await?;
    let spent = points::burn(&mut desk, policy, spend_points).await?;
    watch.lap("loyalty-burn");
    taxes::run(&mut desk, policy).await?;
    watch.lap("taxes");
    let earn = points::earn(&mut desk).await?;
    watch.lap("loyalty-earn");
    validations::run(&mut desk, step).await?;
    watch.lap("validations");
    let mut priced = answer::compose(desk, policy, codes, earn, spent)?;
    watch.lap("answer");
    priced.timings = watch.stop();
    Ok(priced)
}

/// The standing is part of the cart that rules see, so it is asked for before the cart is handed over.
async fn learn_standing(buyer: Option<&mut Buyer>, facts: &impl Facts) -> Result<(), Fault> {
    let Some(buyer) = buyer else {
        return Ok(());
    };
    let account = facts.standing(&buyer.id).await?;
    buyer.standing =
        account.map(|account| Standing { tier: account.tier, multiplier: account.multiplier, points: account.points });
    Ok(())
}
