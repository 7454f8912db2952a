//! Compiling: shared, cached, and in a child process that may die.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use fondaco_engine::{
    Class, CompileLimits, Compiler, Digest, Engine, EngineConfig, Limits, Plugin, PruneRules, WorkerCommand,
};
use tempfile::TempDir;

use super::guests::{body, config, go, wasm};

fn worker() -> WorkerCommand {
    WorkerCommand { program: env!("CARGO_BIN_EXE_fondaco-compile-worker").into(), args: Vec::new() }
}

fn shell(script: &str) -> WorkerCommand {
    WorkerCommand { program: "/bin/sh".into(), args: ["-c", script].map(OsString::from).to_vec() }
}

fn with(worker: WorkerCommand, limits: CompileLimits) -> Engine {
    Engine::new(EngineConfig { compiler: Compiler::Child(worker), compile: limits, ..config() }).unwrap()
}

fn cached(dir: &Path) -> Engine {
    let compiler = Compiler::Child(worker());
    Engine::new(EngineConfig { cache_dir: Some(dir.to_owned()), compiler, ..config() }).unwrap()
}

fn small() -> Bytes {
    wasm(&body("", "(i64.const 1)"))
}

async fn reason(engine: &Engine, bytes: Bytes) -> String {
    engine.compile(Class::Plugin, bytes).await.map_or_else(|fault| fault.reason.into_owned(), |_| "OK".to_owned())
}

fn artifact(dir: &Path) -> PathBuf {
    let mut files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|end| end == "cwasm")).unwrap()
}

#[tokio::test]
async fn equal_bytes_fly_once_and_are_shared() {
    let engine = with(worker(), CompileLimits::default());
    let all = (0..8).map(|_| engine.compile(Class::Plugin, small()));
    let all = futures::future::try_join_all(all).await.unwrap();
    assert_eq!(engine.compilations(), 1);
    assert!(all.iter().all(|compiled| Arc::ptr_eq(compiled, &all[0])));
    assert_eq!(all[0].digest(), Digest::of(&small()));
    // Another class is other code.
    let service = engine.compile(Class::Service, small()).await.unwrap();
    assert_eq!((service.class(), engine.compilations()), (Class::Service, 2));
    // Nobody holds it, nothing is left to share.
    drop(all);
    engine.compile(Class::Plugin, small()).await.unwrap();
    assert_eq!(engine.compilations(), 3);
}

#[tokio::test]
async fn what_was_compiled_once_comes_from_disk() {
    let dir = TempDir::new().unwrap();
    cached(dir.path()).compile(Class::Plugin, small()).await.unwrap();
    let engine = cached(dir.path());
    let unread = || panic!("the bytes are not needed");
    engine.load(Class::Plugin, Digest::of(&small()), unread).await.unwrap();
    assert_eq!(engine.compilations(), 0);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.path().join("host.key")), 0o600);
    assert_eq!(mode(&artifact(dir.path())), 0o600);
}

/// What happens to a file.
type Damage = fn(Vec<u8>) -> Vec<u8>;

#[tokio::test]
async fn a_bad_file_is_discarded_and_made_anew() {
    let damage: [(&str, Damage); 5] = [
        ("torn", |mut bytes| {
            bytes.truncate(bytes.len() / 2);
            bytes
        }),
        ("empty", |_| Vec::new()),
        ("tampered", |mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            bytes
        }),
        ("mac changed", |mut bytes| {
            *bytes.last_mut().unwrap() ^= 1;
            bytes
        }),
        ("without mac", |mut bytes| {
            bytes.truncate(bytes.len() - 32);
            bytes
        }),
    ];
    for (what, damage) in damage {
        let dir = TempDir::new().unwrap();
        cached(dir.path()).compile(Class::Plugin, small()).await.unwrap();
        let file = artifact(dir.path());
        let good = fs::read(&file).unwrap();
        fs::write(&file, damage(good.clone())).unwrap();
        let engine = cached(dir.path());
        engine.compile(Class::Plugin, small()).await.unwrap();
        assert_eq!(engine.compilations(), 1, "{what}");
        assert_eq!(fs::read(&file).unwrap(), good, "{what}");
    }
}

