//! What services keep, seen through the real host: nothing half-written, nothing lost, nothing doubled, whatever becomes
//! of a call, of the host, or of the release, on embedded stores and on PostgreSQL with Redis.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod ledger;

use std::collections::BTreeMap;
use std::time::Duration;

use fondaco_system_tests::wait::until;
use ledger::{Ledger, Stores, migrated};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[case::embedded(Stores::Embedded)]
#[case::distributed(Stores::Distributed)]
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_leaves_nothing_behind(#[case] stores: Stores) {
    let Some(ledger) = Ledger::new(stores) else { return };
    let host = ledger.start().await;
    let shop = host.shop("acme");
    host.release("1.0.0", &json!({})).await.ok();
    shop.write("ann", 1).await.ok();
    for (ending, status, reason) in
        [("err", 412, "ASKED_TO_FAIL"), ("trap", 500, "SERVICE_FAILED"), ("spin", 504, "DEADLINE_EXCEEDED")]
    {
        shop.write_and(2, ending, Duration::from_millis(500)).await.unwrap().problem(status, reason);
    }
    // The client goes away while the call is under way.
    shop.give_up_on(3, "spin", Duration::from_millis(200)).await;
    shop.write("ann", 4).await.ok();
    // Nobody holds a lock, and no event came of what failed.
    let totals = shop.settled(2).await;
    assert_eq!((&totals["sum"], &totals["effectsSum"]), (&json!(5), &json!(5)), "{totals}");
    // Another tenant's ledger is another one.
    assert_eq!(host.shop("globex").totals().await["entries"], 0);
    host.stop().await;
}

#[rstest]
#[case::embedded(Stores::Embedded)]
#[case::distributed(Stores::Distributed)]
#[tokio::test(flavor = "multi_thread")]
async fn a_version_with_a_migration_is_swapped_in_and_out_under_load(#[case] stores: Stores) {
    let Some(ledger) = Ledger::new(stores) else { return };
    let host = ledger.start().await;
    host.release("1.0.0", &json!({})).await.ok();
    let writers = host.shop("acme").writers(8);
    until("writes before the swap", ledger::PATIENCE, async || writers.at_least(200)).await;

    // Expand: a column with a default, which the new code fills and the old one does not know.
    let expanded =
        migrated(&ledger.component(), "1.1.0", "ALTER TABLE entries ADD COLUMN note TEXT NOT NULL DEFAULT ''");
    host.push("1.1.0", expanded).await.ok();
    host.release("1.1.0", &json!({ "note": "expanded" })).await.ok();
    for _swap in 0..5 {
        let so_far = writers.acknowledged();
        until("writes between swaps", ledger::PATIENCE, async || writers.at_least(so_far + 50)).await;
        // Old code on the new table, and back again.
        host.rollback().await.ok();
        let so_far = writers.acknowledged();
        until("writes of the old version", ledger::PATIENCE, async || writers.at_least(so_far + 50)).await;
        host.release("1.1.0", &json!({ "note": "expanded" })).await.ok();
    }

    let broken = migrated(&ledger.component(), "1.2.0", "ALTER TABLE nowhere ADD COLUMN note TEXT");
    host.push("1.2.0", broken).await.ok();
    let before = host.serves().await;
    let problem = host.release("1.2.0", &json!({})).await.problem(412, "MIGRATION_FAILED");
    assert!(problem["detail"].as_str().unwrap().contains("nowhere"), "{problem}");
    assert_eq!(host.serves().await, before);

    let so_far = writers.acknowledged();
    until("writes after all swaps", ledger::PATIENCE, async || writers.at_least(so_far + 100)).await;
    let written = writers.stop().await;
    assert_eq!(written.failed, BTreeMap::new(), "of {} writes", written.acknowledged);
    let totals = host.shop("acme").settled(written.acknowledged).await;
    assert_eq!((&totals["sum"], &totals["effectsSum"]), (&json!(written.sum), &json!(written.sum)), "{totals}");
    assert_eq!(totals["outOfOrder"], 0, "{totals}");
    host.stop().await;
}

