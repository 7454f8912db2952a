//! Releases: staged before they are committed, committed before they serve, and undone.

use std::sync::Arc;

use fondaco_registry::{Action, Config, Expect, LimitsText, OnFailure, Owner, ReleaseSpec};
use tokio::sync::Semaphore;

use crate::support::{Host, House, actor, owner, plugin, reason, service};

async fn with_versions(versions: &[&str]) -> House {
    let house = House::new().await;
    for version in versions {
        let bytes = format!("price-rule:{version}");
        house.push("acme", "tiers", version, &bytes).await.unwrap();
    }
    house
}

#[tokio::test]
async fn a_release_serves_and_comes_back() {
    let house = with_versions(&["1.0.0", "2.0.0", "3.0.0"]).await;
    let slot = plugin("acme", "price-rule", "tiers");
    assert_eq!(house.release(&slot, "1.0.0").await.unwrap().revision, 1);
    house.release(&slot, "2.0.0").await.unwrap();
    let third = house.release(&slot, "3.0.0").await.unwrap();
    assert_eq!(third.previous.unwrap().version.to_string(), "2.0.0");
    assert_eq!(house.host.serving(), ["acme price-rule/tiers 3.0.0 {}"]);
    let back = house.rollback(&slot).await.unwrap();
    assert_eq!((back.revision, back.version.to_string()), (4, "2.0.0".to_owned()));
    assert_eq!(back.previous.unwrap().version.to_string(), "1.0.0");
    house.rollback(&slot).await.unwrap();
    assert_eq!(house.host.serving(), ["acme price-rule/tiers 1.0.0 {}"]);
    assert_eq!(reason(house.rollback(&slot).await), "NOTHING_TO_ROLL_BACK_TO");
    house.assert_sound().await;
}

#[tokio::test]
async fn a_removal_can_be_rolled_back() {
    let house = with_versions(&["1.0.0", "2.0.0"]).await;
    let slot = plugin("acme", "price-rule", "tiers");
    house.release(&slot, "1.0.0").await.unwrap();
    house.release(&slot, "2.0.0").await.unwrap();
    house.remove(&slot).await.unwrap();
    assert!(house.host.serving().is_empty());
    assert!(house.registry.release(&slot).await.is_err());
    assert_eq!(reason(house.remove(&slot).await), "RELEASE_NOT_FOUND");
    house.rollback(&slot).await.unwrap();
    assert_eq!(house.host.serving(), ["acme price-rule/tiers 2.0.0 {}"]);
    house.rollback(&slot).await.unwrap();
    assert_eq!(house.host.serving(), ["acme price-rule/tiers 1.0.0 {}"]);
    let history = house.registry.history(&slot, None, None).await.unwrap().items;
    let actions: Vec<_> = history.iter().map(|entry| (entry.revision, entry.action)).collect();
    assert_eq!(
        actions,
        [(5, Action::Rollback), (4, Action::Rollback), (3, Action::Remove), (2, Action::Put), (1, Action::Put)]
    );
    assert!(history[2].release.is_none());
    house.assert_sound().await;
}

#[tokio::test]
async fn history_comes_in_pages() {
    let house = with_versions(&["1.0.0", "2.0.0"]).await;
    let slot = plugin("acme", "price-rule", "tiers");
    for version in ["1.0.0", "2.0.0", "1.0.0", "2.0.0", "1.0.0"] {
        house.release(&slot, version).await.unwrap();
    }
    let first = house.registry.history(&slot, None, Some(2)).await.unwrap();
    assert_eq!(first.items.iter().map(|entry| entry.revision).collect::<Vec<_>>(), [5, 4]);
    let second = house.registry.history(&slot, first.next, Some(2)).await.unwrap();
    assert_eq!(second.items.iter().map(|entry| entry.revision).collect::<Vec<_>>(), [3, 2]);
    let last = house.registry.history(&slot, second.next, Some(2)).await.unwrap();
    assert_eq!(last.items.len(), 1);
    assert_eq!(last.next, None);
}