#[tokio::test]
async fn a_file_counts_only_under_its_own_name() {
    let dir = TempDir::new().unwrap();
    cached(dir.path()).compile(Class::Plugin, small()).await.unwrap();
    let file = artifact(dir.path());
    let other = wasm(&body("", "(i64.const 2)"));
    let name = file.file_name().unwrap().to_str().unwrap();
    let renamed = name.replace(&Digest::of(&small()).to_string(), &Digest::of(&other).to_string());
    fs::copy(&file, dir.path().join(renamed)).unwrap();
    let engine = cached(dir.path());
    engine.compile(Class::Plugin, other).await.unwrap();
    assert_eq!(engine.compilations(), 1);
}

/// Files of components in the folder.
fn files(dir: &Path) -> usize {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "cwasm")).count()
}

#[tokio::test]
async fn pruning_spares_what_runs_and_what_goes_is_compiled_again() {
    let dir = TempDir::new().unwrap();
    let engine = cached(dir.path());
    let runs = engine.compile(Class::Plugin, small()).await.unwrap();
    let idle = wasm(&body("", "(i64.const 2)"));
    drop(engine.compile(Class::Plugin, idle.clone()).await.unwrap());
    let mut all = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let running = Digest::of(&small()).to_string();
    let file = all.find(|path| path.to_str().unwrap().contains(&running)).unwrap();
    let long_ago = SystemTime::now() - Duration::from_hours(24 * 365);
    fs::File::open(&file).unwrap().set_modified(long_ago).unwrap();
    let secret = fs::read(dir.path().join("host.key")).unwrap();

    // Registered and used just now, it stays.
    let registered = HashSet::from([Digest::of(&idle)]);
    let pruned = engine.prune(PruneRules::default(), registered).await.unwrap();
    assert_eq!((pruned.files, files(dir.path())), (0, 2));
    assert!(fs::metadata(&file).unwrap().modified().unwrap() > long_ago, "what runs was renewed");

    // With no room at all, only what runs stays.
    let rules = PruneRules { bytes: 0, ..PruneRules::default() };
    let pruned = engine.prune(rules, HashSet::new()).await.unwrap();
    assert_eq!((pruned.files, files(dir.path())), (1, 1));
    assert_eq!(pruned.left_bytes, fs::metadata(&file).unwrap().len());
    assert_eq!(fs::read(dir.path().join("host.key")).unwrap(), secret);
    drop(runs);

    let before = engine.compilations();
    engine.compile(Class::Plugin, idle).await.unwrap();
    assert_eq!(engine.compilations(), before + 1);
}

/// Another host removes what this one has mapped: it goes on, and the next start compiles anew.
#[tokio::test]
async fn what_another_host_prunes_goes_on_here() {
    let dir = TempDir::new().unwrap();
    let (one, other) = (cached(dir.path()), cached(dir.path()));
    let compiled = one.compile(Class::Plugin, small()).await.unwrap();
    let rules = PruneRules { bytes: 0, ..PruneRules::default() };
    assert_eq!(other.prune(rules, HashSet::new()).await.unwrap().files, 1);
    let plugin = Plugin::prepare(&one, compiled).unwrap();
    assert!(go(&plugin, &Limits::default()).outcome.is_ok());
    assert!(other.compile(Class::Plugin, small()).await.is_ok());
}

#[tokio::test]
async fn bytes_of_another_digest_are_refused() {
    let engine = with(worker(), CompileLimits::default());
    let fault = engine.load(Class::Plugin, Digest::of(b"other"), || Ok(small())).await.unwrap_err();
    assert_eq!(fault.reason, "COMPONENT_UNREADABLE");
}

#[tokio::test]
async fn what_is_no_component_is_said_so() {
    let engine = with(worker(), CompileLimits { component_bytes: 10_000, ..CompileLimits::default() });
    let mut truncated = small().to_vec();
    truncated.truncate(truncated.len() - 7);
    let mut random = b"\0asm\x0d\0\x01\0".to_vec();
    random.extend((0_u32..4_000).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]));
    for (bytes, expected) in [
        (wasm("(module)"), "NOT_A_COMPONENT"),
        (Bytes::from_static(b"hello"), "NOT_A_COMPONENT"),
        (Bytes::new(), "NOT_A_COMPONENT"),
        (Bytes::from(vec![0; 10_001]), "COMPONENT_TOO_LARGE"),
        (Bytes::from(truncated), "COMPILE_FAILED"),
        (Bytes::from(random), "COMPILE_FAILED"),
        (small(), "OK"),
    ] {
        assert_eq!(reason(&engine, bytes).await, expected);
    }
}

