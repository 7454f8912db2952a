//! The unit of work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fondaco_engine::{Code, Fault};
use fondaco_sql::{InternalMigration, Value};

use crate::world::{World, begin, change, number, reason, soon, with_tables, within};

const STOCK: &str = "CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand BIGINT NOT NULL CHECK (on_hand >= 0));
                     INSERT INTO stock (sku, on_hand) VALUES ('mug', 50)";
const TAKE: &str = "UPDATE stock SET on_hand = on_hand - $2 WHERE sku = $1 AND on_hand >= $2";
const COUNT: &str = "SELECT count(*) FROM stock";

pub(crate) async fn a_unit_of_work_is_whole_or_nothing(world: &World) {
    let databases = world.databases().await;
    let database = with_tables(&databases, "acme", STOCK).await;
    let insert = "INSERT INTO stock (sku, on_hand) VALUES ($1, 1) RETURNING sku, on_hand";
    let mut work = begin(&database).await;
    let back = work.query(insert, &["a".into()]).await.unwrap();
    assert_eq!(
        (back.columns, back.rows),
        (vec!["sku".to_owned(), "on_hand".to_owned()], vec![vec!["a".into(), 1.into()]])
    );
    assert_eq!(work.execute(insert, &["b".into()]).await, Ok(1));
    // It reads what it wrote; others read what was before.
    assert_eq!(work.query(COUNT, &[]).await.unwrap().rows, [[Value::Integer(3)]]);
    assert_eq!(number(&database, COUNT).await, 1);
    work.commit().await.unwrap();
    assert_eq!(number(&database, COUNT).await, 3);
    // Dropped and rolled back are the same.
    let mut work = begin(&database).await;
    assert_eq!(work.execute("DELETE FROM stock", &[]).await, Ok(3));
    drop(work);
    let mut work = begin(&database).await;
    assert_eq!(work.execute("UPDATE stock SET on_hand = 0", &[]).await, Ok(3));
    work.rollback();
    assert_eq!(number(&database, "SELECT sum(on_hand) FROM stock").await, 52);
    databases.close().await;
}

pub(crate) async fn a_caller_who_leaves_leaves_nothing(world: &World) {
    let databases = world.databases().await;
    let database = with_tables(&databases, "acme", STOCK).await;
    // At every point of its way, again and again.
    for step in 0..40_u64 {
        let work = async {
            let mut work = begin(&database).await;
            work.execute("DELETE FROM stock", &[]).await.unwrap();
            work.execute("INSERT INTO stock (sku, on_hand) VALUES ('other', 1)", &[]).await.unwrap();
            std::future::pending::<()>().await;
        };
        let gone = tokio::time::timeout(std::time::Duration::from_micros(step * 150), work).await;
        assert!(gone.is_err());
        assert_eq!(change(&database, TAKE, &["mug".into(), 1.into()]).await, Ok(1), "{step}");
    }
    assert_eq!(number(&database, "SELECT on_hand FROM stock").await, 10);
    databases.close().await;
}

pub(crate) async fn after_a_failure_nothing_is_kept(world: &World) {
    let databases = world.databases().await;
    let database = with_tables(&databases, "acme", STOCK).await;
    let mut work = begin(&database).await;
    work.execute("INSERT INTO stock (sku, on_hand) VALUES ('a', 1)", &[]).await.unwrap();
    // What the guard refuses does no harm: no database saw it.
    assert_eq!(reason(work.execute("DROP TABLE stock", &[]).await), "STATEMENT_REFUSED");
    let twice = work.execute("INSERT INTO stock (sku, on_hand) VALUES ('mug', 1)", &[]).await;
    assert_eq!(reason(twice), "UNIQUE_VIOLATION");
    let after = work.execute("INSERT INTO stock (sku, on_hand) VALUES ('b', 1)", &[]).await.unwrap_err();
    assert_eq!((&*after.reason, after.detail("cause")), ("WORK_FAILED", Some("UNIQUE_VIOLATION")));
    assert_eq!(reason(work.commit().await), "WORK_FAILED");
    assert_eq!(number(&database, COUNT).await, 1);
    databases.close().await;
}