#[tokio::test]
async fn what_a_spec_leaves_out_stays_as_it_is() {
    let house = with_versions(&["1.0.0", "2.0.0"]).await;
    let slot = plugin("acme", "price-rule", "tiers");
    let spec = ReleaseSpec {
        position: Some(-5),
        config: Some(Config::new(r#"{"a": 1}"#).unwrap()),
        on_failure: Some(OnFailure::LastGood),
        limits: Some(LimitsText::new(r#"{"fuel": 5}"#).unwrap()),
        ..ReleaseSpec::of("1.0.0".parse().unwrap())
    };
    house.deployer.release(&slot, spec, Expect::Any, &actor()).await.unwrap();
    let release = house.release(&slot, "2.0.0").await.unwrap();
    assert_eq!(release.position, -5);
    assert_eq!(release.config.text().as_ref(), r#"{"a": 1}"#);
    assert_eq!(release.on_failure, OnFailure::LastGood);
    assert_eq!(release.limits.as_ref().unwrap().text().as_ref(), r#"{"fuel": 5}"#);
    let stored = house.registry.release(&slot).await.unwrap();
    assert_eq!(
        serde_json::to_value(&stored).unwrap(),
        serde_json::to_value(&release).unwrap(),
        "what is answered is what is stored"
    );
}

#[tokio::test]
async fn the_same_again_makes_no_revision() {
    let house = with_versions(&["1.0.0"]).await;
    let slot = plugin("acme", "price-rule", "tiers");
    house.release(&slot, "1.0.0").await.unwrap();
    let again = house.release(&slot, "1.0.0").await.unwrap();
    assert_eq!(again.revision, 1);
    assert_eq!(house.registry.history(&slot, None, None).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn plugins_are_ordered_by_position_then_name_and_new_ones_go_last() {
    let house = House::new().await;
    for name in ["b", "a", "c"] {
        house.push("acme", name, "1.0.0", "price-rule:x").await.unwrap();
        house.release(&plugin("acme", "price-rule", name), "1.0.0").await.unwrap();
    }
    let spec = ReleaseSpec { position: Some(10), ..ReleaseSpec::of("1.0.0".parse().unwrap()) };
    let slot = plugin("acme", "price-rule", "c");
    house.deployer.release(&slot, spec, Expect::Any, &actor()).await.unwrap();
    let order: Vec<_> = house.registry.releases(&owner("acme")).await.unwrap();
    let order: Vec<_> = order.iter().map(|release| (release.slot.name(), release.position)).collect();
    assert_eq!(order, [("b", 10), ("c", 10), ("a", 20)]);
    assert_eq!(house.host.world.lock().unwrap().staged, [1, 2, 3, 3], "the whole set each time");
}

#[tokio::test]
async fn a_change_made_for_another_state_is_refused() {
    let house = with_versions(&["1.0.0", "2.0.0"]).await;
    let slot = plugin("acme", "price-rule", "tiers");
    let spec = |version: &str| ReleaseSpec::of(version.parse().unwrap());
    let change = async |version: &str, expect| {
        let changed = house.deployer.release(&slot, spec(version), expect, &actor()).await;
        changed.map(|release| release.revision)
    };
    assert_eq!(reason(change("1.0.0", Expect::Revision(1)).await), "REVISION_MISMATCH");
    assert_eq!(change("1.0.0", Expect::Absent).await.unwrap(), 1);
    assert_eq!(reason(change("2.0.0", Expect::Absent).await), "REVISION_MISMATCH");
    assert_eq!(change("2.0.0", Expect::Revision(1)).await.unwrap(), 2);
    let late = house.deployer.rollback(&slot, Expect::Revision(1), &actor()).await;
    assert_eq!(reason(late), "REVISION_MISMATCH");
    let late = house.deployer.remove(&slot, Expect::Revision(1), &actor()).await;
    assert_eq!(reason(late), "REVISION_MISMATCH");
    house.deployer.remove(&slot, Expect::Revision(2), &actor()).await.unwrap();
    assert_eq!(change("1.0.0", Expect::Absent).await.unwrap(), 4, "removed is absent");
}

#[tokio::test]
async fn a_tenant_releases_its_own_and_the_platforms_only() {
    let house = House::new().await;
    house.push("globex", "secret", "1.0.0", "tax:g").await.unwrap();
    house.push("@platform", "vat", "1.0.0", "tax:p").await.unwrap();
    let of_another = plugin("acme", "tax", "secret");
    assert_eq!(reason(house.release(&of_another, "1.0.0").await), "PLUGIN_NOT_FOUND");
    let spec = ReleaseSpec { source: Some(owner("globex")), ..ReleaseSpec::of("1.0.0".parse().unwrap()) };
    let asked = house.deployer.release(&of_another, spec, Expect::Any, &actor()).await;
    assert_eq!(reason(asked), "PLUGIN_NOT_FOUND");

    let slot = plugin("acme", "tax", "vat");
    assert_eq!(house.release(&slot, "1.0.0").await.unwrap().source, Owner::Platform);
    house.push("acme", "vat", "7.0.0", "tax:a").await.unwrap();
    let fault = house.release(&slot, "1.0.0").await.expect_err("its own hides the platform's");
    assert_eq!(fault.reason, "VERSION_NOT_FOUND");
    assert!(fault.message.contains("7.0.0"), "{}", fault.message);
    let spec = ReleaseSpec { source: Some(Owner::Platform), ..ReleaseSpec::of("1.0.0".parse().unwrap()) };
    house.deployer.release(&slot, spec, Expect::Any, &actor()).await.unwrap();
    house.assert_sound().await;
}

#[tokio::test]
async fn a_plugin_serves_at_its_own_point_only() {
    let house = with_versions(&["1.0.0"]).await;
    let fault = house.release(&plugin("acme", "promotion", "tiers"), "1.0.0").await.expect_err("refused");
    assert_eq!(fault.reason, "WRONG_POINT");
    assert_eq!(fault.detail("found"), Some("price-rule"));
}

#[tokio::test]
async fn only_so_many_serve_at_a_point() {
    let house = House::new().await;
    for number in 0..26 {
        let name = format!("p{number}");
        house.push("acme", &name, "1.0.0", "tax:x").await.unwrap();
        let released = house.release(&plugin("acme", "tax", &name), "1.0.0").await;
        match number {
            25 => assert_eq!(reason(released), "TOO_MANY_ACTIVE_PLUGINS"),
            _ => assert!(released.is_ok(), "{number}"),
        }
    }
    house.remove(&plugin("acme", "tax", "p3")).await.unwrap();
    house.release(&plugin("acme", "tax", "p25"), "1.0.0").await.unwrap();
    assert_eq!(
        reason(house.rollback(&plugin("acme", "tax", "p3")).await),
        "TOO_MANY_ACTIVE_PLUGINS",
        "coming back counts too"
    );
}

#[tokio::test]
async fn what_cannot_be_staged_changes_nothing() {
    let house = with_versions(&["1.0.0", "2.0.0"]).await;
    let slot = plugin("acme", "price-rule", "tiers");
    house.release(&slot, "1.0.0").await.unwrap();
    house.host.breaks("price-rule:2.0.0");
    assert_eq!(reason(house.release(&slot, "2.0.0").await), "BROKEN");
    assert_eq!(house.host.serving(), ["acme price-rule/tiers 1.0.0 {}"]);
    assert_eq!(house.registry.release(&slot).await.unwrap().revision, 1);
    assert_eq!(house.deployer.problem(&slot), None);
    house.assert_sound().await;
}

#[tokio::test]
async fn a_change_never_stops_another_release() {
    let house = with_versions(&["1.0.0"]).await;
    house.push("acme", "other", "1.0.0", "price-rule:other").await.unwrap();
    let (slot, other) = (plugin("acme", "price-rule", "tiers"), plugin("acme", "price-rule", "other"));
    house.release(&other, "1.0.0").await.unwrap();
    house.host.breaks("price-rule:other");
    assert_eq!(reason(house.release(&slot, "1.0.0").await), "OTHER_RELEASE_FAILS");
    assert_eq!(house.host.serving(), ["acme price-rule/other 1.0.0 {}"]);
    house.remove(&other).await.unwrap();
    house.release(&slot, "1.0.0").await.unwrap();
    assert_eq!(house.host.serving(), ["acme price-rule/tiers 1.0.0 {}"]);
}

#[tokio::test]
async fn services_are_released_the_same_way() {
    let house = House::new().await;
    for version in ["1.0.0", "2.0.0"] {
        house.push_service("pricing", version, &format!("service:{version}")).await.unwrap();
    }
    let slot = service("pricing");
    house.release(&slot, "1.0.0").await.unwrap();
    house.release(&slot, "2.0.0").await.unwrap();
    house.rollback(&slot).await.unwrap();
    assert_eq!(house.host.serving(), ["@platform service/pricing 1.0.0 {}"]);
    house.remove(&slot).await.unwrap();
    assert!(house.host.serving().is_empty());
    assert_eq!(reason(house.release(&service("nope"), "1.0.0").await), "SERVICE_NOT_FOUND");
    house.assert_sound().await;
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_tear_a_change() {
    let gate = Arc::new(Semaphore::new(0));
    let host = Host { gate: Some(("acme", Arc::clone(&gate))), ..Host::default() };
    let house = House::with(host).await;
    house.push("acme", "tiers", "1.0.0", "price-rule:a").await.unwrap();
    let slot = plugin("acme", "price-rule", "tiers");
    {
        let mut abandoned = Box::pin(house.release(&slot, "1.0.0"));
        assert!(futures::poll!(&mut abandoned).is_pending());
    }
    gate.add_permits(1);
    house.deployer.close().await;
    assert_eq!(house.host.serving(), ["acme price-rule/tiers 1.0.0 {}"]);
    assert_eq!(house.registry.release(&slot).await.unwrap().revision, 1);
}

#[tokio::test]
async fn a_tenant_does_not_wait_for_another() {
    let gate = Arc::new(Semaphore::new(0));
    let host = Host { gate: Some(("acme", Arc::clone(&gate))), ..Host::default() };
    let house = House::with(host).await;
    for tenant in ["acme", "globex"] {
        house.push(tenant, "tiers", "1.0.0", "price-rule:a").await.unwrap();
        house.push(tenant, "tiers", "2.0.0", "price-rule:b").await.unwrap();
    }
    let (acme, globex) = (plugin("acme", "price-rule", "tiers"), plugin("globex", "price-rule", "tiers"));
    // Both of acme's are under way and the first waits at the gate.
    let mut one = Box::pin(house.release(&acme, "1.0.0"));
    let mut two = Box::pin(house.release(&acme, "2.0.0"));
    assert!(futures::poll!(&mut one).is_pending());
    assert!(futures::poll!(&mut two).is_pending());
    // Would wait for ever behind them if there were one turn for all.
    assert_eq!(house.release(&globex, "1.0.0").await.unwrap().revision, 1);
    assert_eq!(house.host.serving(), ["globex price-rule/tiers 1.0.0 {}"]);
    gate.add_permits(2);
    assert_eq!(one.await.unwrap().revision, 1);
    assert_eq!(two.await.unwrap().revision, 2, "one after the other");
    house.assert_sound().await;
}
