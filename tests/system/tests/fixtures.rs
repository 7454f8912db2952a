//! Every sample plugin's fixtures under the stock `wasmtime` CLI, by the documented command: what a merchant sees on a
//! laptop is what the host answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fondaco_fixtures::{Contract, load, run, wasmtime};
use fondaco_system_tests::programs;
use fondaco_test_servers::missing;

#[test]
fn every_plugin_runs_its_fixtures_under_the_stock_cli() {
    let (Some(components), true) = (programs::components(), wasmtime_is_there()) else { return };
    let (mut plugins, mut wrong) = (0, Vec::new());
    for kind in ["merchants", "builtin"] {
        for folder in folders(&programs::repository().join("plugins").join(kind)) {
            plugins += 1;
            let name = folder.file_name().expect("a folder has a name");
            wrong.extend(failures(&components.join(kind).join(name).with_extension("wasm"), &folder.join("fixtures")));
        }
    }
    assert!(plugins >= 15, "only {plugins} plugins were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn failures(component: &Path, fixtures: &Path) -> Vec<String> {
    let bytes = fs::read(component).unwrap_or_else(|error| panic!("{}: {error}", component.display()));
    let contract = Contract::of(&bytes).expect("a plugin");
    let fixtures = load(fixtures).unwrap_or_else(|error| panic!("{error}"));
    let outcomes = fixtures.iter().map(|fixture| run(&wasmtime(), component, &contract, fixture));
    outcomes
        .filter_map(|outcome| outcome.unwrap_or_else(|error| Some(format!("{}: {error}", component.display()))))
        .collect()
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.join("fondaco.toml").is_file()).collect()
}

fn wasmtime_is_there() -> bool {
    let mut version = Command::new(wasmtime());
    let there = version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !there {
        missing("wasmtime", "cargo xtask setup");
    }
    there
}
