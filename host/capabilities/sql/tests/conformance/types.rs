//! Values, there and back.

use fondaco_sql::Value;

use crate::world::{World, change, reason, rows, soon, with_tables};

const TABLE: &str = "CREATE TABLE v (id BIGINT PRIMARY KEY, flag BOOLEAN, small INTEGER, big BIGINT, \
                     real DOUBLE PRECISION, words TEXT, raw BYTEA, also BLOB, short VARCHAR(10))";

pub(crate) async fn values_come_back_as_they_were(world: &World) {
    let databases = world.databases().await;
    let database = with_tables(&databases, "acme", TABLE).await;
    let insert = "INSERT INTO v (id, flag, small, big, real, words, raw, also, short) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let full = |id: i64| {
        vec![
            Value::from(id),
            Value::from(true),
            Value::from(-7_i64),
            Value::from(i64::MIN),
            Value::from(0.1),
            Value::from("Größe 🧺 'quoted' \\ \n"),
            Value::from(vec![0_u8, 255, 39]),
            Value::from(Vec::<u8>::new()),
            Value::from("short"),
        ]
    };
    let mut empty = vec![Value::Null; 9];
    empty[0] = Value::from(2_i64);
    let mut other = full(3);
    (other[1], other[3], other[5]) = (Value::from(false), Value::from(i64::MAX), Value::from(""));
    for row in [full(1), empty, other] {
        assert_eq!(change(&database, insert, &row).await, Ok(1));
        let back = database.query("SELECT * FROM v WHERE id = $1", &row[..1], soon()).await.unwrap();
        assert_eq!(back.columns, ["id", "flag", "small", "big", "real", "words", "raw", "also", "short"]);
        assert_eq!(back.rows, [row]);
    }
    // Values of the same statement are of other types the next time.
    for value in [Value::from("x"), Value::Null, Value::from("y")] {
        let found = rows(&database, "SELECT id FROM v WHERE words = $1", &[value]).await;
        assert!(found.is_empty());
    }
    databases.close().await;
}

