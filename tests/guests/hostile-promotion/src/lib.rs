//! A promotion that passes every upload check, and then does what its release's config says.
//!
//! Misdeeds of the program itself (endless loop, memory, stack, traps, logs) are in `misdeeds`; answers that no
//! honest promotion gives are in `lies`.

mod lies;
mod misdeeds;

use fondaco_sdk::prelude::*;

/// What a release configures.
#[derive(Config, Default)]
pub struct Settings {
    /// So many percent off each line; nothing where absent.
    percent: Option<Percent>,
    /// Instead of an honest answer.
    misdeed: Option<misdeeds::Misdeed>,
    /// Instead of an honest answer.
    lie: Option<lies::Lie>,
}

/// Percent off, unless it is told to misbehave.
#[plugin(promotion)]
pub fn hostile(cart: &Cart, settings: &Settings) -> Result<Vec<Operation>, Fault> {
    if let Some(misdeed) = &settings.misdeed {
        return misdeeds::commit(misdeed);
    }
    if let Some(lie) = &settings.lie {
        return Ok(lies::tell(lie, cart));
    }
    let Some(percent) = settings.percent else {
        return Ok(vec![]);
    };
    Ok(vec![Discount::percent(percent.0).on_lines(cart.indices()).message("percent off").into()])
}
