//! Components that `cargo xtask build-plugins` made.

use std::fs;
use std::path::Path;

/// Reads one, for instance `services/pricing`.
pub fn read(components: &Path, name: &str) -> Vec<u8> {
    let path = components.join(name).with_extension("wasm");
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask build-plugins`", path.display()))
}