#[rstest]
#[case::embedded(Stores::Embedded)]
#[case::distributed(Stores::Distributed)]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_keeps_what_it_acknowledged(#[case] stores: Stores) {
    let Some(ledger) = Ledger::new(stores) else { return };
    let mut acknowledged = 0;
    for round in 0..4 {
        let host = ledger.start().await;
        if round == 0 {
            host.release("1.0.0", &json!({})).await.ok();
        }
        let writers = host.shop("acme").writers_of(&format!("round-{round}"), 4);
        until("writes", ledger::PATIENCE, async || writers.at_least(60)).await;
        host.kill().await;
        acknowledged += writers.stop().await.acknowledged;
    }
    let host = ledger.start().await;
    let shop = host.shop("acme");
    // A write whose answer was lost may have been committed: at most one a writer and round.
    let entries = shop.totals().await["entries"].as_u64().unwrap();
    assert!((acknowledged..=acknowledged + 16).contains(&entries), "{entries} of {acknowledged}");
    let totals = shop.settled(entries).await;
    assert_eq!((&totals["sum"], &totals["outOfOrder"]), (&totals["effectsSum"], &json!(0)), "{totals}");
    host.stop().await;
}

#[rstest]
#[case::embedded(Stores::Embedded)]
#[case::distributed(Stores::Distributed)]
#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_waits_for_its_fix_and_is_replayed_by_one_command(#[case] stores: Stores) {
    let Some(ledger) = Ledger::new(stores) else { return };
    let host = ledger.start().await;
    let shop = host.shop("acme");
    host.release("1.0.0", &json!({ "poison": 13 })).await.ok();
    for number in 11..=15 {
        shop.write("ann", number).await.ok();
    }
    // The others are not held up, and the one is set aside after its attempts.
    let letters = until("the dead letter", ledger::PATIENCE, async || {
        let listed = host.command(&["events", "dead-letters", "list", "--tenant", "acme", "--json"]).json();
        let items = listed["items"].as_array().unwrap().clone();
        if items.is_empty() { Err(listed) } else { Ok(items) }
    })
    .await;
    assert_eq!((&letters[0]["reason"], &letters[0]["attempts"]), (&json!("POISON"), &json!(2)));
    assert_eq!(shop.effects(4).await["effectsSum"], 11 + 12 + 14 + 15);

    let replay = ["events", "dead-letters", "replay", "acme", "ledger/fondaco.test.*"];
    let refused = host.command(&replay);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("POISON"), "{refused:?}");

    host.release("1.0.0", &json!({})).await.ok();
    assert_eq!(host.command(&replay).ok().stdout, "1 dead letters were handled\n");
    assert_eq!(shop.settled(5).await["effectsSum"], 65);
    assert_eq!(host.command(&["events", "dead-letters", "list"]).ok().stdout, "no dead letters\n");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_is_away_holds_up_nobody_and_loses_nothing() {
    let Some(ledger) = Ledger::new(Stores::Distributed) else { return };
    let host = ledger.start().await;
    let shop = host.shop("acme");
    host.release("1.0.0", &json!({})).await.ok();
    shop.write("ann", 1).await.ok();
    shop.settled(1).await;

    ledger.redis_away();
    for number in 2..=20 {
        shop.write("ann", number).await.ok();
    }
    assert_eq!(shop.totals().await["entries"], 20);
    // Restarted empty: Redis is no place where anything is kept.
    ledger.redis_back_empty();
    let totals = shop.settled(20).await;
    assert_eq!((&totals["effectsSum"], &totals["outOfOrder"]), (&json!(210), &json!(0)), "{totals}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_fails_fast_and_comes_back() {
    let Some(ledger) = Ledger::new(Stores::Distributed) else { return };
    let host = ledger.start().await;
    let shop = host.shop("acme");
    host.release("1.0.0", &json!({})).await.ok();
    shop.write("ann", 1).await.ok();

    ledger.postgres_away();
    let refused = shop.write("ann", 2).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    ledger.postgres_back();
    until("writes again", ledger::PATIENCE, async || {
        let answer = shop.write("ann", 3).await;
        // It may have been written the time before, its answer lost.
        let there = answer.status == 204 || answer.text().contains("CONSTRAINT");
        if there { Ok(()) } else { Err(answer.text()) }
    })
    .await;
    let totals = shop.settled(2).await;
    assert_eq!(totals["effectsSum"], 4, "{totals}");
    host.stop().await;
}
