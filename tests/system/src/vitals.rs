//! A process's resident memory and threads, from /proc.

use std::fs;

/// What /proc says of a process now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// Resident memory in KiB.
    pub resident_kib: u64,
    /// The resident part that is the process's own, not mapped from files.
    pub anonymous_kib: u64,
    /// Threads, but for those of connections to SQLite: their pools open them when calls come together and close them
    /// when they are idle.
    pub threads: usize,
}

/// What sqlx calls those threads, as far as the kernel keeps names.
const OF_SQLITE: &str = "sqlx-sqlite-wor";

/// Reads them. Panics when the process is gone: a host that should be alive is not.
pub fn of(pid: u32) -> Vitals {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .unwrap_or_else(|error| panic!("process {pid} is gone: {error}"));
    Vitals {
        resident_kib: number(&status, "VmRSS:"),
        anonymous_kib: number(&status, "RssAnon:"),
        threads: threads(pid),
    }
}

fn threads(pid: u32) -> usize {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    // One that ends meanwhile has no name any more.
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| !name.starts_with(OF_SQLITE)).count()
}

fn number(status: &str, name: &str) -> u64 {
    let line =
        status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in:\n{status}"));
    line.split_whitespace().next().and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("odd {name}{line}"))
}

/// The pids of a process's children, for instance a compile worker.
pub fn children(pid: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok())
        .flat_map(|children| children.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<_>>())
        .collect()
}
