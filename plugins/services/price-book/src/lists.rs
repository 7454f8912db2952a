//! Price lists.

use fondaco_service::events;
use fondaco_service::prelude::*;
use fondaco_service::sql::Statement;

use crate::check;
use crate::contract::{PriceList, PriceListDraft};
use crate::decide::Span;
use crate::events::ListChanged;

const MOST: i64 = 1_000;

#[derive(FromRow)]
struct Row {
    id: i64,
    version: i64,
    code: String,
    title: String,
    currency: String,
    channel: String,
    customer_group: String,
    country: String,
    priority: i32,
    from_ms: i64,
    until_ms: i64,
    tax_included: bool,
    enabled: bool,
}

const COLUMNS: &str = "SELECT id, version, code, title, currency, channel, customer_group, country, priority, from_ms,
    until_ms, tax_included, enabled FROM price_lists";

impl Row {
    fn list(self) -> PriceList {
        let (from_ms, until_ms) = check::open_ends(Span { from_ms: self.from_ms, until_ms: self.until_ms });
        let content = PriceListDraft {
            code: self.code,
            title: self.title,
            currency: self.currency,
            channel: self.channel,
            customer_group: self.customer_group,
            country: self.country,
            priority: self.priority,
            from_ms,
            until_ms,
            tax_included: self.tax_included,
            enabled: self.enabled,
        };
        PriceList { id: self.id, version: self.version.cast_unsigned(), content }
    }
}

/// One list.
pub fn get(id: i64) -> Result<PriceList, Fault> {
    let row: Option<Row> = sql::optional(&format!("{COLUMNS} WHERE id = $1"), params![id])?;
    row.map(Row::list).ok_or_else(|| missing(id))
}

/// Lists by ascending id.
pub fn list(after: Option<i64>, limit: Option<u32>) -> Result<Vec<PriceList>, Fault> {
    let limit = limit.unwrap_or(50);
    if !(1..=100).contains(&limit) {
        return Err(fault::invalid("limit", "1 to 100", limit));
    }
    let statement = format!("{COLUMNS} WHERE id > $1 ORDER BY id LIMIT $2");
    let rows: Vec<Row> = sql::query(&statement, params![after.unwrap_or(0), limit])?;
    Ok(rows.into_iter().map(Row::list).collect())
}

/// Makes a list.
pub fn create(draft: PriceListDraft) -> Result<PriceList, Fault> {
    let span = check::list(&draft)?;
    let (there,): (i64,) = sql::one("SELECT COUNT(*) FROM price_lists", params![])?;
    if there >= MOST {
        return Err(fault::exhausted(
            "TOO_MANY_PRICE_LISTS",
            format!("There are {there} price lists; no more are allowed."),
        ));
    }
    let statement = "INSERT INTO sequences (name, last) VALUES ('price-list', 1)
        ON CONFLICT (name) DO UPDATE SET last = sequences.last + 1 RETURNING last";
    let (id,): (i64,) = sql::one(statement, params![])?;
    let made = sql::execute(
        "INSERT INTO price_lists (id, version, code, title, currency, channel, customer_group, country, priority,
             from_ms, until_ms, tax_included, enabled)
         VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (code) DO NOTHING",
        params![
            id,
            &draft.code,
            &draft.title,
            &draft.currency,
            &draft.channel,
            &draft.customer_group,
            &draft.country,
            draft.priority,
            span.from_ms,
            span.until_ms,
            draft.tax_included,
            draft.enabled,
        ],
    )?;
    if made == 0 {
        return Err(code_taken(&draft.code));
    }
    events::publish(&ListChanged { price_list: id, deleted: false })?;
    Ok(PriceList { id, version: 1, content: draft })
}

/// Replaces all that a list says.
pub fn update(id: i64, if_version: Option<u64>, draft: PriceListDraft) -> Result<PriceList, Fault> {
    let span = check::list(&draft)?;
    let version = bump(id, if_version)?;
    let before = get(id)?.content;
    if before.currency != draft.currency && has_prices(id)? {
        let message = format!("The list has prices in {}: make another list for {}.", before.currency, draft.currency);
        return Err(fault::precondition("CURRENCY_FIXED", message));
    }
    let other: Option<(i64,)> =
        sql::optional("SELECT id FROM price_lists WHERE code = $1 AND id <> $2", params![&draft.code, id])?;
    if other.is_some() {
        return Err(code_taken(&draft.code));
    }
    sql::execute(
        "UPDATE price_lists SET code = $2, title = $3, currency = $4, channel = $5, customer_group = $6, country = $7,
             priority = $8, from_ms = $9, until_ms = $10, tax_included = $11, enabled = $12 WHERE id = $1",
        params![
            id,
            &draft.code,
            &draft.title,
            &draft.currency,
            &draft.channel,
            &draft.customer_group,
            &draft.country,
            draft.priority,
            span.from_ms,
            span.until_ms,
            draft.tax_included,
            draft.enabled,
        ],
    )?;
    events::publish(&ListChanged { price_list: id, deleted: false })?;
    Ok(PriceList { id, version: version.cast_unsigned(), content: draft })
}

/// Deletes a list without prices.
pub fn delete(id: i64, if_version: Option<u64>) -> Result<(), Fault> {
    bump(id, if_version)?;
    if has_prices(id)? {
        let message = format!("The price list {id} has prices: take them out first, or disable the list.");
        return Err(fault::precondition("PRICE_LIST_NOT_EMPTY", message));
    }
    sql::execute("DELETE FROM price_lists WHERE id = $1", params![id])?;
    events::publish(&ListChanged { price_list: id, deleted: true })?;
    Ok(())
}

/// Counts a change, where the list is still at `if_version`: of two editors with the same version one gets through.
fn bump(id: i64, if_version: Option<u64>) -> Result<i64, Fault> {
    let mut statement = Statement::new("UPDATE price_lists SET version = version + 1 WHERE id = ");
    statement.bind(id);
    if let Some(version) = if_version {
        statement.push(" AND version = ").bind(i64::try_from(version).unwrap_or(i64::MAX));
    }
    if let Some((version,)) = statement.push(" RETURNING version").query::<(i64,)>()?.pop() {
        return Ok(version);
    }
    let there = get(id)?.version;
    let message = format!("The price list {id} is at version {there}: somebody changed it; look again, repeat.");
    Err(fault::conflict("VERSION_MISMATCH", message).with("version", there.to_string()))
}

fn has_prices(id: i64) -> Result<bool, Fault> {
    let found: Vec<(String,)> = sql::query("SELECT sku FROM prices WHERE list_id = $1 LIMIT 1", params![id])?;
    Ok(!found.is_empty())
}

pub(crate) fn missing(id: i64) -> Fault {
    let message = format!("There is no price list {id}.");
    fault::not_found("PRICE_LIST_NOT_FOUND", message).with("id", id.to_string())
}

fn code_taken(code: &str) -> Fault {
    fault::exists("CODE_TAKEN", format!("There is another price list `{code}`: choose another code."))
        .with("code", code)
}
