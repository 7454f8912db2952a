//! What may go from the folder of compiled components.
//!
//! A file that goes is compiled again when somebody needs it, so a wrong guess costs a moment and nothing else: what is
//! mapped stays mapped. That is what makes it safe to prune a folder that another host uses at the same time, and hosts
//! are polite to each other: a file's time says when it was last used, and each host renews those that it holds before
//! it looks for old ones.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::Digest;

/// How long compiled components stay that are not in use, and how much room all of them have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PruneRules {
    /// Since the last use of a component that nobody has registered. More than a day, since that is how often a host
    /// that is up renews what it uses.
    pub unregistered: Duration,
    /// Since the last use of any other: an old version, or machine code for another wasmtime.
    pub registered: Duration,
    /// Bytes of all together. Beyond it, those that were used longest ago go.
    pub bytes: u64,
}

impl Default for PruneRules {
    fn default() -> Self {
        Self { unregistered: Duration::from_hours(48), registered: Duration::from_hours(24 * 30), bytes: 8 << 30 }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Files that went.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of those that stay.
    pub left_bytes: u64,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    path: PathBuf,
    bytes: u64,
    /// Since its last use.
    idle: Duration,
    registered: bool,
    /// By this process, just now.
    in_use: bool,
}

/// Renews what is `in_use` and removes what the rules no longer keep. Blocks.
pub(super) fn prune(
    dir: &Path,
    rules: PruneRules,
    registered: &HashSet<Digest>,
    in_use: &HashSet<String>,
) -> io::Result<Pruned> {
    let now = SystemTime::now();
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // What has another name, the secret among it, is not ours to judge.
        let Some(digest) = digest_in(&name) else { continue };
        // Another host may have removed it a moment ago.
        let Ok(meta) = entry.metadata() else { continue };
        let in_use = in_use.contains(&name);
        if in_use {
            touch(&entry.path());
        }
        let idle = meta.modified().ok().and_then(|used| now.duration_since(used).ok()).unwrap_or_default();
        let registered = registered.contains(&digest);
        files.push(Kept { path: entry.path(), bytes: meta.len(), idle, registered, in_use });
    }
    let mut pruned = Pruned { left_bytes: files.iter().map(|file| file.bytes).sum(), ..Pruned::default() };
    for file in doomed(files, rules) {
        match fs::remove_file(&file.path) {
            Ok(()) => {
                pruned.files += 1;
                pruned.bytes += file.bytes;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        pruned.left_bytes -= file.bytes;
    }
    Ok(pruned)
}

/// Notes that a file was used now.
pub(super) fn touch(path: &Path) {
    let touched = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
    if let Err(error) = touched {
        tracing::debug!(file = %path.display(), %error, "the last use of a compiled component was not noted");
    }
}

/// `…-<digest>.cwasm`
fn digest_in(name: &str) -> Option<Digest> {
    name.strip_suffix(".cwasm")?.rsplit_once('-')?.1.parse().ok()
}

fn doomed(mut files: Vec<Kept>, rules: PruneRules) -> Vec<Kept> {
    files.sort_by_key(|file| std::cmp::Reverse(file.idle));
    let mut left: u64 = files.iter().map(|file| file.bytes).sum();
    files.retain(|file| {
        let most = if file.registered { rules.registered } else { rules.unregistered };
        // The oldest are looked at first, so `left` is what remains when this one is asked.
        let goes = !file.in_use && (file.idle >= most || left > rules.bytes);
        left -= if goes { file.bytes } else { 0 };
        goes
    });
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: PruneRules =
        PruneRules { unregistered: Duration::from_secs(2), registered: Duration::from_secs(30), bytes: 100 };

    fn file(name: &str, bytes: u64, idle: u64, registered: bool, in_use: bool) -> Kept {
        Kept { path: name.into(), bytes, idle: Duration::from_secs(idle), registered, in_use }
    }

    fn gone(files: Vec<Kept>) -> Vec<String> {
        doomed(files, RULES).into_iter().map(|file| file.path.display().to_string()).collect()
    }

    #[test]
    fn what_is_old_goes_sooner_when_nobody_registered_it() {
        let files = vec![
            file("strange", 1, 2, false, false),
            file("strange but young", 1, 1, false, false),
            file("ours", 1, 29, true, false),
            file("ours but old", 1, 30, true, false),
            file("running", 1, 99, false, true),
        ];
        assert_eq!(gone(files), ["ours but old", "strange"]);
    }

    #[test]
    fn beyond_the_room_the_least_used_goes_and_what_runs_stays() {
        let files = vec![
            file("young", 60, 0, true, false),
            file("running", 60, 9, true, true),
            file("older", 30, 2, true, false),
            file("oldest", 30, 3, true, false),
        ];
        assert_eq!(gone(files), ["oldest", "older", "young"]);
        assert_eq!(gone(vec![file("young", 60, 0, true, false), file("older", 60, 2, true, false)]), ["older"]);
    }

    #[test]
    fn only_compiled_components_have_a_digest_in_their_name() {
        let digest = Digest::of(b"x");
        assert_eq!(digest_in(&format!("plugin-00ff-{digest}.cwasm")), Some(digest));
        for other in ["host.key", "tmp-12-3", "plugin-00ff-12.cwasm"] {
            assert_eq!(digest_in(other), None);
        }
    }
}
