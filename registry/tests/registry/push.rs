//! Uploads: examined, immutable, bounded, stored once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fondaco_engine::{Class, Digest};
use fondaco_registry::{Bounds, Deployer, Error, Options, Registry, Upload};

use crate::support::{Host, House, actor, owner, reason};

#[tokio::test]
async fn a_version_is_immutable_and_the_same_bytes_are_fine() {
    let house = House::new().await;
    assert!(house.push("acme", "tiers", "1.0.0", "price-rule:a").await.unwrap());
    assert!(!house.push("acme", "tiers", "1.0.0", "price-rule:a").await.unwrap(), "not new");
    assert_eq!(reason(house.push("acme", "tiers", "1.0.0", "price-rule:b").await), "VERSION_EXISTS");
    assert_eq!(house.host.world.lock().unwrap().examined, 1, "only what is new is examined");
    let versions = house.registry.versions(&owner("acme"), Class::Plugin, "tiers").await.unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(versions[0].digest, Digest::of(b"price-rule:a"));
    assert_eq!(versions[0].meta.get(), r#"{"found":12}"#);
    house.assert_sound().await;
}

#[tokio::test]
async fn owners_do_not_see_each_other_but_all_see_the_platform() {
    let house = House::new().await;
    house.push("acme", "tiers", "1.0.0", "price-rule:a").await.unwrap();
    house.push("globex", "tiers", "1.0.0", "promotion:b").await.unwrap();
    house.push("@platform", "vat", "2.0.0", "tax:c").await.unwrap();
    house.push("@platform", "tiers", "3.0.0", "tax:d").await.unwrap();
    let seen = house.registry.plugins(&"acme".parse().unwrap()).await.unwrap();
    let seen: Vec<_> = seen
        .iter()
        .map(|package| format!("{} {} {} {:?}", package.owner, package.name, package.kind, package.versions.len()))
        .collect();
    assert_eq!(seen, ["acme tiers price-rule plugin 1", "@platform vat tax plugin 1"]);
    house.assert_sound().await;
}

#[tokio::test]
async fn versions_are_listed_by_semver() {
    let house = House::new().await;
    for version in ["1.9.0", "1.10.0", "1.10.0-rc.1", "0.1.0"] {
        house.push("acme", "tiers", version, "price-rule:a").await.unwrap();
    }
    let packages = house.registry.packages(&owner("acme"), Class::Plugin).await.unwrap();
    let listed: Vec<_> = packages[0].versions.iter().map(ToString::to_string).collect();
    assert_eq!(listed, ["1.10.0", "1.10.0-rc.1", "1.9.0", "0.1.0"]);
    let missing = house.registry.versions(&owner("acme"), Class::Plugin, "nope").await;
    assert!(matches!(missing, Err(Error::Refused(fault)) if fault.reason == "PLUGIN_NOT_FOUND"));
}

#[tokio::test]
async fn what_the_examination_refuses_leaves_nothing_behind() {
    let house = House::new().await;
    assert_eq!(reason(house.push("acme", "tiers", "1.0.0", "random").await), "NOT_A_COMPONENT");
    assert_eq!(reason(house.push("acme", "tiers", "1.0.0", "").await), "EMPTY_UPLOAD");
    assert_eq!(reason(house.push("acme", "tiers", "1.0.0", "service:x").await), "WRONG_CLASS");
    assert_eq!(reason(house.push_service("pricing", "1.0.0", "tax:x").await), "WRONG_CLASS");
    let long = format!("1.0.0-{}", "x".repeat(80));
    assert_eq!(reason(house.push("acme", "tiers", &long, "tax:x").await), "INVALID_VERSION");
    assert!(house.registry.packages(&owner("acme"), Class::Plugin).await.unwrap().is_empty());
    assert!(house.registry.blobs().read(&Digest::of(b"random")).is_err());
    house.assert_sound().await;
}

#[tokio::test]
async fn a_name_stays_at_its_extension_point() {
    let house = House::new().await;
    house.push("acme", "tiers", "1.0.0", "price-rule:a").await.unwrap();
    let fault = house.push("acme", "tiers", "1.1.0", "promotion:a").await.expect_err("refused");
    assert_eq!(fault.reason, "POINT_CHANGED");
    assert_eq!(fault.detail("expected"), Some("price-rule"));
    assert_eq!(fault.detail("found"), Some("promotion"));
}

#[tokio::test]
async fn every_quantity_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let bounds = Bounds { artifact_bytes: 20, owner_bytes: 60, packages: 2, versions: 2, ..Bounds::default() };
    let options = Options { bounds, ..Options::default() };
    let registry = Registry::open_with(folder.path(), options).await.unwrap();
    let host = Host::default();
    let deployer = Deployer::open(registry.clone(), Arc::new(host.clone())).await.unwrap();
    let house = House { folder, registry, deployer, host };
    let too_large = format!("tax:{}", "x".repeat(17));
    assert_eq!(reason(house.push("acme", "a", "1.0.0", &too_large).await), "COMPONENT_TOO_LARGE");
    house.push("acme", "a", "1.0.0", "tax:1").await.unwrap();
    house.push("acme", "a", "2.0.0", "tax:2").await.unwrap();
    assert_eq!(reason(house.push("acme", "a", "3.0.0", "tax:3").await), "TOO_MANY_VERSIONS");
    house.push("acme", "b", "1.0.0", &"tax:4".repeat(4)).await.unwrap();
    assert_eq!(reason(house.push("acme", "c", "1.0.0", "tax:5").await), "TOO_MANY_PLUGINS");
    house.push("globex", "c", "1.0.0", "tax:5").await.unwrap();
    house.push("globex", "c", "2.0.0", &"tax:6".repeat(4)).await.unwrap();
    house.push("globex", "d", "1.0.0", &"tax:7".repeat(4)).await.unwrap();
    let last = &"tax:8".repeat(4);
    assert_eq!(reason(house.push("globex", "d", "2.0.0", last).await), "STORAGE_EXHAUSTED");
    house.assert_sound().await;
}

