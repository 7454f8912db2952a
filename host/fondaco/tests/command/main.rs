//! The command as a shell sees it: output, exit codes, and a host's whole life.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
// As snapbox writes them.
#![allow(clippy::needless_raw_string_hashes)]

mod life;
mod offline;

use std::path::Path;

use snapbox::cmd::Command;

/// `fondaco`, without anything of the surroundings.
pub(crate) fn fondaco(state: &Path) -> Command {
    Command::new(snapbox::cmd::cargo_bin!("fondaco"))
        .env_remove("FONDACO_KEY")
        .env_remove("FONDACO_URL")
        .env_remove("FONDACO_TENANT")
        .env("USER", "tester")
        .env("FONDACO_STATE", state)
        .current_dir(state)
}
