//! The bytes of components: wrapping, and custom sections.

use crate::{Manifest, PackError};
use std::borrow::Cow;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmparser::{BinaryReader, BinaryReaderError, Parser};
use wit_component::ComponentEncoder;

/// The custom section that holds the manifest.
const MANIFEST: &str = "fondaco:manifest";
/// No manifest needs more, with all of its migrations; a larger section is neither written nor read.
const MANIFEST_BYTES: usize = 1024 * 1024;
/// What tools leave behind. It tells merchants nothing and makes digests depend on the tool's version.
const LEFTOVERS: [&str; 4] = ["producers", "component-name", "name", "target_features"];
/// Whether these bytes start as a component does.
pub fn is_component(bytes: &[u8]) -> bool {
    Parser::is_component(bytes)
}

/// Wraps a core module into a component, by the contract in its custom sections.
pub fn componentize(core: &[u8]) -> Result<Vec<u8>, PackError> {
    if !Parser::is_core_wasm(core) {
        return Err(PackError::Module("the bytes are not those of a core module".into()));
    }
    wasmparser::validate(core).map_err(|error| PackError::Module(error.to_string()))?;
    let lean = without(core, &LEFTOVERS).map_err(|error| PackError::Module(error.to_string()))?;
    let wrapped = ComponentEncoder::default()
        .validate(true)
        .module(&lean)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| PackError::Contract(format!("{error:#}")))?;
    without(&wrapped, &LEFTOVERS).map_err(|error| PackError::Component(error.to_string()))
}

/// Puts a manifest into a component, in place of any that it has.
pub fn with_manifest(component: &[u8], manifest: &Manifest) -> Result<Vec<u8>, PackError> {
    manifest.check()?;
    must_be_component(component)?;
    let json = serde_json::to_vec(manifest).map_err(crate::ManifestError::from)?;
    if json.len() > MANIFEST_BYTES {
        return Err(too_large());
    }
    let mut packed = without(component, &[MANIFEST]).map_err(|error| PackError::Component(error.to_string()))?;
    let section = CustomSection { name: MANIFEST.into(), data: Cow::Owned(json) };
    section.append_to_component(&mut packed);
    Ok(packed)
}

/// The manifest of a component, if it has one.
pub fn manifest_of(component: &[u8]) -> Result<Option<Manifest>, PackError> {
    must_be_component(component)?;
    let sections = sections(component).map_err(|error| PackError::Component(error.to_string()))?;
    let Some(json) = sections.iter().find_map(|section| section.custom.filter(|(name, _)| *name == MANIFEST)) else {
        return Ok(None);
    };
    let (_, json) = json;
    if json.len() > MANIFEST_BYTES {
        return Err(too_large());
    }
    Ok(Some(Manifest::from_json(json)?))
}

fn too_large() -> PackError {
    PackError::Component(format!("its manifest has more than {MANIFEST_BYTES} bytes"))
}

fn must_be_component(bytes: &[u8]) -> Result<(), PackError> {
    if is_component(bytes) {
        return Ok(());
    }
    Err(PackError::Component("the bytes are not those of a component".into()))
}

/// A section at the top level of a module or component.
struct Section<'a> {
    /// All of its bytes, with its header.
    whole: &'a [u8],
    /// Name and data, if it is a custom section.
    custom: Option<(&'a str, &'a [u8])>,
}

/// The length of magic number and version.
const PREAMBLE: usize = 8;

/// The sections of a module or component, without a look into them.
fn sections(bytes: &[u8]) -> Result<Vec<Section<'_>>, BinaryReaderError> {
    let mut reader = BinaryReader::new(bytes, 0);
    reader.read_bytes(PREAMBLE)?;
    let mut sections = Vec::new();
    while !reader.eof() {
        let start = reader.current_position();
        let id = reader.read_u8()?;
        let length = reader.read_var_u32()?;
        let body = reader.read_bytes(length as usize)?;
        // Both kinds of binary give custom sections the id 0.
        let custom = if id == 0 { Some(custom(body)?) } else { None };
        let whole = bytes.get(start..reader.current_position()).unwrap_or_default();
        sections.push(Section { whole, custom });
    }
    Ok(sections)
}

fn custom(body: &[u8]) -> Result<(&str, &[u8]), BinaryReaderError> {
    let mut reader = BinaryReader::new(body, 0);
    let name = reader.read_string()?;
    let data = reader.read_bytes(reader.bytes_remaining())?;
    Ok((name, data))
}

/// The same binary without the custom sections of these names.
fn without(bytes: &[u8], names: &[&str]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut kept = bytes.get(..PREAMBLE).unwrap_or_default().to_vec();
    for section in sections(bytes)? {
        if !section.custom.is_some_and(|(name, _)| names.contains(&name)) {
            kept.extend_from_slice(section.whole);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests;
