use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::event::Draft;

fn delivery(id: u64, tenant: &str, key: Option<&str>) -> Delivery {
    let draft = Draft { ty: "a.b".into(), subject: None, partition_key: key.map(Into::into), data: "1".into() };
    let event = Event::new(draft, tenant.parse().unwrap(), "/services/a".into(), 0, 8).unwrap();
    let receipt = Receipt { generation: 0, partition: u16::try_from(id % 2).unwrap(), id: (id, 0) };
    Delivery { receipt, event: Arc::new(event), attempts: 0, due_ms: 0, bytes: 100 }
}

fn started(schedule: &mut Schedule, now_ms: i64) -> Vec<u64> {
    std::iter::from_fn(|| schedule.start(now_ms)).map(|start| start.receipt.id.0).collect()
}

#[test]
fn a_failed_one_holds_up_its_own_key_alone() {
    let mut schedule = Schedule::new(true, 10);
    for (id, key) in [(1, Some("x")), (2, Some("x")), (3, Some("y")), (4, None), (5, Some("x"))] {
        schedule.add(delivery(id, "acme", key), 0);
    }
    let first = schedule.start(0).unwrap();
    assert_eq!(first.receipt.id.0, 1);
    assert_eq!(started(&mut schedule, 0), [3, 4]);
    schedule.retry(first.token, 1, 500, 0);
    assert_eq!(schedule.next_due_ms(), Some(500));
    assert!(schedule.start(499).is_none());
    let again = schedule.start(500).unwrap();
    assert_eq!((again.receipt.id.0, again.attempts), (1, 1));
    schedule.finish(again.token, 500);
    assert_eq!(started(&mut schedule, 500), [2]);
}

#[test]
fn without_order_nothing_waits_for_another() {
    let mut schedule = Schedule::new(false, 2);
    for id in 1..=3 {
        schedule.add(delivery(id, "acme", Some("x")), 0);
    }
    assert_eq!(started(&mut schedule, 0), [1, 2]);
}

#[test]
fn tenants_take_turns() {
    let mut schedule = Schedule::new(false, 10);
    for id in 1..=4 {
        schedule.add(delivery(id, "big", None), 0);
    }
    schedule.add(delivery(5, "small", None), 0);
    assert_eq!(started(&mut schedule, 0), [1, 5, 2, 3, 4]);
}

#[test]
fn what_was_taken_back_comes_again() {
    let mut schedule = Schedule::new(true, 1);
    for id in 1..=3 {
        schedule.add(delivery(id, "acme", Some("x")), 0);
    }
    let running = schedule.start(0).unwrap();
    schedule.revoke(None, 0);
    assert_eq!(schedule.entries.len(), 1);
    // It fails, and is another's now.
    schedule.retry(running.token, 1, 10, 0);
    assert!(schedule.entries.is_empty() && schedule.keys.is_empty());
    for id in 1..=3 {
        schedule.add(delivery(id, "acme", Some("x")), 0);
    }
    let running = schedule.start(0).unwrap();
    schedule.revoke(None, 0);
    for id in 1..=3 {
        schedule.add(delivery(id, "acme", Some("x")), 0);
    }
    // It fails, and is ours again.
    schedule.retry(running.token, 1, 10, 0);
    assert_eq!(started(&mut schedule, 9), [0; 0]);
    assert_eq!(started(&mut schedule, 10), [1]);
}

#[test]
fn events_beyond_the_bound_are_let_go() {
    let mut schedule = Schedule::new(false, 3);
    for id in 1..=3 {
        schedule.add(Delivery { bytes: HELD_BYTES / 2, ..delivery(id, "acme", None) }, 0);
    }
    let held: Vec<_> = std::iter::from_fn(|| schedule.start(0)).map(|start| start.event.is_some()).collect();
    assert_eq!(held, [true, true, false]);
    for token in 0..3 {
        schedule.finish(token, 0);
    }
    assert_eq!(schedule.held_bytes, 0);
}

