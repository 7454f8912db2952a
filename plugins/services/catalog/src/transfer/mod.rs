//! Import and export in bulk. A row is a variant with what it says of its product; rows of one product stand together.
//!
//! An import changes what its rows name and leaves the rest: a column that is not there changes nothing. So the same
//! chunk twice changes nothing the second time, and a file of prices-to-be and one of texts may be kept apart.

mod apply;
mod read;
mod row;
mod write;

use std::collections::BTreeMap;

use fondaco_service::prelude::*;
use fondaco_service::sql::Statement;

use crate::contract::{Chunk, Format, Outcome, Report, RowReport};
use crate::{products, wording};

use apply::Group;
use read::Parsed;
use row::Row;

const MAX_BYTES: usize = 1024 * 1024;
const MAX_ROWS: usize = 1_000;
/// Products of one part of an export.
const EXPORTED: u32 = 16;

/// Takes rows in.
pub fn import_chunk(format: Format, text: &str, first_row: u32) -> Result<Report, Fault> {
    wording::text("text", text, 0, MAX_BYTES)?;
    let parsed = read::rows(format, text)?;
    wording::count("text", &parsed, MAX_ROWS)?;
    let owners = owners(&parsed)?;
    let mut outcomes: Vec<RowReport> = Vec::with_capacity(parsed.len());
    let mut group: Option<Group> = None;
    let mut categories = BTreeMap::new();
    for (row, parsed) in (first_row..).zip(parsed) {
        let Parsed { sku, row: good } = parsed;
        outcomes.push(RowReport { row, sku, outcome: Outcome::Failed, fault: None });
        let place = outcomes.len() - 1;
        let tried = good.and_then(|good| {
            let owner = owners.get(&good.sku).map(|(id, slug)| (*id, slug.as_str()));
            let slug = good.product_slug(owner)?;
            if group.as_ref().is_none_or(|group| group.slug() != slug) {
                finish(group.take(), &mut outcomes)?;
                group = Some(Group::open(&slug)?);
            }
            group.as_mut().map_or(Ok(Outcome::Failed), |group| group.apply(place, &good, owner, &mut categories))
        });
        if let Some(report) = outcomes.get_mut(place) {
            match tried {
                Ok(outcome) => report.outcome = outcome,
                Err(fault) => report.fault = Some(fault),
            }
        }
    }
    finish(group, &mut outcomes)?;
    Ok(report(outcomes))
}

/// Writes a product, once for all of its rows. A slug that something else has fails its rows; nothing was written then.
fn finish(group: Option<Group>, outcomes: &mut [RowReport]) -> Result<(), Fault> {
    let Some(group) = group else { return Ok(()) };
    let (rows, saved) = group.save();
    match saved {
        Ok(()) => Ok(()),
        Err(fault) if fault.reason == "SLUG_TAKEN" => {
            for place in rows {
                if let Some(report) = outcomes.get_mut(place) {
                    report.outcome = Outcome::Failed;
                    report.fault = Some(fault.clone());
                }
            }
            Ok(())
        }
        Err(fault) => Err(fault),
    }
}

/// The products that have these skus now, by sku: id and slug.
fn owners(parsed: &[Parsed]) -> Result<BTreeMap<String, (i64, String)>, Fault> {
    let skus: Vec<&str> =
        parsed.iter().filter_map(|parsed| parsed.row.as_ref().ok()).map(|row| row.sku.as_str()).collect();
    let mut owners = BTreeMap::new();
    for batch in skus.chunks(512) {
        let mut statement = Statement::new(
            "SELECT v.sku, p.id, p.slug FROM variants v JOIN products p ON p.id = v.product_id WHERE v.sku IN ",
        );
        for (sku, id, slug) in statement.list(batch.iter().copied()).query::<(String, i64, String)>()? {
            owners.insert(sku, (id, slug));
        }
    }
    Ok(owners)
}

fn report(rows: Vec<RowReport>) -> Report {
    let count = |outcome: Outcome| {
        let found = rows.iter().filter(|row| row.outcome == outcome).count();
        u32::try_from(found).unwrap_or(u32::MAX)
    };
    Report {
        created: count(Outcome::Created),
        updated: count(Outcome::Updated),
        unchanged: count(Outcome::Unchanged),
        failed: count(Outcome::Failed),
        rows,
    }
}

/// Gives rows out.
pub fn export_chunk(format: Format, cursor: Option<&str>) -> Result<Chunk, Fault> {
    let stored = products::behind(cursor, EXPORTED)?;
    let whole = stored.len() == EXPORTED as usize;
    let next = stored.last().filter(|_| whole).map(|last| last.product.id.to_string());
    let mut rows = Vec::new();
    let mut slugs = BTreeMap::new();
    for stored in &stored {
        let category = stored.product.content.category;
        let category = category.map(|id| write::category_slug(id, &mut slugs)).transpose()?;
        let content = &stored.product.content;
        rows.extend(content.variants.iter().map(|variant| Row::of(content, variant, category.as_deref())));
    }
    let text = write::rows(format, &rows)?;
    Ok(Chunk { text, next, rows: u32::try_from(rows.len()).unwrap_or(u32::MAX) })
}