/// One function with a lot in it.
fn bomb(operations: usize) -> Bytes {
    let chain =
        "(br_if 0 (i32.eqz (local.get 0))) (local.set 0 (i32.mul (local.get 0) (i32.const 3)))".repeat(operations);
    wasm(&format!("(component (core module (func (param i32) (block {chain}))))"))
}

#[tokio::test]
async fn a_bomb_in_time_ends_with_the_child() {
    let limits = CompileLimits { wall: Duration::from_millis(100), ..CompileLimits::default() };
    assert_eq!(reason(&with(worker(), limits), bomb(50_000)).await, "COMPILE_TIMEOUT");
    let limits = CompileLimits { cpu: Duration::from_secs(1), ..CompileLimits::default() };
    assert_eq!(reason(&with(worker(), limits), bomb(200_000)).await, "COMPILE_TIMEOUT");
}

#[tokio::test]
async fn a_bomb_in_memory_ends_with_the_child() {
    let limits = CompileLimits { memory_bytes: 96 << 20, ..CompileLimits::default() };
    let engine = with(worker(), limits);
    assert_eq!(reason(&engine, bomb(50_000)).await, "COMPILE_TOO_LARGE");
    assert_eq!(reason(&engine, small()).await, "OK");
}

#[tokio::test]
async fn whatever_the_child_does_is_a_fault() {
    let limits = CompileLimits { wall: Duration::from_millis(300), artifact_bytes: 1_000, ..CompileLimits::default() };
    for (script, expected) in [
        ("kill -SEGV $$", "COMPILE_FAILED"),
        ("exit 1", "COMPILE_FAILED"),
        ("printf Q", "COMPILE_FAILED"),
        ("printf 'FCOMPILE_TOO_LARGE\\nx'", "COMPILE_TOO_LARGE"),
        ("printf 'FSOMETHING_ELSE\\nx'", "COMPILE_FAILED"),
        ("echo memory allocation of 9 bytes failed >&2; kill -ABRT $$", "COMPILE_TOO_LARGE"),
        ("exec /bin/cat /dev/zero", "COMPILE_TOO_LARGE"),
        ("exec /bin/sleep 1000", "COMPILE_TIMEOUT"),
    ] {
        assert_eq!(reason(&with(shell(script), limits), small()).await, expected, "{script}");
    }
    let missing = WorkerCommand { program: "/nowhere/worker".into(), args: Vec::new() };
    assert_eq!(reason(&with(missing, limits), small()).await, "INTERNAL");
}

#[tokio::test]
async fn the_child_sees_no_environment() {
    let engine = with(shell("printf 'FCOMPILE_FAILED\\n'; exec /usr/bin/env"), CompileLimits::default());
    assert!(std::env::var("CARGO_MANIFEST_DIR").is_ok());
    let fault = engine.compile(Class::Plugin, small()).await.unwrap_err();
    assert!(!fault.message.contains("CARGO"), "{}", fault.message);
}

#[tokio::test]
async fn failures_are_shared_too() {
    let dir = TempDir::new().unwrap();
    let script = format!("echo x >> {}/count; exit 1", dir.path().display());
    let engine = with(shell(&script), CompileLimits::default());
    let all = futures::future::join_all((0..8).map(|_| engine.compile(Class::Plugin, small()))).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(fs::read_to_string(dir.path().join("count")).unwrap(), "x\n");
}

#[tokio::test]
async fn a_component_that_does_not_fit_the_pool_is_refused() {
    let engine = with(worker(), CompileLimits::default());
    let wat = "(component (core module $m (memory 60000)) (core instance (instantiate $m)))";
    assert_eq!(reason(&engine, wasm(wat)).await, "DOES_NOT_FIT");
}
