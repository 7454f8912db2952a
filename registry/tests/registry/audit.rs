//! The audit log: complete, filtered, paged, and not to be changed.

use fondaco_engine::Digest;
use fondaco_registry::{AuditFilter, Expect, Owner, ReleaseSpec};
use sqlx::{Connection, SqliteConnection};

use crate::support::{House, actor, owner, plugin, service};

async fn eventful() -> House {
    let house = House::new().await;
    for version in ["1.0.0", "2.0.0"] {
        house.push("acme", "tiers", version, &format!("tax:{version}")).await.unwrap();
        house.release(&plugin("acme", "tax", "tiers"), version).await.unwrap();
    }
    house.rollback(&plugin("acme", "tax", "tiers")).await.unwrap();
    house.remove(&plugin("acme", "tax", "tiers")).await.unwrap();
    house.push_service("pricing", "1.0.0", "service:p").await.unwrap();
    house.release(&service("pricing"), "1.0.0").await.unwrap();
    house
}

fn of(scope: Owner) -> AuditFilter {
    AuditFilter { scope: Some(scope), ..AuditFilter::default() }
}

#[tokio::test]
async fn it_tells_who_did_what_and_the_digests_before_and_after() {
    let house = eventful().await;
    let page = house.registry.audit(&of(owner("acme"))).await.unwrap();
    let told: Vec<_> = page
        .items
        .iter()
        .map(|entry| (entry.action.as_str(), entry.subject.as_str(), entry.digest_before, entry.digest_after))
        .collect();
    let (one, two) = (Some(Digest::of(b"tax:1.0.0")), Some(Digest::of(b"tax:2.0.0")));
    assert_eq!(
        told,
        [
            ("release.remove", "tax/tiers", one, None),
            ("release.rollback", "tax/tiers", two, one),
            ("release.put", "tax/tiers", one, two),
            ("version.push", "plugin/tiers@2.0.0", None, two),
            ("release.put", "tax/tiers", None, one),
            ("version.push", "plugin/tiers@1.0.0", None, one),
        ]
    );
    assert!(page.items.iter().all(|entry| entry.actor == "test" && entry.at_ms > 0));
    assert!(page.items[1].detail.get().contains(r#""versionAfter":"1.0.0""#));
}

#[tokio::test]
async fn it_is_filtered_and_paged() {
    let house = eventful().await;
    let platform = house.registry.audit(&of(Owner::Platform)).await.unwrap();
    assert_eq!(platform.items.len(), 2);
    let mut filter = AuditFilter { action: Some("release.".to_owned()), limit: Some(2), ..of(owner("acme")) };
    let mut seen = Vec::new();
    loop {
        let page = house.registry.audit(&filter).await.unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.iter().map(|entry| entry.action.clone()));
        filter.cursor = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["release.remove", "release.rollback", "release.put", "release.put"]);
    let by_nobody = AuditFilter { actor: Some("nobody".to_owned()), ..AuditFilter::default() };
    assert!(house.registry.audit(&by_nobody).await.unwrap().items.is_empty());
    let exact = AuditFilter {
        action: Some("release.put".to_owned()),
        subject: Some("tax/tiers".to_owned()),
        ..AuditFilter::default()
    };
    assert_eq!(house.registry.audit(&exact).await.unwrap().items.len(), 2);
    let long_ago = AuditFilter { until_ms: Some(1), ..AuditFilter::default() };
    assert!(house.registry.audit(&long_ago).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_refused_change_is_not_told() {
    let house = eventful().await;
    let before = house.registry.audit(&AuditFilter::default()).await.unwrap().items.len();
    house.host.breaks("tax:1.0.0");
    let spec = ReleaseSpec::of("1.0.0".parse().unwrap());
    let slot = plugin("acme", "tax", "tiers");
    house.deployer.release(&slot, spec, Expect::Any, &actor()).await.expect_err("refused");
    let after = house.registry.audit(&AuditFilter::default()).await.unwrap().items.len();
    assert_eq!(before, after);
}

#[tokio::test]
async fn neither_it_nor_history_nor_versions_can_be_changed() {
    let house = eventful().await;
    let path = house.folder.path().join("registry.sqlite");
    let mut direct = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    for statement in [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit (id, at_ms, actor, scope, action, subject, detail) VALUES (1, 0, '', '', '', '', '{}')",
        "UPDATE releases SET config = '{}'",
        "DELETE FROM releases",
        "INSERT OR REPLACE INTO releases SELECT * FROM releases",
        "UPDATE versions SET digest = digest",
        "DELETE FROM versions",
        "INSERT OR REPLACE INTO versions SELECT * FROM versions",
    ] {
        let error = sqlx::query(statement).execute(&mut direct).await.expect_err(statement);
        let text = error.to_string();
        assert!(text.contains("append-only") || text.contains("immutable"), "{statement}: {text}");
    }
    direct.close().await.unwrap();
    house.assert_sound().await;
}
