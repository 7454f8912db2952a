//! Loyalty: points per amount, more in higher tiers, and what they are worth.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct TieredPoints {
    /// What `points_per` and `worth` are in.
    currency: String,
    /// One point for so many minor units.
    points_per: i64,
    /// How long points wait before they may be spent: as long as goods may be sent back.
    pending_days: u32,
    /// How long they may be spent then.
    expire_days: u32,
    /// Extra points by tier, once an order.
    bonus: Map<u64>,
    /// What a point is worth, in minor units.
    worth: i64,
    /// The fewest points that may be spent at once.
    least_points: u64,
}

#[plugin(loyalty)]
impl Loyalty for TieredPoints {
    type Config = Self;

    fn earn(cart: &Cart, payable: i64, config: &Self) -> Result<Vec<Credit>, Fault> {
        let Some(standing) = cart.buyer().and_then(|buyer| buyer.standing.as_ref()) else { return Ok(vec![]) };
        if cart.context.currency != config.currency || config.points_per < 1 {
            return Ok(vec![]);
        }
        let multiplied = standing.multiplier.times(payable.max(0), Rounding::Floor)?;
        let points = u64::try_from(multiplied / config.points_per).unwrap_or(0);
        let bonus = config.bonus.get(&standing.tier).copied().unwrap_or(0);
        let credits = [(points, "Points for this order"), (bonus, "Bonus of your tier")];
        let given = credits.into_iter().filter(|(points, _)| *points > 0);
        Ok(given
            .map(|(points, reason)| {
                Credit::new(cart, "points", points, reason).after_days(config.pending_days).for_days(config.expire_days)
            })
            .collect())
    }

    fn burn(cart: &Cart, want: u64, config: &Self) -> Result<Option<Redemption>, Fault> {
        let Some(standing) = cart.buyer().and_then(|buyer| buyer.standing.as_ref()) else { return Ok(None) };
        if cart.context.currency != config.currency || config.worth < 1 {
            return Ok(None);
        }
        // Never more than the goods come to: a point that takes nothing off is not spent.
        let useful = u64::try_from(cart.subtotal() / config.worth).unwrap_or(0);
        let points = want.min(standing.points).min(useful);
        if points == 0 || points < config.least_points {
            return Ok(None);
        }
        let worth = i64::try_from(points).unwrap_or(i64::MAX).saturating_mul(config.worth);
        Ok(Some(Redemption::new(points, Money::new(worth, config.currency.as_str()), format!("{points} points spent"))))
    }
}

#[cfg(test)]
mod tests;
