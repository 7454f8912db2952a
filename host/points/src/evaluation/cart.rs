//! The bounds of `types.cart`. Plugins rely on them, so they are checked where a cart comes in, whoever sends it.

use crate::invalid::{At, Check, Invalid, MAX_ID, MAX_SCALE, amount, count, name, text};
use crate::wit::{Address, Buyer, Cart, ChosenShipping, Context, Line, PriceCandidate};

/// Lines that a cart may come with.
const MAX_LINES: usize = 500;
/// Lines that it may have once gifts were added.
const MAX_LINES_WITH_GIFTS: usize = 1_000;
/// Units of one line.
const MAX_QUANTITY: u32 = 1_000_000;
const MAX_ENTRIES: usize = 32;
const MAX_ATTRIBUTES: usize = 16;
const MAX_VALUE: usize = 1_024;

/// Whether `cart` is within bounds. The path in the error begins at the cart: `lines[3].quantity`.
pub(super) fn check(cart: &Cart) -> Check {
    context(&cart.context).at(|| "context".into())?;
    if cart.lines.is_empty() {
        return Err(Invalid::new("NO_LINES", "lines", "is empty; 1 or more lines were expected"));
    }
    count(cart.lines.len(), MAX_LINES, "TOO_MANY_LINES").at(|| "lines".into())?;
    lines(&cart.lines, 0)?;
    count(cart.codes.len(), 16, "TOO_MANY_CODES").at(|| "codes".into())?;
    for (index, code) in cart.codes.iter().enumerate() {
        name(code, MAX_ID).at(|| format!("codes[{index}]"))?;
    }
    cart.destination.as_ref().map_or(Ok(()), |to| address(to).at(|| "destination".into()))?;
    cart.shipping.as_ref().map_or(Ok(()), |chosen| shipping(chosen).at(|| "shipping".into()))
}

/// Whether `more` lines may stand behind those of `cart`.
pub(super) fn check_more(cart: &Cart, more: &[Line]) -> Check {
    count(cart.lines.len() + more.len(), MAX_LINES_WITH_GIFTS, "TOO_MANY_LINES").at(|| "lines".into())?;
    lines(more, cart.lines.len())
}

fn context(context: &Context) -> Check {
    name(&context.request_id, 128).at(|| "requestId".into())?;
    text(&context.store, MAX_ID).at(|| "store".into())?;
    text(&context.channel, 64).at(|| "channel".into())?;
    letters(&context.currency, 3, "INVALID_CURRENCY").at(|| "currency".into())?;
    if let Some(code) = &context.country {
        letters(code, 2, "INVALID_COUNTRY").at(|| "country".into())?;
    }
    text(&context.locale, 64).at(|| "locale".into())?;
    if !(-720..=840).contains(&context.utc_offset_minutes) {
        let problem = format!("is {}; -720 to 840 was expected", context.utc_offset_minutes);
        return Err(Invalid::new("OFFSET_OUT_OF_RANGE", "utcOffsetMinutes", problem));
    }
    context.buyer.as_ref().map_or(Ok(()), |who| buyer(who).at(|| "buyer".into()))
}

fn buyer(buyer: &Buyer) -> Check {
    text(&buyer.id, MAX_ID).at(|| "id".into())?;
    texts(&buyer.groups, "TOO_MANY_GROUPS").at(|| "groups".into())?;
    amount(buyer.spent, "NEGATIVE_AMOUNT").at(|| "spent".into())?;
    let Some(standing) = &buyer.standing else {
        return Ok(());
    };
    text(&standing.tier, MAX_ID).at(|| "standing.tier".into())?;
    let multiplier = standing.multiplier;
    if multiplier.scale > MAX_SCALE || multiplier.coefficient < 0 {
        let problem = format!("is {}e-{}; 0 or more was expected", multiplier.coefficient, multiplier.scale);
        return Err(Invalid::new("INVALID_DECIMAL", "standing.multiplier", problem));
    }
    Ok(())
}