pub(crate) async fn constraints_have_names(world: &World) {
    let databases = world.databases().await;
    let tables = "CREATE TABLE a (id BIGINT PRIMARY KEY, n BIGINT NOT NULL CHECK (n > 0), u TEXT UNIQUE);
                  CREATE TABLE b (id BIGINT PRIMARY KEY, a BIGINT REFERENCES a (id));
                  INSERT INTO a (id, n, u) VALUES (1, 1, 'x')";
    let database = with_tables(&databases, "acme", tables).await;
    for (statement, code, expected) in [
        ("INSERT INTO a (id, n) VALUES (1, 1)", Code::AlreadyExists, "UNIQUE_VIOLATION"),
        ("INSERT INTO a (id, n, u) VALUES (2, 1, 'x')", Code::AlreadyExists, "UNIQUE_VIOLATION"),
        ("INSERT INTO a (id) VALUES (2)", Code::FailedPrecondition, "NOT_NULL_VIOLATION"),
        ("INSERT INTO a (id, n) VALUES (2, 0)", Code::FailedPrecondition, "CHECK_VIOLATION"),
        ("INSERT INTO b (id, a) VALUES (1, 9)", Code::FailedPrecondition, "FOREIGN_KEY_VIOLATION"),
        ("DELETE FROM a WHERE 1 / (id - 1) > 5 OR id = 1 AND n = 'x'", Code::InvalidArgument, "SQL_ERROR"),
    ] {
        if world.is_sqlite() && expected == "SQL_ERROR" {
            // SQLite divides by zero and gets null, and compares everything with everything.
            continue;
        }
        let fault = change(&database, statement, &[]).await.unwrap_err();
        assert_eq!((fault.code, &*fault.reason), (code, expected), "{statement}");
    }
    let upsert = "INSERT INTO a (id, n, u) VALUES (1, 5, 'y') ON CONFLICT (id) DO UPDATE SET n = a.n + excluded.n";
    assert_eq!(change(&database, upsert, &[]).await, Ok(1));
    let nothing = "INSERT INTO a (id, n) VALUES (1, 1) ON CONFLICT DO NOTHING";
    assert_eq!(change(&database, nothing, &[]).await, Ok(0));
    assert_eq!(number(&database, "SELECT n FROM a").await, 6);
    databases.close().await;
}

pub(crate) async fn a_reader_does_not_write(world: &World) {
    let databases = world.databases().await;
    let database = with_tables(&databases, "acme", STOCK).await;
    let write = database.query("DELETE FROM stock RETURNING sku", &[], soon()).await;
    assert_eq!(reason(write), "READ_ONLY");
    // And where the guard is not asked, the connection itself refuses.
    let write = database.query_internal("DELETE FROM stock RETURNING sku", &[], soon()).await;
    assert_eq!(reason(write), "READ_ONLY");
    assert_eq!(number(&database, COUNT).await, 1);
    databases.close().await;
}

pub(crate) async fn one_writes_at_a_time_within_the_deadline(world: &World) {
    let databases = world.databases().await;
    let database = with_tables(&databases, "acme", STOCK).await;
    let take = || async {
        let mut work = database.begin(within(400)).await?;
        work.execute(TAKE, &["mug".into(), 1.into()]).await?;
        work.commit().await
    };
    let mut first = begin(&database).await;
    first.execute(TAKE, &["mug".into(), 10.into()]).await.unwrap();
    let fault = take().await.unwrap_err();
    assert_eq!((fault.code, &*fault.reason), (Code::Unavailable, "DATABASE_BUSY"));
    // Reads go on all the while.
    assert_eq!(number(&database, "SELECT on_hand FROM stock").await, 50);
    let waiting = async {
        let mut work = begin(&database).await;
        work.execute(TAKE, &["mug".into(), 1.into()]).await?;
        work.commit().await
    };
    let (waited, committed) = tokio::join!(waiting, first.commit());
    waited.unwrap();
    committed.unwrap();
    assert_eq!(number(&database, "SELECT on_hand FROM stock").await, 39);
    databases.close().await;
}

pub(crate) async fn guarded_updates_never_oversell(world: &World) {
    let databases = world.databases().await;
    let database = with_tables(&databases, "acme", STOCK).await;
    let mut buyers = tokio::task::JoinSet::new();
    for _ in 0..80 {
        let database = database.clone();
        buyers.spawn(async move { change(&database, TAKE, &["mug".into(), 1.into()]).await.unwrap() });
    }
    assert_eq!(buyers.join_all().await.iter().sum::<u64>(), 50);
    assert_eq!(number(&database, "SELECT on_hand FROM stock").await, 0);
    databases.close().await;
}

const OUTBOX: &[InternalMigration] = &[InternalMigration {
    owner: "events",
    version: 1,
    name: "outbox",
    sqlite: "CREATE TABLE fondaco_outbox (id INTEGER PRIMARY KEY, event TEXT NOT NULL); SELECT 1",
    postgres: "CREATE TABLE fondaco_outbox (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event TEXT NOT NULL)",
}];

