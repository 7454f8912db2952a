//! Running other programs, and where things are.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

/// From how many seconds on it is said how long something took: where a slow run's time went.
const WORTH_SAYING: u64 = 10;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    // Asked for when it runs, not when it was built: two checkouts may share a target folder. `cargo run` sets it.
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    own.as_deref().and_then(Path::parent).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where tools that are not part of the build are kept, across clones: `$XDG_CACHE_HOME/fondaco/tools`.
pub(crate) fn tools() -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set: there is nowhere to keep tools")?;
    Ok(cache.join("fondaco/tools"))
}

/// This cargo.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Says what is done, does it, and says how long it took if that was long; output goes through.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<()> {
    eprintln!("• {what}");
    let started = Instant::now();
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("{what}: {command:?} did not start"))?;
    ensure!(status.success(), "{what}: {command:?} ended with {status}");
    let seconds = started.elapsed().as_secs();
    if seconds >= WORTH_SAYING {
        eprintln!("  {what}: {seconds} s");
    }
    Ok(())
}

/// Whether a program answers `--version`.
pub(crate) fn answers(program: impl AsRef<std::ffi::OsStr>) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What to build for the host. The SDK is there only for what it depends on: with it, features resolve as they do for
/// the whole workspace, so that wasmtime is built once and not anew for each selection of packages.
pub(crate) const HOST: [&str; 4] = ["--package", "fondaco", "--package", "fondaco-sdk"];