#[tokio::test]
async fn pushing_again_repairs_a_damaged_artifact() {
    let house = House::new().await;
    house.push("acme", "tiers", "1.0.0", "price-rule:a").await.unwrap();
    let digest = Digest::of(b"price-rule:a").to_string();
    let path = house.folder.path().join("blobs/sha256").join(&digest[..2]).join(&digest);
    std::fs::write(&path, b"other").unwrap();
    assert_eq!(house.registry.check().await.unwrap().len(), 1);
    house.push("acme", "tiers", "1.0.0", "price-rule:a").await.unwrap();
    house.assert_sound().await;
}

#[tokio::test]
async fn garbage_goes_after_its_grace_and_versions_stay() {
    let house = House::new().await;
    house.push("acme", "tiers", "1.0.0", "price-rule:a").await.unwrap();
    let orphan = house.registry.blobs().put(Bytes::from_static(b"orphan")).await.unwrap();
    let long = Duration::from_hours(1);
    assert_eq!(house.registry.collect_garbage(long).await.unwrap(), 0, "too young");
    assert!(house.registry.blobs().read(&orphan).is_ok());
    assert_eq!(house.registry.collect_garbage(Duration::ZERO).await.unwrap(), 1);
    assert!(house.registry.blobs().read(&orphan).is_err());
    house.assert_sound().await;
}

#[tokio::test]
async fn a_folder_has_one_host_but_many_readers() {
    let house = House::new().await;
    let second = Registry::open(house.folder.path()).await.unwrap();
    let refused = Deployer::open(second.clone(), Arc::new(Host::default())).await;
    assert!(matches!(refused, Err(Error::InUse { .. })));
    house.push("acme", "tiers", "1.0.0", "price-rule:a").await.unwrap();
    assert_eq!(second.packages(&owner("acme"), Class::Plugin).await.unwrap().len(), 1);
}

#[tokio::test]
async fn concurrent_pushes_of_one_version_end_as_one() {
    let house = House::new().await;
    let pushes = (0..8).map(|number| {
        let bytes = format!("price-rule:{}", number % 2);
        let house = &house;
        async move { house.push("acme", "tiers", "1.0.0", &bytes).await }
    });
    let outcomes = futures::future::join_all(pushes).await;
    let is_new = outcomes.iter().filter(|outcome| matches!(outcome, Ok(true))).count();
    assert_eq!(is_new, 1);
    assert!(outcomes.into_iter().filter_map(Result::err).all(|fault| fault.reason == "VERSION_EXISTS"));
    house.assert_sound().await;
}

#[tokio::test]
async fn a_closed_deployer_takes_nothing_in() {
    let house = House::new().await;
    house.deployer.close().await;
    let upload =
        Upload::service(&"pricing".parse().unwrap(), "1.0.0".parse().unwrap(), Bytes::from_static(b"service:a"));
    let refused = house.deployer.push(upload, &actor()).await.map(|pushed| pushed.is_new);
    assert_eq!(reason(refused), "SHUTTING_DOWN");
}