pub(crate) async fn the_hosts_own_tables_are_of_the_same_unit(world: &World) {
    let databases = world.databases().await;
    databases.add_internal_migrations(OUTBOX);
    let database = with_tables(&databases, "acme", STOCK).await;
    let publish = "INSERT INTO fondaco_outbox (event) VALUES ($1)";
    let count = || async {
        let rows = database.query_internal("SELECT count(*) FROM fondaco_outbox", &[], soon()).await;
        rows.unwrap().rows[0][0].clone()
    };
    let woken = Arc::new(AtomicU32::new(0));
    for (commits, expected) in [(false, 0), (true, 1)] {
        let mut work = begin(&database).await;
        work.execute(TAKE, &["mug".into(), 1.into()]).await.unwrap();
        assert_eq!(work.execute_internal(publish, &["taken".into()]).await, Ok(1));
        let waker = Arc::clone(&woken);
        work.on_commit(move || {
            waker.fetch_add(1, Ordering::SeqCst);
        });
        if commits {
            work.commit().await.unwrap();
        } else {
            drop(work);
        }
        assert_eq!(
            (count().await, woken.load(Ordering::SeqCst)),
            (Value::Integer(expected), u32::try_from(expected).unwrap())
        );
    }
    assert_eq!(number(&database, "SELECT on_hand FROM stock").await, 49);
    // A service has no way to them.
    for statement in
        ["SELECT event FROM fondaco_outbox", "SELECT event FROM \"fondaco_outbox\"", "SELECT 1 FROM FONDACO_OUTBOX"]
    {
        assert_eq!(reason(database.query(statement, &[], soon()).await), "STATEMENT_REFUSED");
    }
    // A service without tables of its own has them too, and so has a database that is opened the next time.
    let other = crate::world::database(&databases, "acme", "bare").await;
    let mut work = begin(&other).await;
    assert_eq!(work.execute_internal(publish, &["x".into()]).await, Ok(1));
    work.commit().await.unwrap();
    databases.close().await;
    let databases = world.databases().await;
    databases.add_internal_migrations(OUTBOX);
    let again = database_of(&databases).await;
    let kept = again.query_internal("SELECT count(*) FROM fondaco_outbox", &[], soon()).await.unwrap();
    assert_eq!(kept.rows, [[Value::Integer(1)]]);
    databases.close().await;
}

pub(crate) async fn what_runs_last_goes_with_the_commit(world: &World) {
    let databases = world.databases().await;
    let database = with_tables(&databases, "acme", STOCK).await;
    let insert = "INSERT INTO stock (sku, on_hand) VALUES ($1, 1)";
    for (name, statement_before) in [("a", false), ("b", true)] {
        let before = number(&database, COUNT).await;
        let mut work = begin(&database).await;
        if statement_before {
            work.execute(TAKE, &["mug".into(), 1.into()]).await.unwrap();
        }
        work.execute_last(insert, vec![format!("{name}1").into()], None);
        work.execute_last(insert, vec![format!("{name}2").into()], None);
        assert_eq!(number(&database, COUNT).await, before);
        work.commit().await.unwrap();
        assert_eq!(number(&database, COUNT).await, before + 2);
    }
    // A row that is there already: the commit says what it was told to say, and nothing is left, wherever it stood.
    let taken = Fault::new(Code::AlreadyExists, "TAKEN", "it is there");
    for stands_last in [true, false] {
        let woken = Arc::new(AtomicU32::new(0));
        let mut work = begin(&database).await;
        work.execute("UPDATE stock SET on_hand = 7", &[]).await.unwrap();
        work.execute_last(insert, vec!["mug".into()], Some(taken.clone()));
        if !stands_last {
            work.execute_last(insert, vec!["c".into()], None);
        }
        let waker = Arc::clone(&woken);
        work.on_commit(move || {
            waker.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(work.commit().await, Err(taken.clone()));
        assert_eq!((woken.load(Ordering::SeqCst), number(&database, COUNT).await), (0, 5));
        assert_eq!(number(&database, "SELECT sum(on_hand) FROM stock").await, 53);
    }
    // Dropped, it does not run; nor where a statement failed before.
    let mut work = begin(&database).await;
    work.execute_last(insert, vec!["c".into()], None);
    drop(work);
    let mut work = begin(&database).await;
    assert_eq!(reason(work.execute(insert, &["mug".into()]).await), "UNIQUE_VIOLATION");
    work.execute_last(insert, vec!["c".into()], None);
    assert_eq!(reason(work.commit().await), "WORK_FAILED");
    assert_eq!(number(&database, COUNT).await, 5);
    // It says how many rows it changed, and not how many another statement did.
    let mut work = begin(&database).await;
    work.execute("UPDATE stock SET on_hand = 2 WHERE sku = 'a1'", &[]).await.unwrap();
    assert_eq!(work.commit_with("DELETE FROM stock WHERE on_hand = 1", Vec::new()).await, Ok(3));
    assert_eq!(begin(&database).await.commit_with("DELETE FROM stock WHERE on_hand = 1", Vec::new()).await, Ok(0));
    assert_eq!(begin(&database).await.commit().await, Ok(()));
    assert_eq!(number(&database, COUNT).await, 2);
    databases.close().await;
}

async fn database_of(databases: &fondaco_sql::Databases) -> fondaco_sql::Database {
    crate::world::database(databases, "acme", "bare").await
}
