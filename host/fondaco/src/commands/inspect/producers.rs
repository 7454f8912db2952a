//! Who made a component, and what else it carries.

use serde::Serialize;
use wasmparser::{KnownCustom, Parser, Payload};

/// `language Rust`, `processed-by rustc 1.95.0, wit-component 0.254.2`
#[derive(Debug, Serialize)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

/// A custom section of the component itself.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) size: u64,
}

/// Producers of the component and of all modules in it; custom sections of the outermost only.
pub(super) fn read(component: &[u8]) -> (Vec<Field>, Vec<Section>) {
    let mut fields: Vec<Field> = Vec::new();
    let mut sections = Vec::new();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload {
            Ok(Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) => depth += 1,
            Ok(Payload::End(_)) => depth = depth.saturating_sub(1),
            Ok(Payload::CustomSection(section)) => {
                if let KnownCustom::Producers(producers) = section.as_known() {
                    for field in producers.into_iter().flatten() {
                        let values = field.values.into_iter().flatten();
                        add(&mut fields, field.name, values.map(|value| format!("{} {}", value.name, value.version)));
                    }
                } else if depth == 0 {
                    sections.push(Section { name: section.name().to_owned(), size: section.data().len() as u64 });
                }
            }
            Ok(_) => {}
            Err(_broken) => break,
        }
    }
    (fields, sections)
}

fn add(fields: &mut Vec<Field>, name: &str, values: impl Iterator<Item = String>) {
    let position = fields.iter().position(|field| field.name == name).unwrap_or_else(|| {
        fields.push(Field { name: name.to_owned(), values: Vec::new() });
        fields.len() - 1
    });
    let Some(field) = fields.get_mut(position) else { return };
    for value in values {
        let value = value.trim().to_owned();
        if !field.values.contains(&value) {
            field.values.push(value);
        }
    }
}
