//! Import and export in bulk, one row a price.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_service::prelude::*;
use fondaco_service::sql::Statement;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::contract::{Chunk, Entry, Format, Outcome, Report, RowReport};
use crate::decide::Span;
use crate::entries::{self, Amounts, Key, MOST_OF_SKU};

const MAX_BYTES: usize = 1024 * 1024;
const MAX_ROWS: usize = 1_000;
/// Rows of one part of an export, with those of one sku more to see where it ends.
const EXPORTED: usize = 1_000;

/// A row, as both formats have it. An empty cell of CSV is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    price_list: String,
    sku: String,
    #[serde(default = "one")]
    min_quantity: u32,
    amount: i64,
    #[serde(default)]
    compare_at: Option<i64>,
    #[serde(default)]
    from_ms: Option<u64>,
    #[serde(default)]
    until_ms: Option<u64>,
}

const fn one() -> u32 {
    1
}

/// Takes prices in.
pub fn import_chunk(format: Format, text: &str, first_row: u32) -> Result<Report, Fault> {
    if text.len() > MAX_BYTES {
        return Err(fault::invalid("text", "at most 1 MiB", format!("{} bytes", text.len())));
    }
    let rows = read(format, text);
    check::count("text", &rows, MAX_ROWS)?;
    let mut import = Import::begin(&rows)?;
    let reports = (first_row..).zip(rows).map(|(row, parsed)| {
        let sku = parsed.as_ref().map(|parsed| parsed.sku.clone()).unwrap_or_default();
        let tried = parsed.and_then(|parsed| import.enter(parsed));
        let (outcome, fault) = tried.map_or_else(|fault| (Outcome::Failed, Some(fault)), |outcome| (outcome, None));
        RowReport { row, sku, outcome, fault }
    });
    let rows: Vec<RowReport> = reports.collect();
    import.finish()?;
    Ok(report(rows))
}

fn report(rows: Vec<RowReport>) -> Report {
    let count =
        |outcome: Outcome| u32::try_from(rows.iter().filter(|row| row.outcome == outcome).count()).unwrap_or(u32::MAX);
    let (created, updated) = (count(Outcome::Created), count(Outcome::Updated));
    Report { created, updated, unchanged: count(Outcome::Unchanged), failed: count(Outcome::Failed), rows }
}

fn read(format: Format, text: &str) -> Vec<Result<Row, Fault>> {
    let bad = |problem: String| Fault::new(Code::InvalidArgument, "INVALID_ROW", problem);
    match format {
        Format::JsonLines => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines.map(|line| serde_json::from_str(line).map_err(|error| bad(error.to_string()))).collect()
        }
        Format::Csv => {
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            reader.deserialize().map(|row| row.map_err(|error| bad(error.to_string()))).collect()
        }
    }
}

/// What stands there, and what will.
struct Import {
    lists: BTreeMap<String, i64>,
    prices: BTreeMap<Key, Amounts>,
    of_sku: BTreeMap<(i64, String), usize>,
    changed: BTreeMap<Key, Amounts>,
}

#[derive(FromRow)]
struct Stored {
    list_id: i64,
    sku: String,
    from_ms: i64,
    until_ms: i64,
    min_quantity: u32,
    amount: i64,
    compare_at: Option<i64>,
}

impl Import {
    fn begin(rows: &[Result<Row, Fault>]) -> Result<Self, Fault> {
        let rows = || rows.iter().filter_map(|row| row.as_ref().ok());
        let codes: BTreeSet<&str> = rows().map(|row| row.price_list.as_str()).collect();
        let mut statement = Statement::new("SELECT code, id FROM price_lists WHERE code IN ");
        let lists: BTreeMap<String, i64> = statement.list(codes).query::<(String, i64)>()?.into_iter().collect();
        let mut import = Self { prices: BTreeMap::new(), of_sku: BTreeMap::new(), changed: BTreeMap::new(), lists };
        // By list, and few skus at a time, so that what is there comes back whole.
        for (code, list) in import.lists.clone() {
            let skus: BTreeSet<&str> =
                rows().filter(|row| row.price_list == code).map(|row| row.sku.as_str()).collect();
            let skus: Vec<&str> = skus.into_iter().collect();
            for batch in skus.chunks(128) {
                import.load(list, batch)?;
            }
        }
        Ok(import)
    }

    fn load(&mut self, list: i64, skus: &[&str]) -> Result<(), Fault> {
        let mut statement = Statement::new(
            "SELECT list_id, sku, from_ms, until_ms, min_quantity, amount, compare_at FROM prices WHERE list_id = ",
        );
        statement.bind(list).push(" AND sku IN ").list(skus.iter().copied());
        for stored in statement.query::<Stored>()? {
            let span = Span { from_ms: stored.from_ms, until_ms: stored.until_ms };
            let Stored { list_id, sku, min_quantity, amount, compare_at, .. } = stored;
            *self.of_sku.entry((list_id, sku.clone())).or_default() += 1;
            self.prices.insert(Key { list: list_id, sku, span, min_quantity }, Amounts { amount, compare_at });
        }
        Ok(())
    }

