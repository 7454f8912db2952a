//! Where the programs and components under test are. What is missing is said together with what makes it: with
//! `CI=true` that is a failure, otherwise the test is skipped.

use std::path::{Path, PathBuf};

use fondaco_test_servers::missing;

/// The host of the dev profile: `FONDACO_BIN`, or `fondaco` beside the tests' own profile folder.
pub fn host() -> Option<PathBuf> {
    found(
        "the host",
        named_by("FONDACO_BIN").unwrap_or_else(|| profile_folder().join("fondaco")),
        "cargo build -p fondaco",
    )
}

/// The host of the release profile: `FONDACO_RELEASE_BIN`, or `target/release/fondaco` where it was built. Building it
/// takes as long as all else, so that it is not there is no failure.
pub fn release_host() -> Option<PathBuf> {
    if let Some(named) = named_by("FONDACO_RELEASE_BIN") {
        return found("the release build of the host", named, "cargo xtask test --release");
    }
    let beside = profile_folder().with_file_name("release").join("fondaco");
    let is_there = beside.is_file();
    if !is_there {
        eprintln!("no release build of the host to compare with; cargo xtask test --release makes one");
    }
    is_there.then_some(beside)
}

/// The folder of the guests' components: `FONDACO_COMPONENTS`, or `target/components`.
pub fn components() -> Option<PathBuf> {
    let folder = named_by("FONDACO_COMPONENTS").unwrap_or_else(|| profile_folder().with_file_name("components"));
    found("the components", folder.join("tests"), "cargo xtask build-plugins").map(|_tests| folder)
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("tests/system is two folders down").to_path_buf()
}

fn named_by(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

/// `target/<profile>`: the test executable is in its `deps`.
fn profile_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its executable");
    own.ancestors().nth(2).expect("an executable in target/<profile>/deps").to_path_buf()
}

fn found(what: &str, path: PathBuf, make: &str) -> Option<PathBuf> {
    if path.exists() {
        return Some(path);
    }
    missing(&format!("{what} at {}", path.display()), make);
    None
}
