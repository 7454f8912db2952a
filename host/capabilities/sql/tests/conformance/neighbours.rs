//! One tenant does what it can to be in the way; the other does not notice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fondaco_engine::Fault;
use fondaco_sql::{Database, Databases, Limits};
use tokio::task::JoinSet;

use crate::limits::cartesian;
use crate::world::{World, begin, change, database, number, reason, rows, until, with_tables, within};

const TABLE: &str = "CREATE TABLE t (a BIGINT)";
const INSERT: &str = "INSERT INTO t (a) VALUES ($1)";

/// Databases of the greedy tenant: SQLite has one writer and two readers for each.
const SERVICES: usize = 12;

/// Tasks of the greedy tenant, many more than the connections of all tenants.
const TASKS: usize = 48;

async fn greedy(databases: &Databases) -> Vec<Database> {
    let mut own = Vec::new();
    for number in 0..SERVICES {
        own.push(database(databases, "greedy", &format!("service-{number}")).await);
    }
    own
}

/// A call's part of what tenants do all day. None of it may be refused.
async fn serves(modest: &Database, rounds: i64) {
    let before = number(modest, "SELECT count(*) FROM t").await;
    for round in 0..rounds {
        assert_eq!(change(modest, INSERT, &[round.into()]).await, Ok(1));
        assert_eq!(rows(modest, "SELECT a FROM t WHERE a = $1 LIMIT 1", &[round.into()]).await, [[round.into()]]);
    }
    assert_eq!(number(modest, "SELECT count(*) FROM t").await, before + rounds);
}

/// What the greedy tenant was answered, by reason.
#[derive(Clone, Default)]
struct Answers(Arc<Mutex<BTreeMap<String, usize>>>);

impl Answers {
    fn note<T>(&self, answer: Result<T, Fault>) {
        let reason = answer.map_or_else(|fault| fault.reason.into_owned(), |_| "none".to_owned());
        *self.0.lock().unwrap().entry(reason).or_default() += 1;
    }

    fn have(&self, reason: &str) -> bool {
        self.0.lock().unwrap().contains_key(reason)
    }
}

async fn is_busy(own: &Database) -> bool {
    let answer = own.query("SELECT 1", &[], within(100)).await;
    answer.is_err_and(|fault| fault.reason == "TENANT_BUSY")
}

pub(crate) async fn units_of_work_that_are_held_are_in_nobodys_way(world: &World) {
    let databases = world.databases().await;
    let modest = with_tables(&databases, "modest", TABLE).await;
    let own = greedy(&databases).await;
    let mut held = Vec::new();
    let most = Limits::default().connections_per_tenant;
    for database in &own[..most] {
        held.push(begin(database).await);
    }
    for database in &own {
        assert_eq!(reason(database.begin(within(100)).await), "TENANT_BUSY");
    }
    serves(&modest, 10).await;
    drop(held);
    let own = &own[0];
    until("it has its connections back", || async { !is_busy(own).await }).await;
    databases.close().await;
}

pub(crate) async fn reads_without_end_are_in_nobodys_way(world: &World) {
    let databases = world.databases().await;
    let modest = with_tables(&databases, "modest", TABLE).await;
    let own = greedy(&databases).await;
    let (answers, heavy) = (Answers::default(), cartesian());
    let mut tasks = JoinSet::new();
    for number in 0..TASKS {
        let (own, answers, heavy) = (own[number % SERVICES].clone(), answers.clone(), heavy.clone());
        tasks.spawn(async move {
            loop {
                answers.note(own.query(&heavy, &[], within(600)).await);
            }
        });
    }
    // All the while: more than what is free is wanted, and what runs is ended when its time is up.
    while !(answers.have("TENANT_BUSY") && answers.have("STATEMENT_TIMEOUT")) {
        serves(&modest, 1).await;
    }
    serves(&modest, 20).await;
    tasks.shutdown().await;
    assert!(!answers.have("none"), "a read without end has ended");
    databases.close().await;
}

pub(crate) async fn callers_who_give_up_leave_nothing_in_the_way(world: &World) {
    let databases = world.databases().await;
    let modest = with_tables(&databases, "modest", TABLE).await;
    let own = greedy(&databases).await;
    let heavy = cartesian();
    let mut tasks = JoinSet::new();
    for number in 0..TASKS {
        let (own, heavy) = (own[number % SERVICES].clone(), heavy.clone());
        tasks.spawn(async move {
            loop {
                let answer = own.query(&heavy, &[], within(10_000));
                let _given_up = tokio::time::timeout(Duration::from_millis(20), answer).await;
            }
        });
    }
    serves(&modest, 50).await;
    tasks.shutdown().await;
    serves(&modest, 5).await;
    databases.close().await;
}
