//! `kill -9` at any moment: an upload or a release is there whole or not at all, and what was
//! acknowledged is there.
//!
//! The test starts itself again as a process that pushes and releases without end, kills it at a
//! random moment, opens the folder and checks that everything stored fits together; a hundred times.
//! (A killed process leaves the page cache behind, so this cannot show that data was synced; it
//! shows the order of the steps.)

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use fondaco_engine::{Class, Digest};
use fondaco_registry::{Deployer, Expect, Registry, ReleaseSpec, Slot, Upload};
use rand::RngExt;
use support::{Host, actor, owner, plugin};

const FOLDER: &str = "FONDACO_CRASH_FOLDER";
const KILLS: u32 = 100;
const KILLS_A_FOLDER: u32 = 20;

#[tokio::test]
async fn a_killed_host_leaves_whole_changes() {
    let mut folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    let mut seen = BTreeMap::<&str, usize>::new();
    let mut interrupted = 0;
    for kill in 0..KILLS {
        if kill % KILLS_A_FOLDER == 0 {
            folder = tempfile::tempdir().unwrap();
            acknowledged.clear();
        }
        for line in run_and_kill(folder.path()) {
            acknowledged.push(Acknowledged::parse(&line));
        }
        for what in &acknowledged {
            *seen.entry(what.action()).or_default() += 1;
        }
        interrupted += check(folder.path(), &acknowledged).await;
    }
    assert!(interrupted > 0, "no kill fell into an upload, so nothing was shown");
    for action in ["pushed", "put", "rollback", "remove"] {
        assert!(seen.contains_key(action), "no {action} came through, so nothing was shown: {seen:?}");
    }
}

/// Starts the victim, waits for a random number of its acknowledgements and a little longer, and
/// kills it. What it acknowledged before comes back.
fn run_and_kill(folder: &Path) -> Vec<String> {
    let mut victim = Victim::start(folder);
    let mut out = BufReader::new(victim.0.stdout.take().unwrap());
    let wanted = rand::rng().random_range(0..12);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut started = false;
    while (lines.len() < wanted || !started) && out.read_line(&mut line).unwrap() > 0 {
        match line.strip_prefix('@') {
            Some("ready\n") => started = true,
            Some(acknowledged) => lines.push(acknowledged.trim_end().to_owned()),
            None => {}
        }
        line.clear();
    }
    assert!(started, "the victim did not start");
    // Up to a few ms, so that the kill falls into every step of a change.
    for _ in 0..rand::rng().random_range(0..2_000_000_u32) {
        std::hint::spin_loop();
    }
    victim.kill();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    // A line without its end was cut by the kill.
    let whole = rest.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    lines.extend(whole.filter_map(|line| line.strip_prefix('@')).map(|line| line.trim_end().to_owned()));
    lines.retain(|line| line != "ready");
    lines
}

struct Victim(Child);

impl Victim {
    fn start(folder: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "victim", "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// What the victim said it had done.
enum Acknowledged {
    Pushed { name: String, version: String, digest: Digest },
    Released { action: String, name: String, revision: u64, digest: Option<Digest> },
}

impl Acknowledged {
    fn parse(line: &str) -> Self {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["pushed", name, version, digest] => {
                Self::Pushed { name: name.to_owned(), version: version.to_owned(), digest: digest.parse().unwrap() }
            }
            [action, name, revision, digest] => Self::Released {
                action: action.to_owned(),
                name: name.to_owned(),
                revision: revision.parse().unwrap(),
                digest: digest.parse().ok(),
            },
            _ => panic!("{line:?}"),
        }
    }

    fn action(&self) -> &'static str {
        match self {
            Self::Pushed { .. } => "pushed",
            Self::Released { action, .. } => {
                ["put", "rollback", "remove"].into_iter().find(|known| known == action).expect("a known action")
            }
        }
    }
}

