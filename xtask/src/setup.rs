//! What builds and tests need beyond a Rust toolchain, got once and kept.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::run::{answers, cargo, run, tools};
use crate::servers;

/// The Wasm targets of guests.
const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32-wasip2"];

/// The stock CLI that the plugins' fixtures also run under: the version of the engine in the host.
const WASMTIME: &str = "48.0.8";

/// Gets everything; what cannot be got is said, and only stops what needs it.
pub(crate) fn setup() -> Result<()> {
    wasm_targets()?;
    let mut missing = Vec::new();
    if let Err(error) = nextest() {
        missing.push(format!("cargo-nextest: {error:#}"));
    }
    if let Err(error) = wasmtime() {
        missing.push(format!("wasmtime {WASMTIME}: {error:#}"));
    }
    missing.extend(servers::setup());
    for what in &missing {
        eprintln!("! could not get {what}");
    }
    Ok(())
}

/// Adds the Wasm targets where rustup is there and they are not.
pub(crate) fn wasm_targets() -> Result<()> {
    let Ok(output) =
        Command::new("rustup").args(["target", "list", "--installed"]).current_dir(crate::run::root()).output()
    else {
        eprintln!("! rustup is not installed: add the targets {} by your own means", TARGETS.join(", "));
        return Ok(());
    };
    let installed = String::from_utf8_lossy(&output.stdout).into_owned();
    for target in TARGETS {
        if !installed.lines().any(|line| line == target) {
            run(
                &format!("add the target {target}"),
                Command::new("rustup").args(["target", "add", target]).current_dir(crate::run::root()),
            )?;
        }
    }
    Ok(())
}

fn nextest() -> Result<()> {
    if Command::new("cargo-nextest").args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success())
    {
        return Ok(());
    }
    run("install cargo-nextest", cargo().args(["install", "cargo-nextest", "--locked"]))
}

/// Where the stock CLI is: `FONDACO_WASMTIME`, or what `setup` installed.
pub(crate) fn wasmtime_path() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("FONDACO_WASMTIME") {
        return Ok(path.into());
    }
    Ok(tools()?.join(format!("wasmtime-{WASMTIME}/bin/wasmtime")))
}

/// Installs the stock CLI with only what `wasmtime run --invoke` on a component needs, and lightly optimised: it
/// compiles small plugins once, so building it fast is worth more than its own speed.
fn wasmtime() -> Result<()> {
    if answers(wasmtime_path()?) {
        return Ok(());
    }
    run(
        "install the stock wasmtime CLI (a few minutes, once)",
        cargo()
            .args([
                "install",
                "wasmtime-cli",
                "--version",
                WASMTIME,
                "--locked",
                "--debug",
                "--no-track",
                "--no-default-features",
            ])
            .args(["--features", "run,component-model,cranelift,parallel-compilation", "--root"])
            .arg(tools()?.join(format!("wasmtime-{WASMTIME}")))
            .env("CARGO_TARGET_DIR", crate::run::target().join("tools"))
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_DEV_DEBUG", "0"),
    )
}
