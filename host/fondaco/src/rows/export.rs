//! Rows out of a service.

use std::io::{ErrorKind, Write};

use serde::Deserialize;
use serde_json::json;

use crate::cli::{RowFormat, Stock};
use crate::client::Client;
use crate::failure::Failure;

#[derive(Deserialize)]
struct Part {
    text: String,
    #[serde(default)]
    next: Option<String>,
    rows: u64,
}

/// Writes all rows to `to`, part by part; CSV with one header. `progress` hears how many rows are written. Answers that
/// number at the end.
pub(crate) async fn export(
    client: &Client,
    stock: Stock,
    format: RowFormat,
    mut to: impl Write,
    mut progress: impl FnMut(u64),
) -> Result<u64, Failure> {
    let (mut rows, mut cursor) = (0, None);
    loop {
        let path = ["v1", stock.service(), "transfer", "export-chunk"];
        let is_first = cursor.is_none();
        let part: Part = client.call(&path, &json!({ "format": format.name(), "cursor": cursor })).await?;
        let text = if is_first { part.text.as_str() } else { rest_of(format, &part.text) };
        match to.write_all(text.as_bytes()) {
            // Whoever read has enough, as `head` does.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(rows),
            written => written.map_err(|error| unwritable(&error))?,
        }
        rows += part.rows;
        progress(rows);
        match part.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    to.flush().map_err(|error| unwritable(&error))?;
    Ok(rows)
}

fn unwritable(error: &std::io::Error) -> Failure {
    Failure::Local(format!("the rows cannot be written: {error}"))
}

/// Without the header, which has no line break of its own.
fn rest_of(format: RowFormat, text: &str) -> &str {
    match format {
        RowFormat::Csv => text.split_once('\n').map_or("", |(_, rest)| rest),
        RowFormat::Jsonl => text,
    }
}
