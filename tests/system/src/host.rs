//! The real host: a process on a state folder of its own, stopped when the test ends, whatever way it ends.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::{Api, Release};
use crate::cli::{self, Ended};
use crate::vitals::{self, Vitals};
use crate::wait::until;
use crate::{guests, programs};

/// A debug build on two busy cores compiles its services on the way up.
const READY: Duration = Duration::from_mins(2);
/// From SIGTERM to the end of the process.
const STOPPED: Duration = Duration::from_mins(1);

/// Where a host lives: its state folder, and the program and components that it runs.
pub struct House {
    state: TempDir,
    binary: PathBuf,
    components: PathBuf,
    environment: Vec<(String, String)>,
}

/// A running host.
pub struct Host {
    child: Child,
    /// `http://127.0.0.1:port`.
    pub base: String,
    log: PathBuf,
}

impl House {
    /// A new state folder for the dev build of the host. `None`, with a word on what to run, when something is missing.
    pub fn new() -> Option<Self> {
        Some(Self::of(programs::host()?, programs::components()?))
    }

    /// A new state folder for that build of the host.
    pub fn of(binary: PathBuf, components: PathBuf) -> Self {
        let state = tempfile::Builder::new().prefix("fondaco-system-").tempdir().expect("a temporary folder");
        Self { state, binary, components, environment: Vec::new() }
    }

    /// The same house with a variable in the host's environment.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same state under another build of the host.
    pub fn moved_to(self, binary: PathBuf) -> Self {
        Self { binary, ..self }
    }

    /// The folder that the host keeps everything in.
    pub fn state(&self) -> PathBuf {
        self.state.path().join("state")
    }

    /// A folder for the test's own files.
    pub fn scratch(&self) -> &Path {
        self.state.path()
    }

    /// The program.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// The folder of the guests' components.
    pub fn components(&self) -> &Path {
        &self.components
    }

    /// A component that `cargo xtask build-plugins` made.
    pub fn guest(&self, name: &str) -> Vec<u8> {
        guests::read(&self.components, name)
    }

    /// Runs the command on this state.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let state = self.state();
        cli::run(&self.binary, arguments, &[("FONDACO_STATE", state.to_str().expect("a UTF-8 path"))])
    }

    /// Makes a key by `fondaco keys create --json`; answers its token.
    pub fn key(&self, tenant: &str, roles: &[&str]) -> String {
        let roles = roles.join(",");
        let made =
            self.run(&["--tenant", tenant, "keys", "create", "--name", "test", "--roles", &roles, "--json"]).json();
        made["key"].as_str().unwrap_or_else(|| panic!("no key in {made}")).to_owned()
    }

    /// A key of a store that publishes and quotes.
    pub fn merchant(&self, tenant: &str) -> String {
        self.key(tenant, &["publisher", "caller"])
    }

    /// A key of those who run the platform.
    pub fn operator(&self) -> String {
        self.key("platform-team", &["operator"])
    }

    /// Starts the host and waits until it is ready. Another process may take the port between our look and the
    /// host's bind, so a host that ends at once is tried again on another port.
    pub async fn start(&self) -> Host {
        self.start_with(&[]).await
    }

    /// The same with more arguments behind `up`.
    pub async fn start_with(&self, arguments: &[&str]) -> Host {
        let mut last = String::new();
        for _attempt in 0..3 {
            let mut host = self.spawn(arguments);
            match host.wait_until_ready().await {
                Ok(()) => return host,
                Err(status) => last = format!("{status}\n{}", host.log_tail()),
            }
        }
        panic!("the host ends instead of getting ready: {last}");
    }

    fn spawn(&self, arguments: &[&str]) -> Host {
        let address = free_address();
        let log = self.state.path().join("host.log");
        let sink = File::options().create(true).append(true).open(&log).expect("a log file");
        let mut command = cli::clean(&self.binary);
        command
            .args(["up", "--listen", &address])
            .args(arguments)
            .env("FONDACO_STATE", self.state())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(sink.try_clone().expect("a second handle"))
            .stderr(sink);
        let child = command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", self.binary.display()));
        Host { child, base: format!("http://{address}"), log }
    }

    /// Pushes and releases the three services with configurations that suit `carts`.
    pub async fn furnish(&self, operator: &Api) {
        for name in ["shipping", "loyalty", "pricing"] {
            operator.push_service(name, "1.0.0", self.guest(&format!("services/{name}"))).await.ok();
            operator.release_service(name, "1.0.0", &Self::service_config(name)).await.ok();
        }
    }

    /// What the services of `furnish` are configured with.
    pub fn service_config(name: &str) -> Value {
        match name {
            "shipping" => {
                json!({"default": {"zones": [{"name": "domestic", "areas": [{"countries": ["DE"]}]}], "parcel": {"maxGrams": 31_500, "tareGrams": 250}}})
            }
            _ => json!({}),
        }
    }
}

impl Host {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A client with a key.
    pub fn api(&self, key: &str) -> Api {
        Api::new(&self.base, Some(key))
    }

    /// Its memory and threads now.
    pub fn vitals(&self) -> Vitals {
        vitals::of(self.pid())
    }

    /// Its child processes now.
    pub fn children(&self) -> Vec<u32> {
        vitals::children(self.pid())
    }

    /// SIGTERM, then waits for the end; panics unless it was orderly.
    pub async fn stop(mut self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("the host is alive");
        let status = self.ended().await;
        assert!(status.success(), "after SIGTERM the host ended with {status}\n{}", self.log_tail());
    }

    /// SIGKILL: no goodbye, no flush.
    pub async fn kill(mut self) {
        self.child.kill().expect("the host is alive");
        self.ended().await;
    }

    async fn ended(&mut self) -> ExitStatus {
        until("the host's end", STOPPED, async || self.child.try_wait().expect("our child").ok_or("still running"))
            .await
    }

    async fn wait_until_ready(&mut self) -> Result<(), ExitStatus> {
        let api = Api::new(&self.base, None);
        until("the host to be ready", READY, async || {
            if let Some(status) = self.child.try_wait().expect("our child") {
                return Ok(Err(status));
            }
            match api.try_send(reqwest::Method::GET, "/healthz/ready", "", bytes::Bytes::new()).await {
                Ok(answer) if answer.status == 200 => Ok(Ok(())),
                Ok(answer) => Err(answer.text()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await
    }

    fn log_tail(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if std::thread::panicking() {
            eprintln!("the host's last lines:\n{}", self.log_tail());
        }
    }
}

/// An address that was free a moment ago.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
    listener.local_addr().expect("a bound socket").to_string()
}

/// A release as most tests want it: that version, `skip`, first.
pub fn release(version: &str, config: Value) -> Release<'_> {
    Release { version, config, on_failure: "skip", position: 0 }
}
