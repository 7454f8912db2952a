//! Rows → text.

use std::collections::BTreeMap;

use fondaco_service::{Fault, fault};

use crate::categories;
use crate::contract::{Attribute, Format};

use super::read::COLUMNS;
use super::row::Row;

pub(super) fn rows(format: Format, rows: &[Row]) -> Result<String, Fault> {
    match format {
        Format::Csv => csv(rows).map_err(|error| fault::internal("EXPORT_FAILED", error)),
        Format::JsonLines => {
            let mut text = String::new();
            for row in rows {
                let line = serde_json::to_string(row);
                text.push_str(&line.map_err(|error| fault::internal("EXPORT_FAILED", error.to_string()))?);
                text.push('\n');
            }
            Ok(text)
        }
    }
}

fn csv(rows: &[Row]) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(|error| error.to_string())?;
    for row in rows {
        writer.write_record(COLUMNS.map(|column| cell(row, column))).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

fn cell(row: &Row, column: &str) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match column {
        "sku" => row.sku.clone(),
        "product" => text(&row.product),
        "title" => text(&row.title),
        "description" => text(&row.description),
        "category" => text(&row.category),
        "tags" => list(row.tags.as_deref()),
        "channels" => list(row.channels.as_deref()),
        "attributes" => pairs(row.attributes.as_deref()),
        "tax_category" => text(&row.tax_category),
        "seo_title" => text(&row.seo_title),
        "seo_description" => text(&row.seo_description),
        "variant_title" => text(&row.variant_title),
        "options" => pairs(row.options.as_deref()),
        "grams" => row.grams.unwrap_or_default().to_string(),
        "variant_tax_category" => text(&row.variant_tax_category),
        "barcode" => text(&row.barcode),
        "enabled" => row.enabled.unwrap_or(true).to_string(),
        _ => String::new(),
    }
}

fn list(words: Option<&[String]>) -> String {
    let words = words.unwrap_or_default().iter().map(|word| escaped(word));
    words.collect::<Vec<_>>().join(";")
}

fn pairs(pairs: Option<&[Attribute]>) -> String {
    let pairs =
        pairs.unwrap_or_default().iter().map(|pair| format!("{}={}", escaped(&pair.name), escaped(&pair.value)));
    pairs.collect::<Vec<_>>().join(";")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, ';' | '=' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The slug of a category, looked up once an export.
pub(super) fn category_slug(id: i64, known: &mut BTreeMap<i64, String>) -> Result<String, Fault> {
    if let Some(slug) = known.get(&id) {
        return Ok(slug.clone());
    }
    let slug = categories::KIND.slug_of(id)?;
    known.insert(id, slug.clone());
    Ok(slug)
}
