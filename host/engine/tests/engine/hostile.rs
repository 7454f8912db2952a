//! Plugins that mean harm or are broken: each ends in its own fault, and the next call is as good as ever.

use std::time::Duration;

use fondaco_engine::{Limits, Run};

use super::guests::{SEED, body, go, outcome, plugin, talking};

#[tokio::test]
async fn an_endless_loop_runs_out_of_fuel() {
    let plugin = plugin(&body("", "(loop br 0) (i64.const 0)")).await;
    let limits = Limits { fuel: 100_000, ..Limits::default() };
    let run = go(&plugin, &limits);
    let fault = run.outcome.unwrap_err();
    assert_eq!(fault.reason, "FUEL_EXHAUSTED");
    assert_eq!(run.fuel.0, 100_000);
    assert_eq!(fault.detail("backtrace"), Some("go"));
}

#[tokio::test]
async fn what_fuel_does_not_bound_time_does() {
    // Filling 32 MiB costs the same fuel as filling nothing.
    let more = "(memory 512)";
    let fill = "(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x2000000)) br 0) (i64.const 0)";
    let limits = Limits { fuel: u64::MAX / 4, wall: Duration::from_millis(20), ..Limits::default() };
    assert_eq!(outcome(&body(more, fill), &limits).await, "TIME_EXHAUSTED");
}

#[tokio::test]
async fn a_memory_bomb_is_stopped() {
    let grow = "(loop (drop (memory.grow (i32.const 16))) br 0) (i64.const 0)";
    assert_eq!(outcome(&body("(memory 1)", grow), &Limits::default()).await, "MEMORY_EXHAUSTED");
    let limits = Limits { memory_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(outcome(&body("(memory 17)", "(i64.const 1)"), &limits).await, "MEMORY_EXHAUSTED");
    assert_eq!(outcome(&body("(memory 16)", "(i64.const 1)"), &limits).await, "1");
}

#[tokio::test]
async fn all_memories_count_together() {
    let two = "(component
        (core module $a (memory 10)) (core module $b (memory 10) (func (export \"go\") (result i64) (i64.const 1)))
        (core instance (instantiate $a)) (core instance $i (instantiate $b))
        (func (export \"go\") (result u64) (canon lift (core func $i \"go\"))))";
    assert_eq!(outcome(two, &Limits { memory_bytes: 20 << 16, ..Limits::default() }).await, "1");
    assert_eq!(outcome(two, &Limits { memory_bytes: 19 << 16, ..Limits::default() }).await, "MEMORY_EXHAUSTED");
}

#[tokio::test]
async fn tables_are_bounded() {
    let grow = "(loop (drop (table.grow (ref.null func) (i32.const 10000))) br 0) (i64.const 0)";
    assert_eq!(outcome(&body("(table 1 funcref)", grow), &Limits::default()).await, "TABLE_EXHAUSTED");
}

#[tokio::test]
async fn deep_recursion_runs_out_of_stack() {
    let more = "(func $deep (param i64) (result i64) (i64.add (i64.const 1) (call $deep (local.get 0))))";
    let limits = Limits { fuel: u64::MAX / 4, wall: Duration::from_secs(10), ..Limits::default() };
    assert_eq!(outcome(&body(more, "(call $deep (i64.const 1))"), &limits).await, "STACK_EXHAUSTED");
}

#[tokio::test]
async fn traps_and_panics_are_told_apart() {
    let limits = Limits::default();
    assert_eq!(outcome(&body("", "unreachable"), &limits).await, "TRAP");
    assert_eq!(outcome(&body("", "(i64.div_u (i64.const 1) (i64.const 0))"), &limits).await, "TRAP");
    let panics = plugin(&talking("panicked: no tier", "(call $say (i32.const 1024) (i32.const 17)) unreachable")).await;
    let fault = go(&panics, &limits).outcome.unwrap_err();
    assert_eq!(fault.reason, "PANIC");
    assert!(fault.message.contains("panicked: no tier"), "{}", fault.message);
}

#[tokio::test]
async fn a_log_flood_is_cut_and_stopped() {
    let plugin =
        plugin(&talking("flood\\0a", "(loop (call $say (i32.const 1024) (i32.const 6)) br 0) (i64.const 0)")).await;
    let run = go(&plugin, &Limits { log_lines: 5, ..Limits::default() });
    assert_eq!(run.outcome.unwrap_err().reason, "HOST_CALLS_EXHAUSTED");
    assert_eq!((run.log.lines.len(), run.log.truncated), (5, true));
}

/// `go: func() -> list<u8>`, of this length and at this place.
fn listing(pages: u32, at: u32, length: u32) -> String {
    format!(
        "(component
           (core module $m (memory (export \"memory\") {pages})
             (func (export \"go\") (result i32)
               (i32.store (i32.const 8) (i32.const {at})) (i32.store (i32.const 12) (i32.const {length}))
               (i32.const 8)))
           (core instance $i (instantiate $m))
           (func (export \"go\") (result (list u8)) (canon lift (core func $i \"go\") (memory $i \"memory\"))))"
    )
}

async fn list(wat: &str, limits: &Limits) -> Run<Vec<u8>> {
    let plugin = plugin(wat).await;
    plugin.run(limits, SEED, |store, linked| {
        let instance = linked.pre.instantiate(&mut *store)?;
        let go = instance.get_typed_func::<(), (Vec<u8>,)>(&mut *store, "go")?;
        Ok(go.call(&mut *store, ())?.0)
    })
}

#[tokio::test]
async fn a_huge_answer_is_refused() {
    let limits = Limits { output_bytes: 10_000, ..Limits::default() };
    assert_eq!(list(&listing(1, 16, 9_000), &limits).await.outcome.unwrap().len(), 9_000);
    assert_eq!(list(&listing(1, 16, 11_000), &limits).await.outcome.unwrap_err().reason, "OUTPUT_TOO_LARGE");
}

#[tokio::test]
async fn an_answer_outside_of_memory_is_invalid() {
    let run = list(&listing(1, 65_536, 16), &Limits::default()).await;
    assert_eq!(run.outcome.unwrap_err().reason, "INVALID_OUTPUT");
}

#[tokio::test]
async fn after_all_that_a_call_is_as_good_as_ever() {
    let limits = Limits { fuel: 10_000, ..Limits::default() };
    let good = plugin(&body("", "(i64.const 7)")).await;
    let bad = plugin(&body("", "(loop br 0) (i64.const 0)")).await;
    let before = go(&good, &limits);
    for _ in 0..100 {
        assert!(go(&bad, &limits).outcome.is_err());
    }
    let after = go(&good, &limits);
    assert_eq!((before.outcome, before.fuel), (after.outcome, after.fuel));
}
