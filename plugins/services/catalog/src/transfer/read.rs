//! Text → rows. A row that cannot be read is told apart from the others; a header that cannot be read is not.

use csv::{ReaderBuilder, StringRecord};
use fondaco_service::{Code, Fault, fault};

use crate::contract::{Attribute, Format};

use super::row::Row;

/// The columns of CSV, in the order of exports.
pub(super) const COLUMNS: [&str; 17] = [
    "sku",
    "product",
    "title",
    "description",
    "category",
    "tags",
    "channels",
    "attributes",
    "tax_category",
    "seo_title",
    "seo_description",
    "variant_title",
    "options",
    "grams",
    "variant_tax_category",
    "barcode",
    "enabled",
];

/// What was made of one row.
#[derive(Debug)]
pub(super) struct Parsed {
    /// Its sku, as far as it could be read.
    pub(super) sku: String,
    pub(super) row: Result<Row, Fault>,
}

/// The rows of a chunk; empty lines are none.
pub(super) fn rows(format: Format, text: &str) -> Result<Vec<Parsed>, Fault> {
    match format {
        Format::Csv => of_csv(text),
        Format::JsonLines => Ok(text.lines().filter(|line| !line.trim().is_empty()).map(of_json).collect()),
    }
}

fn of_json(line: &str) -> Parsed {
    let mut reader = serde_json::Deserializer::from_str(line);
    let row = serde_path_to_error::deserialize::<_, Row>(&mut reader)
        .map_err(|error| bad_row(error.path().to_string(), &error.inner().to_string()))
        .and_then(|row| reader.end().map(|()| row).map_err(|error| bad_row(".".to_owned(), &error.to_string())));
    Parsed { sku: row.as_ref().map(|row| row.sku.clone()).unwrap_or_default(), row }
}

fn bad_row(path: String, problem: &str) -> Fault {
    Fault::new(Code::InvalidArgument, "INVALID_ROW", format!("{path}: {problem}")).with("path", path)
}

fn of_csv(text: &str) -> Result<Vec<Parsed>, Fault> {
    let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| bad_header(&error.to_string()))?.clone();
    if header.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(unknown) = header.iter().find(|name| !COLUMNS.contains(name)) {
        return Err(bad_header(&format!("the column `{unknown}` is not one of {}", COLUMNS.join(", "))));
    }
    crate::wording::distinct("header", header.iter())?;
    if !header.iter().any(|name| name == "sku") {
        return Err(bad_header("the column `sku` is missing"));
    }
    let parsed = reader.records().map(|record| match record {
        Ok(record) => of_record(&header, &record),
        Err(error) => Parsed { sku: String::new(), row: Err(bad_row(".".to_owned(), &error.to_string())) },
    });
    Ok(parsed.collect())
}

fn bad_header(problem: &str) -> Fault {
    Fault::new(Code::InvalidArgument, "INVALID_HEADER", format!("The header cannot be read: {problem}"))
}

fn of_record(header: &StringRecord, record: &StringRecord) -> Parsed {
    let mut row = Row::default();
    let mut cells = header.iter().zip(record.iter());
    let entered = cells.try_for_each(|(column, cell)| enter(&mut row, column, cell));
    let sku = header.iter().position(|column| column == "sku").and_then(|place| record.get(place));
    Parsed { sku: sku.unwrap_or_default().to_owned(), row: entered.map(|()| row) }
}

fn enter(row: &mut Row, column: &str, cell: &str) -> Result<(), Fault> {
    let text = Some(cell.to_owned());
    match column {
        "sku" => cell.clone_into(&mut row.sku),
        "product" => row.product = text.filter(|text| !text.is_empty()),
        "title" => row.title = text,
        "description" => row.description = text,
        "category" => row.category = text,
        "tags" => row.tags = Some(list(column, cell)?),
        "channels" => row.channels = Some(list(column, cell)?),
        "attributes" => row.attributes = Some(pairs(column, cell)?),
        "tax_category" => row.tax_category = text,
        "seo_title" => row.seo_title = text,
        "seo_description" => row.seo_description = text,
        "variant_title" => row.variant_title = text,
        "options" => row.options = Some(pairs(column, cell)?),
        "grams" => row.grams = Some(number(column, cell)?),
        "variant_tax_category" => row.variant_tax_category = text,
        "barcode" => row.barcode = text,
        "enabled" => row.enabled = Some(boolean(column, cell)?),
        _ => {}
    }
    Ok(())
}

fn number(column: &str, cell: &str) -> Result<u32, Fault> {
    if cell.is_empty() {
        return Ok(0);
    }
    cell.parse().map_err(|_| fault::invalid(column, "a whole number, 0 or more", format!("`{cell}`")))
}

fn boolean(column: &str, cell: &str) -> Result<bool, Fault> {
    match cell {
        "true" | "" => Ok(true),
        "false" => Ok(false),
        _ => Err(fault::invalid(column, "`true` or `false`", format!("`{cell}`"))),
    }
}

/// `new;summer`: a `\` before a `;` or a `\` takes it as it is.
fn list(column: &str, cell: &str) -> Result<Vec<String>, Fault> {
    if cell.is_empty() {
        return Ok(Vec::new());
    }
    split(column, cell, ';')?.iter().map(|part| unescaped(column, part)).collect()
}

/// `Color=red;Size=M`.
fn pairs(column: &str, cell: &str) -> Result<Vec<Attribute>, Fault> {
    if cell.is_empty() {
        return Ok(Vec::new());
    }
    let mut pairs = Vec::new();
    for part in split(column, cell, ';')? {
        let sides = split(column, &part, '=')?;
        let [name, value] = sides.as_slice() else {
            return Err(fault::invalid(column, "pairs such as `Color=red;Size=M`", format!("`{part}`")));
        };
        pairs.push(Attribute { name: unescaped(column, name)?, value: unescaped(column, value)? });
    }
    Ok(pairs)
}

/// The parts between separators that have no `\` before them; they keep theirs.
fn split(column: &str, cell: &str, separator: char) -> Result<Vec<String>, Fault> {
    let mut parts = vec![String::new()];
    let mut characters = cell.chars();
    while let Some(character) = characters.next() {
        if character == separator {
            parts.push(String::new());
            continue;
        }
        let Some(part) = parts.last_mut() else { continue };
        part.push(character);
        if character == '\\' {
            part.push(characters.next().ok_or_else(|| open_end(column, cell))?);
        }
    }
    Ok(parts)
}

fn unescaped(column: &str, part: &str) -> Result<String, Fault> {
    let mut text = String::with_capacity(part.len());
    let mut characters = part.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next().ok_or_else(|| open_end(column, part))?),
            other => text.push(other),
        }
    }
    Ok(text)
}

fn open_end(column: &str, cell: &str) -> Fault {
    fault::invalid(column, "something behind the last `\\`", format!("`{cell}`"))
}
