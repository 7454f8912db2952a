//! A Redis that can fall silent without going away.

use std::ops::Deref;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub(crate) struct Redis {
    server: fondaco_test_servers::Redis,
    folder: TempDir,
}

impl Deref for Redis {
    type Target = fondaco_test_servers::Redis;

    fn deref(&self) -> &Self::Target {
        &self.server
    }
}

impl Redis {
    /// None where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let file = pid_file(&folder).display().to_string();
        let arguments = ["--save", "", "--appendonly", "no", "--pidfile", &file];
        Some(Self { server: fondaco_test_servers::Redis::start_with(&arguments)?, folder })
    }

    /// There, and silent.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = std::fs::read_to_string(pid_file(&self.folder)).unwrap().trim().parse().unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }
}

fn pid_file(folder: &TempDir) -> PathBuf {
    folder.path().join("pid")
}