fn lines(lines: &[Line], first: usize) -> Check {
    for (index, entry) in lines.iter().enumerate() {
        line(entry).at(|| format!("lines[{}]", first + index))?;
    }
    Ok(())
}

fn line(line: &Line) -> Check {
    name(&line.sku, MAX_ID).at(|| "sku".into())?;
    text(&line.product, MAX_ID).at(|| "product".into())?;
    text(&line.category, MAX_ID).at(|| "category".into())?;
    texts(&line.tags, "TOO_MANY_TAGS").at(|| "tags".into())?;
    count(line.attributes.len(), MAX_ATTRIBUTES, "TOO_MANY_ATTRIBUTES").at(|| "attributes".into())?;
    for (index, (key, value)) in line.attributes.iter().enumerate() {
        text(key, MAX_ID).at(|| format!("attributes[{index}]"))?;
        text(value, MAX_VALUE).at(|| format!("attributes[{index}]"))?;
    }
    if !(1..=MAX_QUANTITY).contains(&line.quantity) {
        let problem = format!("is {}; 1 to {MAX_QUANTITY} was expected", line.quantity);
        return Err(Invalid::new("QUANTITY_OUT_OF_RANGE", "quantity", problem));
    }
    amount(line.unit, "NEGATIVE_PRICE").at(|| "unit".into())?;
    amount(line.unit.saturating_mul(i64::from(line.quantity)), "NEGATIVE_PRICE").at(|| "unit × quantity".into())?;
    amount(line.total, "NEGATIVE_AMOUNT").at(|| "total".into())?;
    line.compare_at.map_or(Ok(()), |before| amount(before, "NEGATIVE_PRICE").at(|| "compareAt".into()))?;
    text(&line.tax_category, MAX_ID).at(|| "taxCategory".into())?;
    count(line.candidates.len(), 64, "TOO_MANY_CANDIDATES").at(|| "candidates".into())?;
    for (index, entry) in line.candidates.iter().enumerate() {
        candidate(entry).at(|| format!("candidates[{index}]"))?;
    }
    Ok(())
}

fn candidate(candidate: &PriceCandidate) -> Check {
    text(&candidate.id, MAX_ID).at(|| "id".into())?;
    amount(candidate.unit, "NEGATIVE_PRICE").at(|| "unit".into())?;
    candidate.group.as_ref().map_or(Ok(()), |group| text(group, MAX_ID).at(|| "group".into()))
}

fn address(address: &Address) -> Check {
    letters(&address.country, 2, "INVALID_COUNTRY").at(|| "country".into())?;
    text(&address.region, MAX_ID).at(|| "region".into())?;
    text(&address.postal_code, MAX_ID).at(|| "postalCode".into())?;
    text(&address.city, MAX_ID).at(|| "city".into())?;
    count(address.street.len(), 4, "TOO_MANY_STREET_LINES").at(|| "street".into())?;
    for (index, part) in address.street.iter().enumerate() {
        text(part, MAX_ID).at(|| format!("street[{index}]"))?;
    }
    Ok(())
}

fn shipping(chosen: &ChosenShipping) -> Check {
    name(&chosen.code, 64).at(|| "code".into())?;
    amount(chosen.price, "NEGATIVE_PRICE").at(|| "price".into())?;
    amount(chosen.total, "NEGATIVE_AMOUNT").at(|| "total".into())
}

/// Texts of a line or a buyer: at most 32.
fn texts(list: &[String], too_many: &'static str) -> Check {
    count(list.len(), MAX_ENTRIES, too_many)?;
    for entry in list {
        text(entry, MAX_ID)?;
    }
    Ok(())
}

