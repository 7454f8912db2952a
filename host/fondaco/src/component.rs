//! A component file, looked at from outside: what class it is, and what it calls itself.

use std::path::Path;

use fondaco_engine::Class;
use fondaco_pack::Manifest;

use crate::failure::Failure;

/// The prefix of the interfaces that plugins export.
const POINTS: &str = "fondaco:plugin/";

/// A component and what it says about itself.
pub(crate) struct ComponentFile {
    pub(crate) bytes: Vec<u8>,
    pub(crate) class: Class,
    pub(crate) manifest: Option<Manifest>,
}

impl ComponentFile {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let local = |why: String| Failure::Local(format!("{}: {why}", path.display()));
        let bytes = std::fs::read(path).map_err(|error| local(error.to_string()))?;
        let manifest = fondaco_pack::manifest_of(&bytes).map_err(|error| local(error.to_string()))?;
        Ok(Self { class: class_of(&bytes), bytes, manifest })
    }
}

/// A plugin exports an extension point; anything else is a service. Broken files are told apart by the host, whose
/// faults say more.
fn class_of(bytes: &[u8]) -> Class {
    let exports = export_names(bytes);
    if exports.iter().any(|name| name.starts_with(POINTS)) || exports.is_empty() {
        Class::Plugin
    } else {
        Class::Service
    }
}

fn export_names(bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(wasmparser::Payload::ModuleSection { .. } | wasmparser::Payload::ComponentSection { .. }) => depth += 1,
            Ok(wasmparser::Payload::End(_)) => depth = depth.saturating_sub(1),
            Ok(wasmparser::Payload::ComponentExportSection(section)) if depth == 0 => {
                names.extend(section.into_iter().flatten().map(|export| export.name.name.to_owned()));
            }
            Ok(_) => {}
            Err(_broken) => break,
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exports_tell_the_class() {
        let with = |name: &str| {
            wat::parse_str(format!("(component (instance $i) (export \"{name}\" (instance $i)))")).unwrap()
        };
        assert_eq!(class_of(&with("fondaco:plugin/tax@1.0.0")), Class::Plugin);
        assert_eq!(class_of(&with("fondaco:pricing/quotes@1.0.0")), Class::Service);
        assert_eq!(class_of(b"no component"), Class::Plugin, "refused with the fault of a plugin");
    }
}
