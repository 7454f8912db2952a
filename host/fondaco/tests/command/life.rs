//! A host's whole life: up, used, stopped, up again.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use snapbox::str;

use crate::fondaco;

struct Host {
    child: Child,
    url: String,
}

impl Host {
    fn up(state: &Path) -> Self {
        let mut child = std::process::Command::new(snapbox::cmd::cargo_bin!("fondaco"))
            .args(["up", "--listen", "127.0.0.1:0", "--state"])
            .arg(state)
            .env("FONDACO_LOG__FILTER", "warn")
            // A secret of a service's, which is no setting.
            .env("FONDACO_SECRET_MESSAGES_SMTP_PASSWORD", "hunter2")
            .current_dir(state)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said =
            |line: &str| line.strip_prefix("listening on ").map(|rest| rest.split(' ').next().unwrap().to_owned());
        let url = lines.map_while(Result::ok).find_map(|line| said(&line)).expect("the host says where it listens");
        Self { child, url }
    }

    fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn a_host_comes_up_is_used_stops_and_comes_up_again() {
    let state = tempfile::tempdir().unwrap();
    let run =
        |host: &Host, arguments: &[&str]| fondaco(state.path()).env("FONDACO_URL", &host.url).args(arguments).assert();
    let host = Host::up(state.path());

    run(&host, &["plugins"]).code(4).stderr_eq(str![[r#"
error: API_KEY_REQUIRED: send an API key, [..]

"#]]);
    run(&host, &["plugins", "--key", "fdk_nobody"]).code(4);
    let made = run(&host, &["keys", "create", "--tenant", "acme", "--name", "shop", "--roles", "publisher", "--json"]);
    let made: serde_json::Value = serde_json::from_slice(&made.code(0).get_output().stdout).unwrap();
    let key = made["key"].as_str().unwrap();
    run(&host, &["plugins", "--key", key]).code(0).stdout_eq(str![[r#"
no plugins yet; `fondaco push FILE.wasm` brings one in

"#]]);
    run(&host, &["audit", "--key", key]).code(0).stdout_eq(str![[r#"
WHEN (UTC)           WHO           SCOPE  WHAT        SUBJECT               BEFORE  AFTER
[..]  tester (cli)  acme   key.create  key/[..]  -       -

"#]]);
    let failed = run(&host, &["logs", "nothing", "--key", key, "--json"]).code(1);
    let error: serde_json::Value = serde_json::from_slice(&failed.get_output().stderr).unwrap();
    assert_eq!(error["error"]["reason"], "PLUGIN_NOT_FOUND");

    let component = wat::parse_str("(component)").unwrap();
    std::fs::write(state.path().join("empty.wasm"), component).unwrap();
    run(&host, &["push", "empty.wasm", "--key", key]).code(2);
    run(&host, &["push", "empty.wasm", "--name", "x", "--version", "1.0.0", "--key", key]).code(1).stderr_eq(str![[
        r#"
error: NO_EXTENSION_POINT: [..]
...
"#
    ]]);

    fondaco(state.path()).args(["up", "--listen", "127.0.0.1:0"]).assert().code(5);
    host.stop();

    let again = Host::up(state.path());
    run(&again, &["plugins", "--key", key]).code(0);
    again.stop();
}
