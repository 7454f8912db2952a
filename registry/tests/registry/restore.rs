//! The next start: all that was released serves again, but for what cannot.

use std::sync::Mutex;

use fondaco_registry::{Config, Expect, ReleaseSpec};

use crate::support::{Host, House, actor, plugin, reason, service};

#[tokio::test]
async fn everything_serves_again_after_a_restart() {
    let house = House::new().await;
    house.push_service("pricing", "1.0.0", "service:p").await.unwrap();
    house.release(&service("pricing"), "1.0.0").await.unwrap();
    for tenant in ["acme", "globex", "initech"] {
        house.push(tenant, "tiers", "1.0.0", "price-rule:a").await.unwrap();
        house.release(&plugin(tenant, "price-rule", "tiers"), "1.0.0").await.unwrap();
    }
    house.remove(&plugin("initech", "price-rule", "tiers")).await.unwrap();
    let before = house.host.serving();
    assert_eq!(before.len(), 3);

    let house = house.restart(Host::default()).await;
    let seen = Mutex::new(Vec::new());
    let restored =
        house.deployer.restore(|progress| seen.lock().unwrap().push((progress.done, progress.total))).await.unwrap();
    assert_eq!(house.host.serving(), before);
    assert_eq!((restored.served, restored.left_out.len()), (3, 0));
    assert_eq!(seen.into_inner().unwrap(), [(1, 3), (2, 3), (3, 3)]);
}

#[tokio::test]
async fn what_no_longer_stages_is_left_out_and_the_others_serve() {
    let house = House::new().await;
    for name in ["good", "bad"] {
        house.push("acme", name, "1.0.0", &format!("tax:{name}")).await.unwrap();
        house.release(&plugin("acme", "tax", name), "1.0.0").await.unwrap();
    }
    let host = Host::default();
    host.breaks("tax:bad");
    let house = house.restart(host).await;
    let restored = house.deployer.restore(|_progress| {}).await.unwrap();
    assert_eq!(house.host.serving(), ["acme tax/good 1.0.0 {}"]);
    assert_eq!((restored.served, restored.left_out.len()), (1, 1));
    let bad = plugin("acme", "tax", "bad");
    assert_eq!(house.deployer.problem(&bad).unwrap().reason, "BROKEN");
    assert_eq!(house.deployer.problems().len(), 1);

    // It stands in the way of nobody, and comes back with the first change after it is mended.
    house.push("acme", "more", "1.0.0", "tax:more").await.unwrap();
    house.release(&plugin("acme", "tax", "more"), "1.0.0").await.unwrap();
    assert_eq!(house.deployer.problems().len(), 1);
    house.host.mends();
    house.release(&bad, "1.0.0").await.unwrap();
    assert_eq!(house.host.serving().len(), 3);
    assert!(house.deployer.problems().is_empty());
}

#[tokio::test]
async fn a_lost_artifact_leaves_the_other_tenants_alone() {
    let house = House::new().await;
    for tenant in ["acme", "globex"] {
        house.push(tenant, "tiers", "1.0.0", &format!("tax:{tenant}")).await.unwrap();
        house.release(&plugin(tenant, "tax", "tiers"), "1.0.0").await.unwrap();
    }
    let house = house.restart(Host::default()).await;
    std::fs::remove_dir_all(house.folder.path().join("blobs/sha256")).unwrap();
    std::fs::create_dir(house.folder.path().join("blobs/sha256")).unwrap();
    house.push("globex", "tiers", "1.0.0", "tax:globex").await.unwrap();
    let restored = house.deployer.restore(|_progress| {}).await.unwrap();
    // Acme's plan could not be staged at all: what it released must fail, not be absent.
    assert_eq!(house.host.serving(), ["acme tax/tiers fails: ARTIFACT_DAMAGED", "globex tax/tiers 1.0.0 {}"]);
    assert_eq!(restored.left_out[0].fault.reason, "ARTIFACT_DAMAGED");
    assert_eq!(house.deployer.problem(&plugin("acme", "tax", "tiers")).unwrap().reason, "ARTIFACT_DAMAGED");
}

#[tokio::test]
async fn services_come_up_in_whatever_order_they_need() {
    let needs = || {
        let host = Host::default();
        let needs = [("a", "b"), ("b", "c")].map(|(one, other)| (one.to_owned(), other.to_owned()));
        host.world.lock().unwrap().needs.extend(needs);
        host
    };
    let house = House::with(needs()).await;
    for name in ["a", "b", "c"] {
        house.push_service(name, "1.0.0", &format!("service:{name}")).await.unwrap();
    }
    assert_eq!(reason(house.release(&service("a"), "1.0.0").await), "BROKEN");
    for name in ["c", "b", "a"] {
        house.release(&service(name), "1.0.0").await.unwrap();
    }
    let house = house.restart(needs()).await;
    let restored = house.deployer.restore(|_progress| {}).await.unwrap();
    assert_eq!((restored.served, restored.left_out.len()), (3, 0));
    assert_eq!(house.host.serving().len(), 3);
}

#[tokio::test]
async fn an_objection_stops_a_new_release_and_nothing_that_served_before() {
    let house = House::new().await;
    let slot = service("pricing");
    let me = actor();
    let with = |version: &str, config: &str| {
        let mut spec = ReleaseSpec::of(version.parse().unwrap());
        spec.config = Some(Config::new(config).unwrap());
        house.deployer.release(&slot, spec, Expect::Any, &me)
    };
    for version in ["1.0.0", "2.0.0"] {
        house.push_service("pricing", version, &format!("service:{version}")).await.unwrap();
    }
    with("1.0.0", "\"bad\"").await.unwrap();
    with("2.0.0", "{}").await.unwrap();
    house.host.world.lock().unwrap().objects = true;

    assert_eq!(reason(with("2.0.0", "\"bad\"").await), "INVALID_CONFIG");
    assert_eq!(house.host.serving(), ["@platform service/pricing 2.0.0 {}"]);
    assert_eq!(house.rollback(&slot).await.unwrap().revision, 3);
    assert_eq!(house.host.serving(), ["@platform service/pricing 1.0.0 \"bad\""]);

    let host = Host::default();
    host.world.lock().unwrap().objects = true;
    let house = house.restart(host).await;
    let restored = house.deployer.restore(|_progress| {}).await.unwrap();
    assert_eq!((restored.served, restored.left_out.len()), (1, 0));
}

#[tokio::test]
async fn a_service_that_never_comes_up_is_reported() {
    let house = House::new().await;
    for name in ["good", "bad"] {
        house.push_service(name, "1.0.0", &format!("service:{name}")).await.unwrap();
        house.release(&service(name), "1.0.0").await.unwrap();
    }
    let host = Host::default();
    host.breaks("service:bad");
    let house = house.restart(host).await;
    let restored = house.deployer.restore(|_progress| {}).await.unwrap();
    assert_eq!((restored.served, restored.left_out.len()), (1, 1));
    assert_eq!(house.deployer.problem(&service("bad")).unwrap().reason, "BROKEN");
    assert_eq!(house.host.serving(), ["@platform service/good 1.0.0 {}"]);
}
