//! Builds the guests: core modules by cargo, components by `fondaco-pack`, manifests put in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::run::{cargo, root, run, target};
use crate::setup;

/// The folders that hold guests, each the name of a folder in `target/components` too.
const KINDS: [(&str, &str); 4] = [
    (SERVICES, "plugins/services"),
    ("builtin", "plugins/builtin"),
    ("merchants", "plugins/merchants"),
    ("tests", "tests/guests"),
];

const SERVICES: &str = "services";

/// What guests are built for unless their Cargo.toml says otherwise in `[package.metadata.fondaco] target`.
const LEAN_TARGET: &str = "wasm32-unknown-unknown";

/// How lean guests are linked: addresses in as few bytes as they need (some 6% off), and a stack of 128 KiB.
const LINK: [&str; 2] = ["--compress-relocations", "-zstack-size=131072"];

/// One size of memory for all plugins, so that the host's pool hands a slot from one to the next without a system call:
/// the stack, the allocator's arena and the data. A small one, since what a call ever touched of a slot is cleared after
/// each later call (`docs/decisions/0016`).
const PLUGIN_MEMORY: &str = "--initial-memory=393216";

#[derive(Deserialize)]
struct CargoToml {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    fondaco: Guestly,
}

#[derive(Default, Deserialize)]
struct Guestly {
    target: Option<String>,
}

struct Guest {
    kind: &'static str,
    folder: PathBuf,
    package: String,
    target: String,
}

/// Builds all guests; answers the folder of the components.
pub(crate) fn build() -> Result<PathBuf> {
    setup::wasm_targets()?;
    let guests = find()?;
    eprintln!("• build {} guests", guests.len());
    for guest in &guests {
        run(&format!("  {}", guest.package), &mut compile(guest))?;
    }
    let components = target().join("components");
    for guest in &guests {
        pack(guest, &components).with_context(|| format!("pack {}", guest.package))?;
    }
    eprintln!("• {} components in {}", guests.len(), components.display());
    Ok(components)
}

fn find() -> Result<Vec<Guest>> {
    let mut guests = Vec::new();
    for (kind, folder) in KINDS {
        let folder = root().join(folder);
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let folder = entry?.path();
            if folder.join("Cargo.toml").is_file() {
                guests.push(read(kind, folder)?);
            }
        }
    }
    guests.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(guests)
}

fn read(kind: &'static str, folder: PathBuf) -> Result<Guest> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(&path)?;
    let parsed: CargoToml = toml::from_str(&text).with_context(|| format!("{}", path.display()))?;
    let target = parsed.package.metadata.fondaco.target.unwrap_or_else(|| LEAN_TARGET.to_owned());
    Ok(Guest { kind, folder, package: parsed.package.name, target })
}

/// One guest at a time, and as a cdylib alone: beside an rlib the linker could not optimise across crates.
fn compile(guest: &Guest) -> Command {
    let mut command = cargo();
    command.args(["rustc", "--quiet", "--profile", "guest", "--target", &guest.target, "--package", &guest.package]);
    command.args(["--lib", "--crate-type", "cdylib"]);
    if guest.target == LEAN_TARGET {
        command.arg("--");
        let memory = (guest.kind != SERVICES).then_some(PLUGIN_MEMORY);
        for argument in LINK.into_iter().chain(memory) {
            command.args(["-C", &format!("link-arg={argument}")]);
        }
    }
    command
}

/// Wraps the module (rustc for wasip2 has made a component already) and puts the manifest in.
fn pack(guest: &Guest, components: &Path) -> Result<()> {
    let built = target().join(&guest.target).join("guest").join(format!("{}.wasm", guest.package.replace('-', "_")));
    let bytes =
        fs::read(&built).with_context(|| format!("{} is not there: is the crate a cdylib?", built.display()))?;
    let component = if fondaco_pack::is_component(&bytes) { bytes } else { fondaco_pack::componentize(&bytes)? };
    let manifest_path = guest.folder.join("fondaco.toml");
    ensure!(manifest_path.is_file(), "{} is missing", manifest_path.display());
    let manifest = fondaco_pack::Manifest::from_file(&manifest_path)?;
    let packed = fondaco_pack::with_manifest(&component, &manifest)?;
    let folder = components.join(guest.kind);
    fs::create_dir_all(&folder)?;
    let name = guest.folder.file_name().context("a guest's folder has a name")?;
    let out = folder.join(name).with_extension("wasm");
    // Only what changed is written, so that `up --watch` reloads no more than that.
    if fs::read(&out).ok().as_deref() != Some(&packed) {
        fs::write(&out, packed)?;
    }
    Ok(())
}
