//! Following another process, step by step and without waiting for a clock.

use std::time::Duration;

use fondaco_engine::Roles;
use secrecy::ExposeSecret;

use crate::keys::{KeyOptions, NewKey};
use crate::owner::Actor;
use crate::registry::{Options, Registry};

async fn silent(folder: &tempfile::TempDir) -> Registry {
    let keys = KeyOptions { poll: Duration::from_hours(1), gap: Duration::from_hours(1), ..KeyOptions::default() };
    let options = Options { keys, ..Options::default() };
    Registry::open_with(folder.path(), options).await.expect("opens")
}

fn new_key() -> NewKey {
    NewKey {
        tenant: "acme".parse().expect("a tenant"),
        name: "till".to_owned(),
        roles: Roles::CALLER,
        expires_ms: None,
    }
}

#[tokio::test]
async fn a_revocation_by_another_process_is_noticed_by_polling() {
    let folder = tempfile::tempdir().expect("a folder");
    let (host, cli) = (silent(&folder).await, silent(&folder).await);
    let actor = Actor::new("test");
    let (record, key) = cli.keys().create(new_key(), &actor).await.expect("created");
    let mut watcher = host.keys().watcher().await.expect("watches");
    assert!(host.keys().follow(&mut watcher).await.expect("follows"), "a new key");
    assert!(host.keys().verify(key.expose_secret()).await.is_ok());
    assert!(!host.keys().follow(&mut watcher).await.expect("follows"), "nothing new");

    cli.keys().revoke(&record.id, None, &actor).await.expect("revoked");
    assert!(host.keys().verify(key.expose_secret()).await.is_ok(), "not noticed yet");
    assert!(host.keys().follow(&mut watcher).await.expect("follows"));
    let fault = host.keys().verify(key.expose_secret()).await.expect_err("refused");
    assert_eq!(fault.reason, "API_KEY_REVOKED");
}

#[tokio::test]
async fn what_does_not_concern_keys_does_not_make_it_read_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let (host, cli) = (silent(&folder).await, silent(&folder).await);
    let (_record, key) = cli.keys().create(new_key(), &Actor::new("test")).await.expect("created");
    let mut watcher = host.keys().watcher().await.expect("watches");
    host.keys().follow(&mut watcher).await.expect("follows");
    assert!(cli.keys().verify(key.expose_secret()).await.is_ok());
    cli.keys().store_used().await.expect("stored");
    assert!(!host.keys().follow(&mut watcher).await.expect("follows"), "a last use is no change");
}

#[tokio::test]
async fn an_expired_key_is_refused_without_reading_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = silent(&folder).await;
    let (record, key) = registry.keys().create(new_key(), &Actor::new("test")).await.expect("created");
    let mut change = registry.database().write().await.expect("writes");
    sqlx::query("UPDATE api_keys SET expires_ms = 1 WHERE id = $1")
        .bind(&record.id)
        .execute(&mut *change)
        .await
        .expect("made to expire");
    change.commit().await.expect("committed");
    registry.keys().reload().await.expect("reads");
    let fault = registry.keys().verify(key.expose_secret()).await.expect_err("refused");
    assert_eq!(fault.reason, "API_KEY_EXPIRED");
}