    fn enter(&mut self, row: Row) -> Result<Outcome, Fault> {
        let Row { price_list, sku, min_quantity, amount, compare_at, from_ms, until_ms } = row;
        let Some(list) = self.lists.get(&price_list) else {
            let message = format!("There is no price list `{price_list}`: make it first.");
            return Err(fault::not_found("PRICE_LIST_NOT_FOUND", message).with("code", price_list));
        };
        let entry = Entry { sku, min_quantity, amount, compare_at, from_ms, until_ms };
        let (key, amounts) = entries::price(*list, "", &entry)?;
        let before = self.prices.get(&key);
        if before == Some(&amounts) {
            return Ok(Outcome::Unchanged);
        }
        let outcome = if before.is_some() { Outcome::Updated } else { Outcome::Created };
        if outcome == Outcome::Created {
            let own = self.of_sku.entry((key.list, key.sku.clone())).or_default();
            if *own >= MOST_OF_SKU {
                return Err(entries::too_many(&key.sku));
            }
            *own += 1;
        }
        self.prices.insert(key.clone(), amounts);
        self.changed.insert(key, amounts);
        Ok(outcome)
    }

    fn finish(self) -> Result<(), Fault> {
        entries::write(&self.changed)?;
        let lists: BTreeSet<i64> = self.changed.keys().map(|key| key.list).collect();
        for list in lists {
            let own = self.changed.keys().filter(|key| key.list == list);
            entries::announce(list, own.map(|key| key.sku.as_str()))?;
        }
        Ok(())
    }
}

#[derive(FromRow)]
struct Exported {
    code: String,
    #[row(name = "list_id")]
    list: i64,
    sku: String,
    min_quantity: u32,
    amount: i64,
    compare_at: Option<i64>,
    from_ms: i64,
    until_ms: i64,
}

/// Gives prices out, by list and sku.
pub fn export_chunk(format: Format, cursor: Option<&str>) -> Result<Chunk, Fault> {
    let (list, sku) = cursor.map_or(Ok((0, "")), position)?;
    let mut rows: Vec<Exported> = sql::query(
        "SELECT l.code, p.list_id, p.sku, p.min_quantity, p.amount, p.compare_at, p.from_ms, p.until_ms
         FROM prices p JOIN price_lists l ON l.id = p.list_id
         WHERE p.list_id > $1 OR (p.list_id = $1 AND p.sku > $2)
         ORDER BY p.list_id, p.sku, p.from_ms, p.until_ms, p.min_quantity LIMIT 1000",
        params![list, sku],
    )?;
    if rows.len() == EXPORTED {
        // The last sku may have more rows than came.
        let last = rows.last().map(|row| (row.list, row.sku.clone()));
        rows.retain(|row| Some((row.list, row.sku.clone())) != last);
    } else {
        return chunk(format, rows, None);
    }
    let next = rows.last().map(|row| format!("{}:{}", row.list, row.sku));
    chunk(format, rows, next)
}

fn position(cursor: &str) -> Result<(i64, &str), Fault> {
    let parsed = cursor.split_once(':').and_then(|(list, sku)| Some((list.parse().ok()?, sku)));
    parsed.ok_or_else(|| fault::invalid("cursor", "what the part before this one answered", format!("`{cursor}`")))
}

fn chunk(format: Format, rows: Vec<Exported>, next: Option<String>) -> Result<Chunk, Fault> {
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let rows = rows.into_iter().map(|row| {
        let (from_ms, until_ms) = check::open_ends(Span { from_ms: row.from_ms, until_ms: row.until_ms });
        let Exported { code, sku, min_quantity, amount, compare_at, .. } = row;
        Row { price_list: code, sku, min_quantity, amount, compare_at, from_ms, until_ms }
    });
    Ok(Chunk { text: write(format, rows).map_err(|error| fault::internal("EXPORT_FAILED", error))?, next, rows: count })
}

fn write(format: Format, rows: impl Iterator<Item = Row>) -> Result<String, String> {
    match format {
        Format::JsonLines => {
            let lines = rows.map(|row| serde_json::to_string(&row).map(|line| line + "\n"));
            lines.collect::<Result<_, _>>().map_err(|error| error.to_string())
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in rows {
                writer.serialize(row).map_err(|error| error.to_string())?;
            }
            String::from_utf8(writer.into_inner().map_err(|error| error.to_string())?)
                .map_err(|error| error.to_string())
        }
    }
}
