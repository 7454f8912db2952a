//! What components use of the host beyond what all have is what their manifests grant: no more, and no less.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fondaco_pack::manifest_of;
use fondaco_system_tests::programs;
use wasmparser::{Parser, Payload};

/// Interfaces that need a grant, by how their names begin, and which.
const GRANTED: [(&str, &str); 9] = [
    ("fondaco:host/blob@", "blob"),
    ("fondaco:host/cache@", "key-value"),
    ("fondaco:host/event-handler@", "events"),
    ("fondaco:host/events@", "events"),
    ("fondaco:host/messages@", "messages"),
    ("fondaco:host/secrets@", "secrets"),
    ("fondaco:host/sql@", "sql"),
    ("wasi:http/", "http"),
    ("wasi:keyvalue/", "key-value"),
];

/// Those of the host that need none, beside the contracts of services and plugins.
const FREE: [&str; 9] = [
    "fondaco:host/caller@",
    "fondaco:host/configurable@",
    "fondaco:host/unit-of-work@",
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:config/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
];

/// Grants that are for exports of a service's own making.
const WITHOUT_INTERFACE: &str = "schedule";

#[test]
fn each_component_has_the_grants_that_it_uses() {
    let Some(components) = programs::components() else { return };
    let mut seen = BTreeSet::new();
    for file in ["builtin", "merchants", "services", "tests"].iter().flat_map(|kind| files(&components.join(kind))) {
        let bytes = fs::read(&file).unwrap();
        let manifest = manifest_of(&bytes).unwrap().unwrap_or_else(|| panic!("{} has no manifest", file.display()));
        let uses: BTreeSet<_> = interfaces(&bytes).iter().filter_map(|name| grant_of(name)).collect();
        let granted = manifest.grants.keys().map(String::as_str).filter(|name| *name != WITHOUT_INTERFACE);
        assert_eq!(granted.collect::<BTreeSet<_>>(), uses, "{}", file.display());
        seen.extend(uses);
    }
    // All but secrets, which nothing of ours asks for yet.
    assert_eq!(seen, BTreeSet::from(["blob", "events", "http", "key-value", "messages", "sql"]));
}

fn grant_of(interface: &str) -> Option<&'static str> {
    let grant = GRANTED.iter().find(|(begins, _)| interface.starts_with(begins)).map(|(_, grant)| *grant);
    let of_the_host = interface.starts_with("wasi:") || interface.starts_with("fondaco:host/");
    let free = FREE.iter().any(|begins| interface.starts_with(begins));
    assert!(grant.is_some() || free || !of_the_host, "{interface} is neither granted nor free");
    grant
}

/// All interfaces that a component itself imports and exports, not those of the components within it.
fn interfaces(component: &[u8]) -> BTreeSet<String> {
    let (mut depth, mut names) = (0, BTreeSet::new());
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(imports) if depth == 1 => {
                names.extend(imports.into_iter().map(|import| import.unwrap().name.name.to_owned()));
            }
            Payload::ComponentExportSection(exports) if depth == 1 => {
                names.extend(exports.into_iter().map(|export| export.unwrap().name.name.to_owned()));
            }
            _ => {}
        }
    }
    names
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = entries.map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "wasm")).collect()
}
