//! Naming lines by position: known ones, and none twice.

use crate::invalid::{Check, Invalid};
use crate::wit::{Cart, Line};

/// The line at `index`.
pub(crate) fn known(cart: &Cart, index: u32) -> Result<&Line, Invalid> {
    cart.lines.get(index as usize).ok_or_else(|| {
        let problem = format!("is {index}; the cart has {} lines, from 0", cart.lines.len());
        Invalid::new("UNKNOWN_LINE", "line", problem)
    })
}

/// `quantity` units can be taken of `line`.
pub(crate) fn quantity(quantity: u32, line: &Line) -> Check {
    if quantity == 0 {
        return Err(Invalid::new("ZERO_QUANTITY", "quantity", "is 0; 1 or more was expected"));
    }
    if quantity > line.quantity {
        let problem = format!("is {quantity}; the line has {}", line.quantity);
        return Err(Invalid::new("QUANTITY_ABOVE_LINE", "quantity", problem));
    }
    Ok(())
}

/// Remembers which lines were named: a bit each, for a cart of any size that passed its own check.
pub(crate) struct Seen(Vec<u64>);

impl Seen {
    pub(crate) fn of(cart: &Cart) -> Self {
        Self(vec![0; cart.lines.len().div_ceil(64)])
    }

    /// Notes a known line; an error when it was named before.
    pub(crate) fn once(&mut self, index: u32) -> Check {
        let bit = 1_u64 << (index % 64);
        let Some(word) = self.0.get_mut((index / 64) as usize) else {
            return Ok(());
        };
        if *word & bit != 0 {
            return Err(Invalid::new("DUPLICATE_LINE", "line", format!("is {index}, which was named before")));
        }
        *word |= bit;
        Ok(())
    }
}
