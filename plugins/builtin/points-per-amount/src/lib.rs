//! Built-in loyalty: points per amount, multiplied by the buyer's tier; a point is worth so much.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct PointsPerAmount {
    /// What `points_per` and `worth` are in.
    currency: String,
    /// One point for so many minor units.
    points_per: i64,
    /// What a point is worth, in minor units; points can't be spent where absent.
    worth: Option<i64>,
}

#[plugin(loyalty)]
impl Loyalty for PointsPerAmount {
    type Config = Self;

    fn earn(cart: &Cart, payable: i64, config: &Self) -> Result<Vec<Credit>, Fault> {
        let Some(standing) = cart.buyer().and_then(|buyer| buyer.standing.as_ref()) else { return Ok(vec![]) };
        if cart.context.currency != config.currency || config.points_per < 1 {
            return Ok(vec![]);
        }
        let multiplied = standing.multiplier.times(payable.max(0), Rounding::Floor)?;
        let points = u64::try_from(multiplied / config.points_per).unwrap_or(0);
        if points == 0 { Ok(vec![]) } else { Ok(vec![Credit::new(cart, "points", points, "Points for this order")]) }
    }

    fn burn(cart: &Cart, want: u64, config: &Self) -> Result<Option<Redemption>, Fault> {
        let Some(standing) = cart.buyer().and_then(|buyer| buyer.standing.as_ref()) else { return Ok(None) };
        let Some(worth) = config.worth.filter(|worth| *worth > 0 && cart.context.currency == config.currency) else {
            return Ok(None);
        };
        let useful = u64::try_from(cart.subtotal() / worth).unwrap_or(0);
        let points = want.min(standing.points).min(useful);
        if points == 0 {
            return Ok(None);
        }
        let off = i64::try_from(points).unwrap_or(i64::MAX).saturating_mul(worth);
        Ok(Some(Redemption::new(points, Money::new(off, config.currency.as_str()), format!("{points} points spent"))))
    }
}

#[cfg(test)]
mod tests;
