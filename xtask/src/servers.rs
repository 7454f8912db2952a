//! The servers that tests of the distributed parts start: found, or unpacked from the system's packages.
//!
//! Unpacked, not installed: that needs no root and changes nothing of the system. Where this is not a Debian, or its
//! packages are not reached, it is said, and the tests that need the server say so too.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::run::{answers, run, tools};

/// A program, where its package has it, and its packages: those with the libraries that a small Debian does not have. The
/// rest of what it links to is on every Debian.
struct Program {
    name: &'static str,
    path: &'static str,
    packages: &'static [&'static str],
}

const PROGRAMS: [Program; 2] = [
    Program {
        name: "redis-server",
        path: "usr/bin/redis-server",
        packages: &["redis-server", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1", "libsystemd0"],
    },
    Program {
        name: "pgbouncer",
        path: "usr/sbin/pgbouncer",
        packages: &["pgbouncer", "libc-ares2", "libevent-2.1-7", "libsystemd0"],
    },
];

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
    for program in &PROGRAMS {
        if let Err(error) = get(program) {
            missing.push(format!("{}: {error:#}", program.name));
        }
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

fn get(program: &Program) -> Result<()> {
    if answers(program.name) || answers(programs()?.join(program.name)) {
        return Ok(());
    }
    let folder = tools()?.join("servers").join(program.name);
    unpack(&folder, program.packages)?;
    let script = wrap(&folder, program)?;
    ensure!(answers(script), "it was unpacked to {} but does not run", folder.display());
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
fn wrap(folder: &Path, program: &Program) -> Result<PathBuf> {
    let programs = programs()?;
    std::fs::create_dir_all(&programs)?;
    let script = programs.join(program.name);
    let library = |place: &str| folder.join(place).join(format!("{}-linux-gnu", std::env::consts::ARCH));
    let text = format!(
        "#!/bin/sh\nexport LD_LIBRARY_PATH='{}:{}'\nexec '{}' \"$@\"\n",
        library("usr/lib").display(),
        library("lib").display(),
        folder.join(program.path).display(),
    );
    std::fs::write(&script, text)?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    Ok(script)
}
