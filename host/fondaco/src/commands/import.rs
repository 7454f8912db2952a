//! `fondaco import`: goods or prices from a file, with a report of each row.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::json;

use crate::cli::{self, Common, RowFormat, Stock};
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::rows::{Import, Outcome, RowReport, Tally};

pub(crate) async fn run(common: &Common, wanted: &cli::Import, output: Output) -> Result<(), Failure> {
    let format = RowFormat::of(wanted.format, &wanted.file)?;
    let (input, length) = open(&wanted.file)?;
    let client = Client::new(common, Need::Tenant)?;
    let bar = output.bar(format!("importing into {}", wanted.stock.service()), length);
    let import = Import { client: &client, stock: wanted.stock, format };
    // The bar steps aside while a row is told of.
    let each = |row: &RowReport| bar.suspend(|| tell(output, row));
    let done = import.run(input, each, |bytes| bar.set_position(bytes)).await;
    bar.finish_and_clear();
    let tally = done?;
    if output.is_json() {
        output::line(json!({ "summary": tally }))?;
    } else {
        output::line(summary(output, wanted.stock, &tally))?;
    }
    match tally.failed {
        0 => Ok(()),
        failed => Err(Failure::Rows { failed, rows: tally.rows }),
    }
}

/// What to read, and how long it is where that is known.
fn open(file: &Path) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    if file == Path::new("-") {
        return Ok((Box::new(std::io::stdin().lock()), None));
    }
    let failed = |error: std::io::Error| Failure::Local(format!("{}: {error}", file.display()));
    let opened = File::open(file).map_err(failed)?;
    let length = opened.metadata().map_err(failed)?.len();
    Ok((Box::new(opened), Some(length)))
}

/// Programs hear of every row, people of those that failed.
fn tell(output: Output, row: &RowReport) -> Result<(), Failure> {
    if output.is_json() {
        return output::line(serde_json::to_string(row).map_err(anyhow::Error::from)?);
    }
    if row.outcome == Outcome::Failed { output::line(failed(output, row)) } else { Ok(()) }
}

fn failed(output: Output, row: &RowReport) -> String {
    let why = row.fault.as_ref().map_or_else(String::new, |fault| format!(" {}: {}", fault.reason, fault.message));
    format!("{} row {} {}{why}", output.bad("failed"), row.row, row.sku)
}

fn summary(output: Output, stock: Stock, tally: &Tally) -> String {
    let Tally { rows, created, updated, unchanged, failed } = tally;
    let failed = if *failed == 0 { "0 failed".to_owned() } else { output.bad(&format!("{failed} failed")) };
    let service = output.strong(stock.service());
    format!("{service} {rows} rows: {created} created, {updated} updated, {unchanged} unchanged, {failed}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn people_read_what_failed_and_what_came_of_all() {
        let row: RowReport = serde_json::from_value(json!({
            "row": 17, "sku": "mug-blue", "outcome": "failed",
            "fault": { "code": "not-found", "reason": "CATEGORY_NOT_FOUND", "message": "There is no category with the slug `x`: make it first.", "metadata": [["slug", "x"]] },
        }))
        .unwrap();
        insta::assert_snapshot!(failed(Output::PLAIN, &row), @"failed row 17 mug-blue CATEGORY_NOT_FOUND: There is no category with the slug `x`: make it first.");
        let tally = Tally { rows: 20, created: 12, updated: 4, unchanged: 3, failed: 1 };
        insta::assert_snapshot!(summary(Output::PLAIN, Stock::PriceBook, &tally), @"price-book 20 rows: 12 created, 4 updated, 3 unchanged, 1 failed");
        insta::assert_snapshot!(Failure::Rows { failed: 1, rows: 20 }, @"1 of 20 rows failed and were left out; mend them and import the file again: what was taken is unchanged then");
    }

    #[test]
    fn programs_read_a_row_as_the_service_reported_it() {
        let text = r#"{"row":17,"sku":"mug-blue","outcome":"failed","fault":{"reason":"X","message":"y","code":"not-found","metadata":[["slug","x"]]}}"#;
        let row: RowReport = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&row).unwrap(), text);
        let created = r#"{"row":1,"sku":"a","outcome":"created"}"#;
        assert_eq!(serde_json::to_string(&serde_json::from_str::<RowReport>(created).unwrap()).unwrap(), created);
    }
}
