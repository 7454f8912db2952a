//! Prices, for other services: many at a time, in one statement for each hundred skus.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_service::prelude::*;
use fondaco_service::sql::Statement;

use crate::check;
use crate::contract::{Ask, Context, Found};
use crate::decide::{List, Price, Question, Span, decide};

const MOST: usize = 500;
/// Skus of one statement.
const BATCH: usize = 64;

#[derive(FromRow)]
struct Row {
    sku: String,
    min_quantity: i64,
    amount: i64,
    compare_at: Option<i64>,
    from_ms: i64,
    until_ms: i64,
    list_id: i64,
    code: String,
    channel: String,
    customer_group: String,
    country: String,
    priority: i64,
    list_from_ms: i64,
    list_until_ms: i64,
    tax_included: bool,
}

/// The prices of these skus, in the order asked; what has no price is left out.
pub fn by_skus(context: &Context, asks: &[Ask]) -> Result<Vec<Found>, Fault> {
    check::context(context)?;
    check::count("asks", asks, MOST)?;
    let now_ms = i64::try_from(context.now_ms).unwrap_or(i64::MAX);
    let skus: BTreeSet<&str> = asks.iter().map(|ask| ask.sku.as_str()).collect();
    let skus: Vec<&str> = skus.into_iter().collect();
    let mut book: BTreeMap<String, Vec<Price>> = BTreeMap::new();
    for batch in skus.chunks(BATCH) {
        for row in rows(context, now_ms, batch)? {
            let (sku, price) = price(row, &context.currency);
            book.entry(sku).or_default().push(price);
        }
    }
    Ok(asks.iter().filter_map(|ask| found(&book, context, now_ms, ask)).collect())
}

/// What may hold now or later; what is over or for others stays in its table.
fn rows(context: &Context, now_ms: i64, skus: &[&str]) -> Result<Vec<Row>, Fault> {
    let mut statement = Statement::new(
        "SELECT p.sku, p.min_quantity, p.amount, p.compare_at, p.from_ms, p.until_ms, p.list_id, l.code, l.channel,
             l.customer_group, l.country, l.priority, l.from_ms AS list_from_ms, l.until_ms AS list_until_ms,
             l.tax_included
         FROM prices p JOIN price_lists l ON l.id = p.list_id WHERE p.sku IN ",
    );
    statement.list(skus.iter().copied()).push(" AND p.until_ms > ").bind(now_ms);
    statement.push(" AND l.until_ms > ").bind(now_ms).push(" AND l.enabled AND l.currency = ");
    statement.bind(context.currency.as_str()).push(" AND l.channel IN ").list(["", context.channel.as_str()]);
    statement.push(" AND l.country IN ").list(["", context.country.as_str()]);
    let groups = std::iter::once("").chain(context.groups.iter().map(String::as_str));
    statement.push(" AND l.customer_group IN ").list(groups);
    statement.query()
}

fn price(row: Row, currency: &str) -> (String, Price) {
    let list = List {
        id: row.list_id,
        code: row.code,
        currency: currency.to_owned(),
        channel: row.channel,
        customer_group: row.customer_group,
        country: row.country,
        priority: row.priority,
        span: Span { from_ms: row.list_from_ms, until_ms: row.list_until_ms },
        tax_included: row.tax_included,
        enabled: true,
    };
    let span = Span { from_ms: row.from_ms, until_ms: row.until_ms };
    let Row { sku, min_quantity, amount, compare_at, .. } = row;
    (sku, Price { list, span, min_quantity, amount, compare_at })
}

fn found(book: &BTreeMap<String, Vec<Price>>, context: &Context, now_ms: i64, ask: &Ask) -> Option<Found> {
    let question = Question {
        currency: &context.currency,
        channel: &context.channel,
        groups: &context.groups,
        country: &context.country,
        now_ms,
        quantity: ask.quantity.into(),
    };
    let answer = decide(book.get(&ask.sku)?, &question);
    let price = answer.price?;
    Some(Found {
        sku: ask.sku.clone(),
        quantity: ask.quantity,
        amount: price.amount,
        compare_at: price.compare_at,
        tax_included: price.list.tax_included,
        price_list: price.list.code.clone(),
        min_quantity: u32::try_from(price.min_quantity).unwrap_or(u32::MAX),
        changes_ms: answer.changes_ms.map(i64::cast_unsigned),
    })
}
