//! The lines of a request.

use fondaco_sdk::bindings::fondaco::plugin::types::{Line, PriceCandidate};
use fondaco_sdk::bindings::fondaco::types::faults::{Code, Fault};

use super::bounds::{at_most, filled, not_negative};
use crate::bindings::exports::fondaco::pricing::quotes;
use crate::faults::{fault, invalid, sum, too_large};

/// The lines within their bounds, and their ids.
pub(super) fn accept(mut requested: Vec<quotes::Line>) -> Result<(Vec<quotes::Line>, Vec<String>), Fault> {
    if requested.is_empty() {
        return Err(invalid("lines".to_owned(), "1 to 500 entries", "none"));
    }
    at_most(requested.len(), 500, || "lines".to_owned())?;
    let mut ids = Vec::with_capacity(requested.len());
    for (position, line) in requested.iter_mut().enumerate() {
        check(line, position)?;
        ids.push(line.id.take().unwrap_or_else(|| position.to_string()));
    }
    unique(&ids)?;
    Ok((requested, ids))
}

/// The cart's lines, all of which have a price by now.
pub(crate) fn enter(requested: Vec<quotes::Line>) -> Result<Vec<Line>, Fault> {
    let lines: Vec<Line> = requested.into_iter().map(enter_line).collect::<Result<_, _>>()?;
    sum(lines.iter().map(|line| line.total))?;
    Ok(lines)
}

fn enter_line(line: quotes::Line) -> Result<Line, Fault> {
    let unit = line.unit.ok_or_else(|| fault(Code::Internal, "NO_PRICE", format!("{} was not priced.", line.sku)))?;
    let total = unit.checked_mul(i64::from(line.quantity)).ok_or_else(too_large)?;
    Ok(Line {
        product: line.product.unwrap_or_else(|| line.sku.clone()),
        sku: line.sku,
        category: line.category.unwrap_or_default(),
        tags: line.tags.unwrap_or_default(),
        attributes: line.attributes.unwrap_or_default(),
        quantity: line.quantity,
        unit,
        compare_at: line.compare_at,
        total,
        grams: line.grams.unwrap_or(0),
        tax_category: line.tax_category.unwrap_or_default(),
        requires_shipping: line.requires_shipping.unwrap_or(true),
        gift: false,
        candidates: line.candidates.unwrap_or_default(),
    })
}

fn check(line: &quotes::Line, position: usize) -> Result<(), Fault> {
    let path = |field: &str| format!("lines[{position}].{field}");
    if let Some(id) = &line.id {
        filled(id, 128, || path("id"))?;
    }
    filled(&line.sku, 128, || path("sku"))?;
    if !(1..=1_000_000).contains(&line.quantity) {
        return Err(invalid(path("quantity"), "1 to 1000000", line.quantity));
    }
    not_negative(line.unit.unwrap_or(0), || path("unit"))?;
    not_negative(line.compare_at.unwrap_or(0), || path("compareAt"))?;
    at_most(line.tags.as_ref().map_or(0, Vec::len), 32, || path("tags"))?;
    at_most(line.attributes.as_ref().map_or(0, Vec::len), 16, || path("attributes"))?;
    check_candidates(line.candidates.as_deref().unwrap_or_default(), path)
}

fn check_candidates(candidates: &[PriceCandidate], path: impl Fn(&str) -> String) -> Result<(), Fault> {
    at_most(candidates.len(), 64, || path("candidates"))?;
    for (position, candidate) in candidates.iter().enumerate() {
        not_negative(candidate.unit, || path(&format!("candidates[{position}].unit")))?;
    }
    Ok(())
}

/// By sorting positions: no hash map, whose order would be another at each run.
fn unique(ids: &[String]) -> Result<(), Fault> {
    let mut sorted: Vec<(&str, usize)> = ids.iter().map(String::as_str).zip(0..).collect();
    sorted.sort_unstable();
    let twice = sorted.iter().zip(sorted.iter().skip(1)).filter(|(one, next)| one.0 == next.0);
    match twice.map(|(_, next)| next).min_by_key(|next| next.1) {
        None => Ok(()),
        Some((id, position)) => Err(invalid(format!("lines[{position}].id"), "an id that no other line has", id)),
    }
}
