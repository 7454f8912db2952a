//! The servers that tests of the distributed parts start: found, or unpacked from the system's packages.
//!
//! Unpacked, not installed: that needs no root and changes nothing of the system. Where this is not a Debian, or its
//! packages are not reached, it is said, and the tests that need the server say so too.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::run::{answers, run, tools};

/// Redis and the libraries that a small Debian does not have. The rest of what it links to is on every Debian.
const REDIS: [&str; 6] = ["redis-server", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1", "libsystemd0"];

/// Where unpacked servers are found by name; in front of the tests' `PATH`.
pub(crate) fn programs() -> Result<PathBuf> {
    Ok(tools()?.join("servers/bin"))
}

/// The tests' `PATH`: the system's programs, then the unpacked ones.
pub(crate) fn path() -> Result<std::ffi::OsString> {
    let system = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::env::split_paths(&system).chain([programs()?]))?)
}

/// Gets what is missing, and answers what could not be got.
pub(crate) fn setup() -> Vec<String> {
    let mut missing = Vec::new();
    if let Err(error) = redis() {
        missing.push(format!("redis-server: {error:#}"));
    }
    if !postgres_is_there() {
        missing.push("PostgreSQL: install it by the system's own means (Debian: postgresql)".to_owned());
    }
    missing
}

fn postgres_is_there() -> bool {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    answers("initdb") || debian.into_iter().any(|version| answers(version.path().join("bin/initdb")))
}

fn redis() -> Result<()> {
    if answers("redis-server") || answers(programs()?.join("redis-server")) {
        return Ok(());
    }
    let folder = tools()?.join("servers/redis");
    unpack(&folder, &REDIS)?;
    let program = wrap(&folder, "redis-server")?;
    ensure!(answers(program), "it was unpacked to {} but does not run", folder.display());
    Ok(())
}

/// Unpacks packages of the system's own archive into a folder.
fn unpack(folder: &Path, packages: &[&str]) -> Result<()> {
    let downloads = folder.join("packages");
    std::fs::create_dir_all(&downloads).with_context(|| format!("make {}", downloads.display()))?;
    run(
        &format!("download {}", packages.join(", ")),
        Command::new("apt-get").arg("download").args(packages).current_dir(&downloads),
    )?;
    for entry in std::fs::read_dir(&downloads)? {
        let package = entry?.path();
        run(
            &format!("unpack {}", package.file_name().unwrap_or_default().display()),
            Command::new("dpkg-deb").arg("--extract").args([&package, folder]),
        )?;
    }
    std::fs::remove_dir_all(&downloads).with_context(|| format!("remove {}", downloads.display()))
}

/// A script that starts an unpacked program with the libraries that came with it.
fn wrap(folder: &Path, name: &str) -> Result<PathBuf> {
    let programs = programs()?;
    std::fs::create_dir_all(&programs)?;
    let script = programs.join(name);
    let library = |place: &str| folder.join(place).join(format!("{}-linux-gnu", std::env::consts::ARCH));
    let text = format!(
        "#!/bin/sh\nexport LD_LIBRARY_PATH='{}:{}'\nexec '{}' \"$@\"\n",
        library("usr/lib").display(),
        library("lib").display(),
        folder.join("usr/bin").join(name).display(),
    );
    std::fs::write(&script, text)?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    Ok(script)
}
