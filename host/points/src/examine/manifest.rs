//! What the author wrote into the component: the custom section `fondaco:manifest`, JSON.

use fondaco_engine::{Code, Fault};
use serde::Deserialize;
use wasmparser::{Parser, Payload};

const SECTION: &str = "fondaco:manifest";
/// Bytes of a manifest.
const MAX_BYTES: usize = 64 << 10;

/// The manifest of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// The name that its author gave it.
    pub name: Option<String>,
    /// Its version, as its author numbered it.
    pub version: Option<String>,
    /// What it does, in a sentence.
    pub description: Option<String>,
    /// A config that it takes: JSON, or a text that is JSON.
    config_example: Option<serde_json::Value>,
}

impl Manifest {
    /// A config that the plugin takes, as JSON text.
    pub fn config_example(&self) -> Option<String> {
        match self.config_example.as_ref()? {
            serde_json::Value::String(text) => Some(text.clone()),
            value => Some(value.to_string()),
        }
    }
}

/// The manifest in `component`, when there is one. Only the outermost component's sections are looked at: what stands
/// in a module inside is the business of whoever made that module.
pub(super) fn read(component: &[u8]) -> Result<Option<Manifest>, Fault> {
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(|error| broken(&error))? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == SECTION => {
                return parse(section.data()).map(Some);
            }
            _ => {}
        }
    }
    Ok(None)
}

fn parse(json: &[u8]) -> Result<Manifest, Fault> {
    if json.len() > MAX_BYTES {
        return Err(broken(&format!("it is {} bytes long; at most {MAX_BYTES} are allowed", json.len())));
    }
    serde_json::from_slice(json).map_err(|error| broken(&error))
}

fn broken(problem: &dyn std::fmt::Display) -> Fault {
    let message = format!("the component's manifest (custom section `{SECTION}`) can't be read: {problem}");
    Fault::new(Code::InvalidArgument, "INVALID_MANIFEST", message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn component(body: &str) -> Vec<u8> {
        wat::parse_str(format!("(component {body})")).unwrap()
    }

    #[test]
    fn a_component_need_not_have_one() {
        assert_eq!(read(&component("")).unwrap(), None);
    }

    #[test]
    fn it_is_read_from_the_outermost_component() {
        let inner = r#"(core module (@custom "fondaco:manifest" "{\"name\": \"inner\"}"))"#;
        let outer = r#"(@custom "fondaco:manifest" "{\"name\": \"outer\", \"config-example\": {\"a\": 1}}")"#;
        assert_eq!(read(&component(inner)).unwrap(), None);
        let manifest = read(&component(&format!("{inner} {outer}"))).unwrap().unwrap();
        assert_eq!(manifest.name.as_deref(), Some("outer"));
        assert_eq!(manifest.config_example().unwrap(), r#"{"a":1}"#);
    }

    #[test]
    fn an_example_may_be_text() {
        let section = r#"(@custom "fondaco:manifest" "{\"config-example\": \"{\\\"a\\\": 1}\"}")"#;
        assert_eq!(read(&component(section)).unwrap().unwrap().config_example().unwrap(), r#"{"a": 1}"#);
    }

    #[test]
    fn a_broken_one_is_told() {
        let broken = component(r#"(@custom "fondaco:manifest" "{")"#);
        assert_eq!(read(&broken).unwrap_err().reason, "INVALID_MANIFEST");
        let long = component(&format!(r#"(@custom "fondaco:manifest" "{}")"#, " ".repeat(MAX_BYTES + 1)));
        assert_eq!(read(&long).unwrap_err().reason, "INVALID_MANIFEST");
    }
}