pub(crate) async fn numbers_and_texts_mean_the_same(world: &World) {
    let databases = world.databases().await;
    let table = "CREATE TABLE t (id BIGINT PRIMARY KEY, price BIGINT NOT NULL, name TEXT NOT NULL, data TEXT)";
    let database = with_tables(&databases, "acme", table).await;
    let insert = "INSERT INTO t (id, price, name, data) VALUES ($1, $2, $3, $4)";
    let items =
        [(1, 100, "Zebra", r#"{"a": {"b": "deep"}}"#), (2, 251, "apple", "{}"), (3, 49, "Äpfel", r#"{"a": 1}"#)];
    for (id, price, name, data) in items {
        change(&database, insert, &[id.into(), price.into(), name.into(), data.into()]).await.unwrap();
    }
    let one = |statement: &'static str| {
        let database = database.clone();
        async move { rows(&database, statement, &[]).await.remove(0) }
    };
    let integer = Value::Integer;
    assert_eq!(one("SELECT sum(price), min(price), max(price), count(*) FROM t").await, [400, 49, 251, 3].map(integer));
    assert_eq!(one("SELECT sum(price) FROM t WHERE id > 100").await, [Value::Null]);
    assert_eq!(one("SELECT avg(price) FROM t WHERE id < 3").await, [Value::Real(175.5)]);
    assert_eq!(one("SELECT avg(price) FROM t WHERE id = 1").await, [Value::Real(100.0)]);
    assert_eq!(one("SELECT 7 / 2, -7 / 2, 7 % 4, abs(-3)").await, [3, -3, 3, 3].map(integer));
    assert_eq!(
        one("SELECT greatest(price, 200), least(price, 200) FROM t WHERE id = 1").await,
        [200, 100].map(integer)
    );
    assert_eq!(one("SELECT length(name), upper('ab') FROM t WHERE id = 3").await, [integer(5), Value::from("AB")]);
    assert_eq!(
        one("SELECT substr(name, 2, 3), name || '!' FROM t WHERE id = 1").await,
        ["ebr", "Zebra!"].map(Value::from)
    );
    // By bytes: capitals first, and no folding.
    let names = rows(&database, "SELECT name FROM t ORDER BY name", &[]).await.concat();
    assert_eq!(names, ["Zebra", "apple", "Äpfel"].map(Value::from));
    assert!(rows(&database, "SELECT id FROM t WHERE name LIKE $1", &["z%".into()]).await.is_empty());
    assert_eq!(rows(&database, "SELECT id FROM t WHERE name LIKE $1", &["Z%".into()]).await, [[integer(1)]]);
    assert_eq!(one("SELECT data::JSON -> 'a' ->> 'b' FROM t WHERE id = 1").await, [Value::from("deep")]);
    let grouped = "SELECT price > 60, count(*) FROM t GROUP BY price > 60 ORDER BY 2";
    assert_eq!(
        rows(&database, grouped, &[]).await.iter().map(|row| row[1].clone()).collect::<Vec<_>>(),
        [1, 2].map(integer)
    );
    let numbered = "SELECT id, row_number() OVER (ORDER BY price DESC) FROM t ORDER BY id";
    assert_eq!(rows(&database, numbered, &[]).await, [[1, 2], [2, 1], [3, 3]].map(|row| row.map(integer)));
    let tree = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n";
    assert_eq!(one(tree).await, [integer(15)]);
    assert_eq!(one("SELECT string_agg(name, ',' ORDER BY id) FROM t").await, [Value::from("Zebra,apple,Äpfel")]);
    let with = "WITH dear AS (SELECT id FROM t WHERE price > 200) UPDATE t SET name = name || '+' \
                WHERE id IN (SELECT id FROM dear)";
    assert_eq!(change(&database, with, &[]).await, Ok(1));
    let second = "SELECT id FROM t WHERE price > $1 ORDER BY id LIMIT $2 OFFSET $3";
    assert_eq!(rows(&database, second, &[1, 1, 1].map(integer)).await, [[integer(2)]]);
    databases.close().await;
}

pub(crate) async fn wrong_parameters_are_said(world: &World) {
    let databases = world.databases().await;
    let database = with_tables(&databases, "acme", TABLE).await;
    let ask = |statement: &'static str, parameters: Vec<Value>| {
        let database = database.clone();
        async move { reason(database.query(statement, &parameters, soon()).await) }
    };
    assert_eq!(ask("SELECT id FROM v WHERE id = $1", vec![]).await, "INVALID_PARAMETER");
    assert_eq!(ask("SELECT id FROM v WHERE id = $1", vec![1.into(), 2.into()]).await, "INVALID_PARAMETER");
    assert_eq!(ask("SELECT id FROM v WHERE real = $1", vec![f64::NAN.into()]).await, "INVALID_PARAMETER");
    assert_eq!(ask("SELECT id FROM v WHERE words = $1", vec!["a\0b".into()]).await, "INVALID_PARAMETER");
    assert_eq!(ask("SELECT nothing FROM v", vec![]).await, "SQL_ERROR");
    assert_eq!(ask("SELECT id FROM nothing", vec![]).await, "SQL_ERROR");
    if !world.is_sqlite() {
        // SQLite compares what is of another type with everything, and finds nothing.
        assert_eq!(ask("SELECT id FROM v WHERE id = $1", vec!["1".into()]).await, "INVALID_PARAMETER");
        assert_eq!(ask("SELECT id FROM v WHERE small = $1 + small", vec![i64::MAX.into()]).await, "INVALID_PARAMETER");
    }
    // And nothing of it is left behind on the connection.
    assert!(rows(&database, "SELECT id FROM v WHERE id = $1", &[1.into()]).await.is_empty());
    databases.close().await;
}
