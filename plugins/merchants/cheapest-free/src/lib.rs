//! A promotion: of every so many items with a tag, the cheapest is free.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct CheapestFree {
    /// What the buyer reads.
    name: String,
    /// The tag that the items bear.
    tag: String,
    /// One of so many is free.
    of: u32,
}

/// With 7 items of "3 for 2" the two cheapest are free. Quantities stay numbers: nothing is expanded into units.
#[plugin(promotion)]
fn cheapest_free(cart: &Cart, config: &CheapestFree) -> Result<Vec<Operation>, Fault> {
    if config.of < 2 {
        bail!("INVALID_CONFIG", "`of` must be 2 or more, so that something is paid");
    }
    let mut lines: Vec<_> = cart.items().filter(|(_, line)| line.has_tag(&config.tag)).collect();
    let units: u64 = lines.iter().map(|(_, line)| u64::from(line.quantity)).sum();
    let mut free = units / u64::from(config.of);
    if free == 0 {
        return Ok(vec![]);
    }
    lines.sort_by_key(|(index, line)| (line.unit, *index));
    let mut off = Discount::free().message(config.name.as_str());
    for (index, line) in lines {
        let here = free.min(u64::from(line.quantity));
        if here == 0 {
            break;
        }
        off = off.on_units(index, u32::try_from(here).unwrap_or(line.quantity));
        free -= here;
    }
    Ok(vec![off.into()])
}

#[cfg(test)]
mod tests;
