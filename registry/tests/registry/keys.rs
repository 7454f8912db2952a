//! API keys, in one process and across two.

use fondaco_engine::{Roles, TenantId};
use fondaco_registry::{AuditFilter, Bounds, Error, KeyOptions, NewKey, Options, Registry};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

use crate::support::{actor, reason};

fn of(tenant: &str, roles: Roles) -> NewKey {
    NewKey { tenant: tenant.parse().unwrap(), name: "till".to_owned(), roles, expires_ms: None }
}

fn refusal<T>(outcome: Result<T, Error>) -> String {
    match outcome {
        Err(Error::Refused(fault)) => fault.reason.into_owned(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

async fn opened(folder: &tempfile::TempDir) -> Registry {
    Registry::open(folder.path()).await.unwrap()
}

async fn verdict(registry: &Registry, key: &SecretString) -> Result<TenantId, String> {
    let verified = registry.keys().verify(key.expose_secret()).await;
    verified.map(|identity| identity.tenant.clone()).map_err(|fault| fault.reason.into_owned())
}

#[tokio::test]
async fn a_key_is_good_until_it_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let registry = opened(&folder).await;
    let roles = Roles::READER.union(Roles::PUBLISHER);
    let (record, key) = registry.keys().create(of("acme", roles), &actor()).await.unwrap();
    let identity = registry.keys().verify(key.expose_secret()).await.unwrap();
    assert_eq!(identity.tenant.as_str(), "acme");
    assert_eq!(identity.roles, roles);
    assert_eq!(identity.key_id.as_ref(), record.id);
    let revoked = registry.keys().revoke(&record.id, None, &actor()).await.unwrap();
    assert!(revoked.revoked_ms.is_some());
    assert_eq!(verdict(&registry, &key).await, Err("API_KEY_REVOKED".to_owned()));
    let again = registry.keys().revoke(&record.id, None, &actor()).await.unwrap();
    assert_eq!(again, revoked, "once is enough");
    let told = registry.audit(&AuditFilter::default()).await.unwrap().items;
    assert_eq!(told.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["key.revoke", "key.create"]);
}

#[tokio::test]
async fn the_secret_is_nowhere_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let registry = opened(&folder).await;
    let (_record, key) = registry.keys().create(of("acme", Roles::CALLER), &actor()).await.unwrap();
    let secret = key.expose_secret().rsplit('_').next().unwrap().as_bytes();
    assert_eq!(secret.len(), 64);
    for file in ["registry.sqlite", "registry.sqlite-wal"] {
        let bytes = std::fs::read(folder.path().join(file)).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{file}");
    }
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_id_look_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let registry = opened(&folder).await;
    let (_record, key) = registry.keys().create(of("acme", Roles::CALLER), &actor()).await.unwrap();
    let good = key.expose_secret();
    let last = if good.ends_with('0') { "1" } else { "0" };
    let wrong_secret = format!("{}{last}", &good[..good.len() - 1]);
    let unknown_id = format!("fdk_{}_{}", "0".repeat(16), "0".repeat(64));
    let one = registry.keys().verify(&wrong_secret).await.expect_err("refused");
    let other = registry.keys().verify(&unknown_id).await.expect_err("refused");
    assert_eq!(one, other);
    assert_eq!(one.reason, "INVALID_API_KEY");
    assert_eq!(reason(registry.keys().verify("Bearer nonsense").await), "INVALID_API_KEY");
}

#[tokio::test]
async fn what_a_key_needs() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { bounds: Bounds { keys: 2, ..Bounds::default() }, ..Options::default() };
    let registry = Registry::open_with(folder.path(), options).await.unwrap();
    let create = async |new: NewKey| registry.keys().create(new, &actor()).await;
    assert_eq!(refusal(create(of("acme", Roles::NONE)).await), "NO_ROLES");
    for name in ["", "a\nb", &"x".repeat(101)] {
        let new = NewKey { name: name.to_owned(), ..of("acme", Roles::READER) };
        assert_eq!(refusal(create(new).await), "INVALID_KEY_NAME", "{name:?}");
    }
    let expired = NewKey { expires_ms: Some(1), ..of("acme", Roles::READER) };
    assert_eq!(refusal(create(expired).await), "INVALID_EXPIRY");
    let (first, _key) = create(of("acme", Roles::READER)).await.unwrap();
    create(of("acme", Roles::READER)).await.unwrap();
    assert_eq!(refusal(create(of("acme", Roles::READER)).await), "TOO_MANY_KEYS");
    registry.keys().revoke(&first.id, None, &actor()).await.unwrap();
    create(of("acme", Roles::READER)).await.unwrap();
}

#[tokio::test]
async fn a_tenant_lists_and_revokes_its_own_only() {
    let folder = tempfile::tempdir().unwrap();
    let registry = opened(&folder).await;
    let (acme, _key) = registry.keys().create(of("acme", Roles::READER), &actor()).await.unwrap();
    let (globex, _key) = registry.keys().create(of("globex", Roles::READER), &actor()).await.unwrap();
    let tenant: TenantId = "acme".parse().unwrap();
    let listed = registry.keys().list(Some(&tenant)).await.unwrap();
    assert_eq!(listed, [acme]);
    assert_eq!(registry.keys().list(None).await.unwrap().len(), 2);
    let foreign = registry.keys().revoke(&globex.id, Some(&tenant), &actor()).await;
    assert_eq!(refusal(foreign), "KEY_NOT_FOUND");
    let json = serde_json::to_value(&listed[0]).unwrap();
    assert_eq!(json["roles"], serde_json::json!(["reader"]));
    assert!(json.get("hash").is_none());
}

#[tokio::test]
async fn a_key_that_another_process_created_works_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (host, cli) = (opened(&folder).await, opened(&folder).await);
    let (_record, key) = cli.keys().create(of("acme", Roles::CALLER), &actor()).await.unwrap();
    assert_eq!(verdict(&host, &key).await.unwrap().as_str(), "acme");
}

#[tokio::test]
async fn unknown_ids_do_not_make_it_read_all_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let never = KeyOptions { poll: Duration::from_hours(1), gap: Duration::from_hours(1), ..KeyOptions::default() };
    let options = Options { keys: never, ..Options::default() };
    let host = Registry::open_with(folder.path(), options).await.unwrap();
    let cli = opened(&folder).await;
    let unknown = format!("fdk_{}_{}", "0".repeat(16), "0".repeat(64));
    assert!(host.keys().verify(&unknown).await.is_err(), "this one reads");
    let (_record, key) = cli.keys().create(of("acme", Roles::CALLER), &actor()).await.unwrap();
    assert_eq!(
        verdict(&host, &key).await,
        Err("INVALID_API_KEY".to_owned()),
        "and this one does not, for it came within the gap"
    );
}

#[tokio::test]
async fn the_last_use_is_kept_without_a_write_for_each_request() {
    let folder = tempfile::tempdir().unwrap();
    let registry = opened(&folder).await;
    let (record, key) = registry.keys().create(of("acme", Roles::CALLER), &actor()).await.unwrap();
    verdict(&registry, &key).await.unwrap();
    assert_eq!(registry.keys().list(None).await.unwrap()[0].last_used_ms, None, "not yet written");
    registry.close().await;
    let registry = opened(&folder).await;
    let listed = registry.keys().list(None).await.unwrap();
    assert!(listed[0].last_used_ms.unwrap() >= record.created_ms);
}
