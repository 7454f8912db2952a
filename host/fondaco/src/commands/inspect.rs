//! `fondaco inspect`: what a component is, from its bytes alone.

mod producers;
mod wit;

use std::path::Path;

use fondaco_engine::Digest;
use fondaco_pack::Manifest;
use fondaco_points::Point;
use serde::Serialize;

use crate::component::ComponentFile;
use crate::failure::Failure;
use crate::output::{Output, size};

/// What was found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspection {
    file: String,
    size: u64,
    digest: String,
    class: &'static str,
    /// The worlds of this host that it could serve in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    worlds: Vec<String>,
    manifest: Option<Manifest>,
    exports: Vec<wit::Interface>,
    imports: Vec<wit::Interface>,
    producers: Vec<producers::Field>,
    sections: Vec<producers::Section>,
}

pub(crate) fn run(file: &Path, output: Output) -> Result<(), Failure> {
    let found = inspect(file)?;
    output.answer(&found, text)
}

fn inspect(file: &Path) -> Result<Inspection, Failure> {
    let local = |why: String| Failure::Local(format!("{}: {why}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| local(error.to_string()))?;
    if wasmparser::Parser::is_core_wasm(&bytes) {
        let hint = "a core module, not a component: wrap it with `fondaco-pack`, or build for wasm32-wasip2";
        return Err(local(hint.to_owned()));
    }
    let component = ComponentFile::read(file)?;
    let world = wit::read(&bytes).map_err(&local)?;
    let (producers, sections) = producers::read(&bytes);
    Ok(Inspection {
        file: file.display().to_string(),
        size: bytes.len() as u64,
        digest: Digest::of(&bytes).to_string(),
        class: component.class.as_str(),
        worlds: world.exports.iter().filter_map(|interface| plugin_world(&interface.name)).collect(),
        manifest: component.manifest,
        exports: world.exports,
        imports: world.imports,
        producers,
        sections,
    })
}

/// `fondaco:plugin/price-rule@1.0.0` → `fondaco:plugin/price-rule-plugin@1.0.0`, for extension points alone.
fn plugin_world(export: &str) -> Option<String> {
    let (point, version) = export.strip_prefix("fondaco:plugin/")?.split_once('@')?;
    let point: Point = point.parse().ok()?;
    Some(format!("fondaco:plugin/{point}-plugin@{version}"))
}

fn text(output: Output, found: &Inspection) -> String {
    let mut text = Vec::new();
    let mut fact = |name: &str, value: &str| text.push(format!("{name:<10} {value}"));
    fact("file", &found.file);
    fact("size", &size(found.size));
    fact("sha256", &found.digest);
    fact("class", found.class);
    for world in &found.worlds {
        fact("world", world);
    }
    if let Some(manifest) = &found.manifest {
        fact("name", &format!("{} {}", manifest.name, manifest.version));
        if !manifest.description.is_empty() {
            fact("about", &manifest.description);
        }
        for (route, target) in &manifest.routes {
            fact("route", &format!("{route} = {target}"));
        }
        if let Some(example) = &manifest.config_example {
            fact("config", &format!("for instance {}", example.trim().replace('\n', "\n           ")));
        }
    }
    for field in &found.producers {
        fact(&field.name, &field.values.join(", "));
    }
    for section in &found.sections {
        fact("section", &format!("{} ({})", section.name, size(section.size)));
    }
    for (heading, interfaces) in [("exports", &found.exports), ("imports", &found.imports)] {
        text.push(format!("\n{}", output.strong(heading)));
        if interfaces.is_empty() {
            text.push("  nothing".to_owned());
        }
        text.extend(interfaces.iter().flat_map(|interface| wit::lines(output, interface)));
    }
    text.join("\n")
}
