//! A PgBouncer of the test's own, in front of a PostgreSQL server.

use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::postgres::{NOBODY, NOBODY_ID};
use crate::{Postgres, SETUP, free_port, missing, program};

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A pooler that runs until it is dropped.
#[derive(Debug)]
pub struct PgBouncer {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts one in front of all databases of `server`, for one user without a password. `mode` is `session` or
    /// `transaction`. `None` where PgBouncer is not installed.
    pub fn start(server: &Postgres, user: &str, mode: &str) -> Option<Self> {
        let Some(program) = program("pgbouncer") else {
            missing("pgbouncer", SETUP);
            return None;
        };
        let folder = tempfile::Builder::new().prefix("fondaco-pgbouncer-").tempdir().expect("a temporary folder");
        let (port, users) = (free_port(), folder.path().join("users.txt"));
        std::fs::write(&users, format!("\"{user}\" \"\"\n")).expect("write the users");
        // As PostgreSQL, it refuses to go on as root; it changes its user itself.
        let as_user = if rustix::process::getuid().is_root() {
            chown(folder.path(), Some(NOBODY_ID), Some(NOBODY_ID)).expect("give the folder away");
            chown(&users, Some(NOBODY_ID), Some(NOBODY_ID)).expect("give the users away");
            format!("user = {NOBODY}\n")
        } else {
            String::new()
        };
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {mode}\n\
             ignore_startup_parameters = extra_float_digits\n{as_user}",
            server.port(),
            users.display()
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).expect("write the settings");
        let mut command = Command::new(program);
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut pooler = Self { port, child: command.spawn().expect("start pgbouncer"), _folder: folder };
        pooler.listens();
        Some(pooler)
    }

    /// The address of a database through it, as that user.
    pub fn url_of(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    fn listens(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.try_wait().expect("look at pgbouncer");
            assert!(ended.is_none(), "pgbouncer ended: {ended:?}");
            assert!(Instant::now() < deadline, "pgbouncer does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