/// A code of `length` upper-case letters.
fn letters(value: &str, length: usize, reason: &'static str) -> Check {
    if value.len() == length && value.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    let found: String = value.chars().take(16).collect();
    Err(Invalid::new(reason, "", format!("is `{found}`; {length} upper-case letters were expected")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::cart_of;

    fn broken(change: Change) -> (&'static str, String) {
        let mut cart = cart_of(2);
        change(&mut cart);
        check(&cart).map_or_else(|invalid| (invalid.reason, invalid.path), |()| ("ok", String::new()))
    }

    #[test]
    fn carts_of_1_to_500_lines_are_good() {
        for lines in [1, 10, 500] {
            assert_eq!(check(&cart_of(lines)), Ok(()));
        }
        assert_eq!(check(&cart_of(0)).unwrap_err().path, "lines");
        assert_eq!(check(&cart_of(501)).unwrap_err().reason, "TOO_MANY_LINES");
    }

    type Change = fn(&mut Cart);

    const TABLE: &[(Change, &str, &str)] = &[
        (|c| c.context.request_id.clear(), "EMPTY_TEXT", "context.requestId"),
        (|c| c.context.request_id = "r".repeat(129), "TEXT_TOO_LONG", "context.requestId"),
        (|c| c.context.channel = "c".repeat(65), "TEXT_TOO_LONG", "context.channel"),
        (|c| c.context.currency = "eur".into(), "INVALID_CURRENCY", "context.currency"),
        (|c| c.context.currency = "EURO".into(), "INVALID_CURRENCY", "context.currency"),
        (|c| c.context.country = Some("Germany".into()), "INVALID_COUNTRY", "context.country"),
        (|c| c.context.utc_offset_minutes = 841, "OFFSET_OUT_OF_RANGE", "context.utcOffsetMinutes"),
        (
            |c| c.context.buyer.as_mut().unwrap().groups = vec![String::new(); 33],
            "TOO_MANY_GROUPS",
            "context.buyer.groups",
        ),
        (|c| c.context.buyer.as_mut().unwrap().spent = -1, "NEGATIVE_AMOUNT", "context.buyer.spent"),
        (|c| c.lines[1].sku.clear(), "EMPTY_TEXT", "lines[1].sku"),
        (|c| c.lines[1].tags = vec![String::new(); 33], "TOO_MANY_TAGS", "lines[1].tags"),
        (|c| c.lines[1].attributes = vec![Default::default(); 17], "TOO_MANY_ATTRIBUTES", "lines[1].attributes"),
        (|c| c.lines[1].quantity = 0, "QUANTITY_OUT_OF_RANGE", "lines[1].quantity"),
        (|c| c.lines[1].quantity = 1_000_001, "QUANTITY_OUT_OF_RANGE", "lines[1].quantity"),
        (|c| c.lines[1].unit = -1, "NEGATIVE_PRICE", "lines[1].unit"),
        (|c| c.lines[1].unit = i64::MAX, "AMOUNT_OUT_OF_RANGE", "lines[1].unit"),
        (|c| c.lines[1].unit = 600_000_000_000_000, "AMOUNT_OUT_OF_RANGE", "lines[1].unit × quantity"),
        (|c| c.lines[1].total = -1, "NEGATIVE_AMOUNT", "lines[1].total"),
        (|c| c.lines[1].compare_at = Some(-1), "NEGATIVE_PRICE", "lines[1].compareAt"),
        (|c| c.lines[1].candidates[0].unit = -1, "NEGATIVE_PRICE", "lines[1].candidates[0].unit"),
        (|c| c.codes = vec!["A".into(); 17], "TOO_MANY_CODES", "codes"),
        (|c| c.codes = vec![String::new()], "EMPTY_TEXT", "codes[0]"),
        (
            |c| c.destination.as_mut().unwrap().street = vec![String::new(); 5],
            "TOO_MANY_STREET_LINES",
            "destination.street",
        ),
        (|c| c.shipping.as_mut().unwrap().price = -1, "NEGATIVE_PRICE", "shipping.price"),
        (|c| c.lines[1].tax_category.clear(), "ok", ""),
    ];

    #[test]
    fn each_bound_is_told_with_its_path() {
        for &(change, reason, path) in TABLE {
            assert_eq!(broken(change), (reason, path.to_owned()), "{path}");
        }
    }
}
