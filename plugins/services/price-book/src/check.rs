//! Bounds of what comes in.

use fondaco_service::{Fault, fault};

use crate::contract::{Context, Entry, PriceListDraft};
use crate::decide::{NEVER_MS, Span};

pub(crate) type Check = Result<(), Fault>;

/// Minor units of a price.
const MAX_AMOUNT: i64 = 1_000_000_000_000_000;
const MAX_QUANTITY: u32 = 1_000_000;

fn must(holds: bool, path: impl Into<String>, expected: &str, found: impl std::fmt::Display) -> Check {
    if holds { Ok(()) } else { Err(fault::invalid(path, expected, found)) }
}

/// A list of at most so many.
pub(crate) fn count<T>(path: &str, list: &[T], most: usize) -> Check {
    must(list.len() <= most, path, &format!("at most {most} entries"), list.len())
}

pub(crate) fn sku(path: impl Into<String>, sku: &str) -> Check {
    let good = (1..=64).contains(&sku.len()) && sku.bytes().all(|byte| byte.is_ascii_graphic());
    must(good, path, "1 to 64 visible ASCII characters", format!("`{sku}`"))
}

fn currency(path: &str, currency: &str) -> Check {
    let good = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    must(good, path, "an upper-case ISO 4217 code", format!("`{currency}`"))
}

fn country(path: &str, country: &str) -> Check {
    let good = matches!(country.len(), 0 | 2) && country.bytes().all(|byte| byte.is_ascii_uppercase());
    must(good, path, "an upper-case ISO 3166-1 alpha-2 code, or nothing", format!("`{country}`"))
}

fn at_most(path: &str, text: &str, most: usize) -> Check {
    must(text.len() <= most, path, &format!("at most {most} bytes"), format!("{} bytes", text.len()))
}

pub(crate) fn list(draft: &PriceListDraft) -> Result<Span, Fault> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let code = (1..=63).contains(&draft.code.len()) && draft.code.bytes().all(good);
    must(code, "code", "1 to 63 of a-z, 0-9 and -", format!("`{}`", draft.code))?;
    must(!draft.title.is_empty(), "title", "1 to 255 bytes", "none")?;
    at_most("title", &draft.title, 255)?;
    currency("currency", &draft.currency)?;
    at_most("channel", &draft.channel, 63)?;
    at_most("customerGroup", &draft.customer_group, 63)?;
    country("country", &draft.country)?;
    span("", draft.from_ms, draft.until_ms)
}

pub(crate) fn context(context: &Context) -> Check {
    currency("context.currency", &context.currency)?;
    at_most("context.channel", &context.channel, 63)?;
    country("context.country", &context.country)?;
    count("context.groups", &context.groups, 32)?;
    context.groups.iter().try_for_each(|group| at_most("context.groups", group, 63))
}

/// A price at `path`; a path is empty or ends in a dot.
pub(crate) fn entry(path: &str, entry: &Entry) -> Result<Span, Fault> {
    sku(format!("{path}sku"), &entry.sku)?;
    let tier = (1..=MAX_QUANTITY).contains(&entry.min_quantity);
    must(tier, format!("{path}minQuantity"), "1 to 1,000,000", entry.min_quantity)?;
    must((0..=MAX_AMOUNT).contains(&entry.amount), format!("{path}amount"), "0 to 10^15", entry.amount)?;
    if let Some(compare_at) = entry.compare_at {
        let good = compare_at > entry.amount && compare_at <= MAX_AMOUNT;
        must(good, format!("{path}compareAt"), "more than the amount, at most 10^15", compare_at)?;
    }
    span(path, entry.from_ms, entry.until_ms)
}

fn span(path: &str, from_ms: Option<u64>, until_ms: Option<u64>) -> Result<Span, Fault> {
    let time = |ms: u64| i64::try_from(ms).ok().filter(|ms| *ms < NEVER_MS);
    let read = |name: &str, given: Option<u64>, open: i64| match given {
        None => Ok(open),
        Some(ms) => time(ms).ok_or_else(|| fault::invalid(format!("{path}{name}"), "a time in milliseconds", ms)),
    };
    let found = Span { from_ms: read("fromMs", from_ms, 0)?, until_ms: read("untilMs", until_ms, NEVER_MS)? };
    must(found.from_ms < found.until_ms, format!("{path}untilMs"), "a time behind fromMs", found.until_ms)?;
    Ok(found)
}

/// A span as the contract has it.
pub(crate) fn open_ends(span: Span) -> (Option<u64>, Option<u64>) {
    let from_ms = (span.from_ms != 0).then(|| span.from_ms.cast_unsigned());
    let until_ms = (span.until_ms != NEVER_MS).then(|| span.until_ms.cast_unsigned());
    (from_ms, until_ms)
}
