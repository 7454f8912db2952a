//! A Redis server of the test's own.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{SETUP, free_port, missing, program};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Redis {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    child: Mutex<Option<Child>>,
}

impl Redis {
    /// Starts one, empty, that keeps nothing on disk. `None` where Redis is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with(&["--save", "", "--appendonly", "no"])
    }

    /// Starts one with arguments of one's own, for instance `--appendonly yes --appendfsync always`.
    pub fn start_with(arguments: &[&str]) -> Option<Self> {
        let Some(program) = program("redis-server") else {
            missing("redis-server", SETUP);
            return None;
        };
        let folder = tempfile::Builder::new().prefix("fondaco-redis-").tempdir().expect("a temporary folder");
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let server = Self { program, folder, port: free_port(), arguments, child: Mutex::default() };
        server.resume();
        Some(server)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it at once: it is gone like a machine that lost its power.
    pub fn stop(&self) {
        if let Some(mut child) = self.lock().take() {
            child.kill().expect("stop redis");
            child.wait().expect("wait for redis");
        }
    }

    /// Starts it again, on the same port, with what it kept on disk: by default nothing.
    pub fn resume(&self) {
        let mut command = Command::new(&self.program);
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--dir"]).arg(self.folder.path());
        command.args(["--maxmemory-policy", "noeviction"]).args(&self.arguments);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        *self.lock() = Some(child.expect("start redis"));
        let deadline = Instant::now() + PATIENCE;
        while self.ping().is_none() {
            assert!(Instant::now() < deadline, "redis does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Runs one command and answers its reply's first line: `+OK`, `:3`, `$-1`, …
    pub fn command(&self, words: &[&str]) -> String {
        self.try_command(words).expect("redis answers")
    }

    fn ping(&self) -> Option<()> {
        (self.try_command(&["PING"]).ok()? == "+PONG").then_some(())
    }

    fn try_command(&self, words: &[&str]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "*{}\r\n", words.len())?;
        for word in words {
            write!(stream, "${}\r\n{word}\r\n", word.len())?;
        }
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(mut child) = self.lock().take() {
            let _ended = child.kill();
            let _reaped = child.wait();
        }
    }
}
