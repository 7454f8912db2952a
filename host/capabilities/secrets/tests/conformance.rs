//! What every source of secrets keeps to, run on each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use fondaco_engine::{ServiceName, TenantId};
use fondaco_secrets::{Environment, Folder, InvalidName, MAX_BYTES, SecretName, Secrets, SecretsConfig, Source};
use secrecy::ExposeSecret;

/// A service's secrets, put where the source looks for them.
type Given<'a> = BTreeMap<&'a str, Vec<u8>>;

fn ids() -> (TenantId, ServiceName) {
    ("acme".parse().unwrap(), "mailer".parse().unwrap())
}

fn name(text: &str) -> SecretName {
    text.parse().unwrap_or_else(|error: InvalidName| panic!("{error}"))
}

async fn ask(source: &dyn Source, of: &str) -> Result<Option<String>, String> {
    let (tenant, service) = ids();
    let answer = source.get(&tenant, &service, &name(of)).await;
    answer.map(|secret| secret.map(|secret| secret.expose_secret().to_owned())).map_err(|fault| {
        assert!(!fault.message.contains("hunter"), "{}", fault.message);
        fault.reason.into_owned()
    })
}

async fn keeps_to_it(make: impl Fn(&Given<'_>) -> Box<dyn Source>) {
    let given = Given::from([
        ("plain", b"hunter2".to_vec()),
        ("line", b"hunter2\n".to_vec()),
        ("lines", b"-----BEGIN\nhunter2\n\n".to_vec()),
        ("dot.ted-name_x", "ä".into()),
        ("empty", Vec::new()),
        ("binary", b"hunter\xff".to_vec()),
        ("longest", vec![b'x'; MAX_BYTES]),
        ("too-long", vec![b'x'; MAX_BYTES + 1]),
    ]);
    let source = make(&given);
    let some = |text: &str| Ok(Some(text.to_owned()));
    assert_eq!(ask(&*source, "plain").await, some("hunter2"));
    assert_eq!(ask(&*source, "line").await, some("hunter2"));
    assert_eq!(ask(&*source, "lines").await, some("-----BEGIN\nhunter2\n"));
    assert_eq!(ask(&*source, "dot.ted-name_x").await, some("ä"));
    assert_eq!(ask(&*source, "absent").await, Ok(None));
    assert_eq!(ask(&*source, "longest").await.unwrap().unwrap().len(), MAX_BYTES);
    for unreadable in ["empty", "binary", "too-long"] {
        assert_eq!(ask(&*source, unreadable).await, Err("SECRET_UNREADABLE".to_owned()), "{unreadable}");
    }
    let other = source.get(&"acme".parse().unwrap(), &"other".parse().unwrap(), &name("plain")).await;
    assert!(other.unwrap().is_none());
}

#[tokio::test]
async fn a_folder_keeps_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let put = |given: &Given<'_>| -> Box<dyn Source> {
        std::fs::create_dir_all(folder.path().join("mailer")).unwrap();
        for (name, bytes) in given {
            std::fs::write(folder.path().join("mailer").join(name), bytes).unwrap();
        }
        Box::new(Folder::new(folder.path()))
    };
    keeps_to_it(put).await;
}

#[tokio::test]
async fn an_environment_keeps_to_it() {
    keeps_to_it(|given| {
        let variable = |name: &str| format!("FONDACO_SECRET_MAILER_{}", name.replace(['-', '.'], "_").to_uppercase());
        let set: BTreeMap<_, _> = given.iter().map(|(name, bytes)| (variable(name), bytes.clone())).collect();
        Box::new(Environment::of(move |name| set.get(name).cloned().map(OsString::from_vec)))
    })
    .await;
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[tokio::test]
async fn a_tenants_own_goes_before_the_services() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("mailer/key"), "everybody's");
    write(&folder.path().join("mailer/globex/key"), "globex's");
    let source = Folder::new(folder.path());
    for (tenant, expected) in [("acme", "everybody's"), ("globex", "globex's")] {
        let secret = source.get(&tenant.parse().unwrap(), &"mailer".parse().unwrap(), &name("key")).await;
        assert_eq!(secret.unwrap().unwrap().expose_secret(), expected);
    }
}

#[tokio::test]
async fn a_mounted_secret_is_rotated_by_swapping_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let mount = folder.path().join("mailer");
    write(&mount.join("..1/key"), "old");
    write(&mount.join("..2/key"), "new");
    std::os::unix::fs::symlink("..1", mount.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/key", mount.join("key")).unwrap();
    let source = Folder::new(folder.path());
    assert_eq!(ask(&source, "key").await, Ok(Some("old".to_owned())));
    std::os::unix::fs::symlink("..2", mount.join("..tmp")).unwrap();
    std::fs::rename(mount.join("..tmp"), mount.join("..data")).unwrap();
    assert_eq!(ask(&source, "key").await, Ok(Some("new".to_owned())));
}

#[tokio::test]
async fn a_link_leads_out_of_the_folder_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("outside"), "hunter2");
    write(&folder.path().join("secrets/mailer/fine"), "x");
    std::os::unix::fs::symlink("../../outside", folder.path().join("secrets/mailer/key")).unwrap();
    let source = Folder::new(folder.path().join("secrets"));
    assert_eq!(ask(&source, "key").await, Err("SECRET_UNREADABLE".to_owned()));
}

#[tokio::test]
async fn what_nobody_set_is_said_without_a_hint_of_its_content() {
    let secrets = Secrets::new(&SecretsConfig { folder: None, environment: true });
    let (tenant, service) = ids();
    let fault = secrets.get(&tenant, &service, &name("absent")).await.unwrap_err();
    assert_eq!(fault.reason, "SECRET_NOT_FOUND");
    assert!(fault.message.contains("`absent` of service `mailer`"), "{}", fault.message);
}