/// Says how many uploads it found interrupted.
async fn check(folder: &Path, acknowledged: &[Acknowledged]) -> usize {
    let registry = Registry::open(folder).await.unwrap();
    assert_eq!(registry.check().await.unwrap(), Vec::<String>::new());
    let mut versions = BTreeMap::new();
    let mut history = BTreeMap::new();
    for name in NAMES {
        let found = registry.versions(&owner(TENANT), Class::Plugin, name).await;
        for version in found.unwrap_or_default() {
            versions.insert((name.to_owned(), version.version.to_string()), version.digest);
        }
        let page = registry.history(&slot_of(name), None, Some(1_000)).await.unwrap();
        for entry in page.items {
            let digest = entry.release.map(|release| release.digest);
            history.insert((name.to_owned(), entry.revision), digest);
        }
    }
    for what in acknowledged {
        match what {
            Acknowledged::Pushed { name, version, digest } => {
                assert_eq!(versions.get(&(name.clone(), version.clone())), Some(digest), "{name} {version} is lost");
            }
            Acknowledged::Released { name, revision, digest, .. } => {
                assert_eq!(history.get(&(name.clone(), *revision)), Some(digest), "{name} {revision} is lost");
            }
        }
    }
    let interrupted = std::fs::read_dir(folder.join("blobs/tmp")).unwrap().count();
    let host = Host::default();
    let deployer = Deployer::open(registry.clone(), Arc::new(host.clone())).await.unwrap();
    let left_aside = std::fs::read_dir(folder.join("blobs/tmp")).unwrap().count();
    assert_eq!(left_aside, 0, "an interrupted upload is cleaned away");
    let restored = deployer.restore(|_progress| {}).await.unwrap();
    assert!(restored.left_out.is_empty(), "{restored:?}");
    assert_eq!(host.serving().len(), registry.releases(&owner(TENANT)).await.unwrap().len());
    deployer.close().await;
    registry.close().await;
    interrupted
}

const TENANT: &str = "acme";
const NAMES: [&str; 3] = ["one", "two", "three"];

fn slot_of(name: &str) -> Slot {
    plugin(TENANT, "price-rule", name)
}

/// Not a test: the process that is killed.
#[tokio::test]
#[ignore = "the process that the test above starts and kills"]
async fn victim() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let registry = Registry::open(folder).await.unwrap();
    let deployer = Deployer::open(registry, Arc::new(Host::default())).await.unwrap();
    deployer.restore(|_progress| {}).await.unwrap();
    println!("\n@ready");
    loop {
        let number: u32 = rand::rng().random();
        let name = NAMES[number as usize % NAMES.len()];
        push_and_release(&deployer, name, &format!("0.0.{number}")).await;
        match number % 5 {
            0 => {
                if let Ok(release) = deployer.rollback(&slot_of(name), Expect::Any, &actor()).await {
                    println!("@rollback {name} {} {}", release.revision, release.digest);
                }
            }
            1 => {
                deployer.remove(&slot_of(name), Expect::Any, &actor()).await.unwrap();
                let page = deployer.registry().history(&slot_of(name), None, Some(1)).await.unwrap();
                println!("@remove {name} {} none", page.items[0].revision);
            }
            _ => {}
        }
    }
}

async fn push_and_release(deployer: &Deployer, name: &str, version: &str) {
    // Larger than a page, so that a write can be cut in the middle.
    let bytes = format!("price-rule:{version}{}", " ".repeat(40_000));
    let upload = Upload::plugin(owner(TENANT), &name.parse().unwrap(), version.parse().unwrap(), Bytes::from(bytes));
    let pushed = deployer.push(upload, &actor()).await.unwrap();
    println!("@pushed {name} {version} {}", pushed.version.digest);
    let spec = ReleaseSpec::of(version.parse().unwrap());
    let release = deployer.release(&slot_of(name), spec, Expect::Any, &actor()).await.unwrap();
    println!("@put {name} {} {}", release.revision, release.digest);
}