#[derive(Clone, Debug)]
enum Step {
    Add {
        tenant: u8,
        key: u8,
    },
    Start,
    Finish(prop::sample::Index),
    FinishLast,
    Fail(prop::sample::Index, i64),
    /// A partition is taken back, and all its unsettled entries come again.
    Reconnect(Option<u16>),
    Pass(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_u8, 0..4_u8).prop_map(|(tenant, key)| Step::Add { tenant, key }),
        4 => Just(Step::Start),
        3 => any::<prop::sample::Index>().prop_map(Step::Finish),
        2 => (any::<prop::sample::Index>(), 0..50_i64).prop_map(|(at, wait)| Step::Fail(at, wait)),
        1 => prop::option::of(0..2_u16).prop_map(Step::Reconnect),
        2 => (0..50_i64).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    /// Whatever happens: at most `concurrency` run, those of a key one after the other in their order, and in the end
    /// each has been finished once.
    #[test]
    fn order_is_kept_and_nothing_is_lost(steps in steps(), concurrency in 1..5_usize, ordered: bool) {
        let mut schedule = Schedule::new(ordered, concurrency);
        // The queue: what is not settled, by its number.
        let mut queue = BTreeMap::<u64, Delivery>::new();
        let mut running: Vec<Start> = Vec::new();
        let (mut now, mut next, mut finished) = (0, 0, Vec::new());
        let keys = |delivery: &Delivery| (delivery.event.tenant.clone(), delivery.event.partition_key.clone());
        let mut steps = steps.into_iter();
        loop {
            let step = steps.next();
            if step.is_none() && queue.is_empty() {
                break;
            }
            // After the last step: let all run and end well.
            let step = step.unwrap_or_else(|| match running.len() {
                0 if schedule.next_due_ms().is_some_and(|due| due > now) => Step::Pass(50),
                0 => Step::Start,
                _ => Step::FinishLast,
            });
            match step {
                Step::Add { tenant, key } => {
                    // Odd and even numbers are the two partitions; a key lies in one of them.
                    next += 2;
                    let key = (key > 0).then(|| format!("k{key}"));
                    let partition = key.as_ref().map_or(0, |key| u64::from(key.ends_with(['1', '3'])));
                    let delivery = delivery(next + partition, &format!("t{tenant}"), key.as_deref());
                    queue.insert(next + partition, delivery.clone());
                    schedule.add(delivery, now);
                }
                Step::Start => {
                    let room = running.len() < concurrency;
                    let start = schedule.start(now);
                    prop_assert!(start.is_none() || room);
                    if let Some(start) = start {
                        let this = queue[&start.receipt.id.0].clone();
                        prop_assert!(this.due_ms <= now);
                        if ordered && this.event.partition_key.is_some() {
                            let before = queue.range(..start.receipt.id.0).find(|(_, other)| keys(other) == keys(&this));
                            prop_assert!(before.is_none(), "{:?} before {:?}", this, before);
                        }
                        running.push(start);
                    }
                }
                Step::Finish(_) | Step::FinishLast if !running.is_empty() => {
                    let at = if let Step::Finish(at) = step { at.index(running.len()) } else { running.len() - 1 };
                    let start = running.swap_remove(at);
                    finished.push(start.receipt.id.0);
                    queue.remove(&start.receipt.id.0);
                    schedule.finish(start.token, now);
                }
                Step::Fail(at, wait) if !running.is_empty() => {
                    let start = running.swap_remove(at.index(running.len()));
                    let entry = queue.get_mut(&start.receipt.id.0).unwrap();
                    (entry.attempts, entry.due_ms) = (start.attempts + 1, now + wait);
                    schedule.retry(start.token, start.attempts + 1, now + wait, now);
                }
                Step::Reconnect(partition) => {
                    schedule.revoke(partition, now);
                    for delivery in queue.values() {
                        if partition.is_none_or(|partition| partition == delivery.receipt.partition) {
                            schedule.add(delivery.clone(), now);
                        }
                    }
                }
                Step::Pass(ms) => now += ms,
                Step::Finish(_) | Step::FinishLast | Step::Fail(..) => {}
            }
            prop_assert_eq!(schedule.running(), running.len());
        }
        let times = finished.len();
        finished.sort_unstable();
        finished.dedup();
        prop_assert_eq!(finished.len(), times);
        prop_assert!(schedule.entries.is_empty() && schedule.keys.is_empty() && schedule.receipts.is_empty());
        prop_assert!(schedule.turns.is_empty() && schedule.ready.is_empty() && schedule.waiting.is_empty());
        prop_assert_eq!((schedule.ready_count, schedule.held_bytes), (0, 0));
    }
}
