//! Prices, for other services: many at a time, in one statement for each hundred skus.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_service::prelude::*;
use fondaco_service::sql::Statement;

use crate::check;
use crate::contract::{Ask, Context, Found, Offer, Sheet};
use crate::decide::{List, Price, Question, Span, decide, in_order};

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
    currency: String,
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
        enter(&mut book, for_context(of_skus(batch, now_ms), context).query()?);
    }
    Ok(asks.iter().filter_map(|ask| found(&book, context, now_ms, ask)).collect())
}

/// All prices of these skus that are not over at `since_ms`, in the order asked; what has none is left out.
pub fn sheets(skus: &[String], since_ms: u64) -> Result<Vec<Sheet>, Fault> {
    check::count("skus", skus, MOST)?;
    let since_ms = i64::try_from(since_ms).unwrap_or(i64::MAX);
    let asked: BTreeSet<&str> = skus.iter().map(String::as_str).collect();
    let asked: Vec<&str> = asked.into_iter().collect();
    let mut book: BTreeMap<String, Vec<Price>> = BTreeMap::new();
    for batch in asked.chunks(BATCH) {
        enter(&mut book, of_skus(batch, since_ms).query()?);
    }
    for prices in book.values_mut() {
        in_order(prices);
    }
    let sheet =
        |sku: &String| Some(Sheet { sku: sku.clone(), offers: book.get(sku)?.iter().filter_map(offer).collect() });
    Ok(skus.iter().filter_map(sheet).collect())
}

/// None where list and price never hold at once.
fn offer(price: &Price) -> Option<Offer> {
    let list = &price.list;
    let (from_ms, until_ms) = check::open_ends(price.span.both(list.span)?);
    Some(Offer {
        price_list: list.code.clone(),
        currency: list.currency.clone(),
        channel: list.channel.clone(),
        customer_group: list.customer_group.clone(),
        country: list.country.clone(),
        min_quantity: u32::try_from(price.min_quantity).unwrap_or(u32::MAX),
        amount: price.amount,
        compare_at: price.compare_at,
        tax_included: list.tax_included,
        from_ms,
        until_ms,
    })
}

/// Selects what may hold then or later; what is over stays in its table.
fn of_skus(skus: &[&str], since_ms: i64) -> Statement {
    let mut statement = Statement::new(
        "SELECT p.sku, p.min_quantity, p.amount, p.compare_at, p.from_ms, p.until_ms, p.list_id, l.code, l.currency,
             l.channel, l.customer_group, l.country, l.priority, l.from_ms AS list_from_ms,
             l.until_ms AS list_until_ms, l.tax_included
         FROM prices p JOIN price_lists l ON l.id = p.list_id WHERE p.sku IN ",
    );
    statement.list(skus.iter().copied()).push(" AND p.until_ms > ").bind(since_ms);
    statement.push(" AND l.until_ms > ").bind(since_ms).push(" AND l.enabled");
    statement
}

/// Leaves out what is for others.
fn for_context(mut statement: Statement, context: &Context) -> Statement {
    statement.push(" AND l.currency = ").bind(context.currency.as_str());
    statement.push(" AND l.channel IN ").list(["", context.channel.as_str()]);
    statement.push(" AND l.country IN ").list(["", context.country.as_str()]);
    let groups = std::iter::once("").chain(context.groups.iter().map(String::as_str));
    statement.push(" AND l.customer_group IN ").list(groups);
    statement
}

fn enter(book: &mut BTreeMap<String, Vec<Price>>, rows: Vec<Row>) {
    for row in rows {
        let (sku, price) = price(row);
        book.entry(sku).or_default().push(price);
    }
}

fn price(row: Row) -> (String, Price) {
    let list = List {
        id: row.list_id,
        code: row.code,
        currency: row.currency,
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
