//! A PostgreSQL server of the test's own.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{SETUP, free_port, missing};

/// PostgreSQL refuses to run as root: then it runs as this one, whose number is the same everywhere.
pub(crate) const NOBODY: &str = "nobody";
pub(crate) const NOBODY_ID: u32 = 65_534;

/// Fast for tests, and with enough connections for many of them at a time.
const SETTINGS: &str = "fsync = off\nmax_connections = 200\nshared_buffers = 64MB\nlisten_addresses = '127.0.0.1'\n\
                        autovacuum = off\njit = off\n";

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Starts one, empty. `None` where PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            missing("PostgreSQL", SETUP);
            return None;
        };
        let folder = tempfile::Builder::new().prefix("fondaco-postgres-").tempdir().expect("a temporary folder");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).expect("close the folder");
        if rustix::process::getuid().is_root() {
            chown(folder.path(), Some(NOBODY_ID), Some(NOBODY_ID)).expect("give the folder away");
        }
        let server = Self { programs, folder, port: free_port() };
        let data = server.data();
        server.must("initdb", &["-D", &data, "-U", "fondaco", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]);
        let settings = format!("{SETTINGS}port = {}\nunix_socket_directories = ''\n", server.port);
        std::fs::write(Path::new(&data).join("postgresql.auto.conf"), settings).expect("write the settings");
        server.resume();
        Some(server)
    }

    /// The address of one of its databases, as its superuser.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://fondaco@127.0.0.1:{}/{database}", self.port)
    }

    /// The address of the database that is there from the beginning.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it at once, with all connections: it is gone like a machine that lost its power.
    pub fn stop(&self) {
        self.must("pg_ctl", &["stop", "-D", &self.data(), "-m", "immediate", "-w", "-t", "30"]);
    }

    /// Starts it again, on the same port, with what it had.
    pub fn resume(&self) {
        let log = self.folder.path().join("log").display().to_string();
        self.must("pg_ctl", &["start", "-D", &self.data(), "-l", &log, "-w", "-t", "60"]);
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        let path = self.programs.join(program);
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", NOBODY, "--regid", "nogroup", "--clear-groups"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.args(args).current_dir(self.folder.path()).output().expect("run a program of PostgreSQL")
    }

    fn must(&self, program: &str, args: &[&str]) {
        // Not into a pipe: the server would hold on to it, and the reader would wait for the server's end.
        let output = self.run(program, args);
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.run("pg_ctl", &["stop", "-D", &self.data(), "-m", "immediate", "-w", "-t", "30"]);
    }
}

/// The newest installed version's programs: in the path, or where Debian puts them.
fn programs() -> Option<PathBuf> {
    let in_path = std::env::var_os("PATH");
    let in_path = in_path.iter().flat_map(std::env::split_paths).find(|folder| folder.join("initdb").is_file());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin")).filter(|folder| folder.join("initdb").is_file());
    in_path.or_else(|| debian.max_by_key(|folder| version_of(folder)))
}

fn version_of(folder: &Path) -> u32 {
    let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    version.and_then(|name| name.parse().ok()).unwrap_or(0)
}
