//! The `fondaco` command, run to its end.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What a command left behind.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// Panics unless it succeeded.
    pub fn ok(self) -> Self {
        assert!(self.code == 0, "exit code {}\nstdout: {}\nstderr: {}", self.code, self.stdout, self.stderr);
        self
    }

    /// Its standard output as JSON; panics unless it succeeded with nothing else there.
    pub fn json(self) -> Value {
        let done = self.ok();
        serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error} in the output:\n{}", done.stdout))
    }
}

/// Runs `binary` with `arguments` in an environment without any `FONDACO_…` of the developer's, and waits for its end.
pub fn run<A: AsRef<OsStr>>(
    binary: &Path,
    arguments: impl IntoIterator<Item = A>,
    environment: &[(&str, &str)],
) -> Ended {
    let mut command = clean(binary);
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null());
    let output = command.output().unwrap_or_else(|error| panic!("{} does not start: {error}", binary.display()));
    Ended::from(output)
}

/// The command without the developer's own configuration, and without colours.
pub(crate) fn clean(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _value) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FONDACO_") {
            command.env_remove(name);
        }
    }
    command
}

/// A command that goes on until it is dropped, for instance `logs -f`.
pub struct Running {
    child: Child,
    lines: Arc<Mutex<String>>,
}

impl Running {
    /// Starts `binary` with `arguments`, in the environment of [`run`].
    pub fn start(binary: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = clean(binary);
        command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", binary.display()));
        let stdout = child.stdout.take().expect("a pipe");
        let lines = Arc::<Mutex<String>>::default();
        let sink = Arc::clone(&lines);
        // Ends with the pipe, which ends with the child.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                sink.lock().expect("no panic in here").push_str(&(line + "\n"));
            }
        });
        Self { child, lines }
    }

    /// What it has written so far.
    pub fn stdout(&self) -> String {
        self.lines.lock().expect("no panic in here").clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
