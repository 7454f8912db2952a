//! Ways out, tried one by one: each is refused, and the neighbour keeps what is his.

use fondaco_sql::Value;

use crate::world::{World, change, database, number, reason, rows, soon, with_tables};

/// What a statement of a call may try.
const ATTEMPTS: &[&str] = &[
    // Other databases and files.
    "ATTACH DATABASE '../victim/shop.sqlite' AS v",
    "ATTACH '/etc/passwd' AS p",
    "DETACH DATABASE main",
    "VACUUM INTO '/tmp/stolen.sqlite'",
    "VACUUM",
    "SELECT load_extension('/tmp/evil.so')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/x', 'x')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/x')",
    "COPY secrets TO '/tmp/x'",
    "COPY t FROM PROGRAM 'id'",
    "COPY (SELECT 1) TO STDOUT",
    // Settings.
    "PRAGMA journal_mode = DELETE",
    "PRAGMA max_page_count = 1000000000",
    "PRAGMA writable_schema = ON",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_table_info('t')",
    "SET search_path = 'victim.shop'",
    "SET SESSION AUTHORIZATION fondaco",
    "SET ROLE fondaco",
    "RESET ROLE",
    "SET LOCAL statement_timeout = 0",
    "SHOW search_path",
    "SELECT set_config('search_path', 'public', false)",
    "SELECT set_config('role', 'fondaco', true)",
    "SELECT current_setting('data_directory')",
    "ALTER SYSTEM SET fsync = off",
    "ALTER ROLE host SUPERUSER",
    // Names of others.
    "SELECT * FROM \"victim.shop\".secrets",
    "SELECT * FROM \"victim.shop\".\"secrets\"",
    "UPDATE \"victim.shop\".secrets SET word = 'lost'",
    "DELETE FROM \"victim.shop\".secrets",
    "INSERT INTO \"victim.shop\".secrets (word) VALUES ('mine')",
    "SELECT (SELECT word FROM \"victim.shop\".secrets)",
    "WITH x AS (SELECT * FROM \"victim.shop\".secrets) SELECT * FROM x",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM \"victim.shop\".secrets)",
    "INSERT INTO t (a) SELECT 1 FROM \"victim.shop\".secrets",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = (SELECT 1 FROM \"victim.shop\".secrets)",
    "UPDATE t SET a = 1 FROM \"victim.shop\".secrets",
    "DELETE FROM t USING \"victim.shop\".secrets",
    "DELETE FROM t WHERE a = 1 RETURNING (SELECT 1 FROM \"victim.shop\".secrets)",
    "SELECT 1 ORDER BY (SELECT 1 FROM \"victim.shop\".secrets)",
    "SELECT 1 LIMIT (SELECT 1 FROM \"victim.shop\".secrets)",
    "SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM \"victim.shop\".secrets)) FROM t",
    "SELECT sum(a) OVER (ORDER BY (SELECT 1 FROM \"victim.shop\".secrets)) FROM t",
    "SELECT main.t.a FROM t",
    "SELECT * FROM main.sqlite_master",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM SQLITE_SCHEMA",
    "SELECT * FROM \"sqlite_master\"",
    "SELECT * FROM [sqlite_master]",
    "SELECT * FROM `sqlite_master`",
    "SELECT * FROM dbstat",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM pg_class",
    "SELECT * FROM \"pg_authid\"",
    "SELECT * FROM public.t",
    "SELECT * FROM fondaco.tenants",
    "SELECT * FROM fondaco_migrations",
    "DELETE FROM fondaco_migrations",
    "WITH fondaco_x AS (SELECT 1) SELECT * FROM fondaco_x",
    "SELECT 'secrets'::regclass",
    "SELECT CAST('secrets' AS regclass)",
    "SELECT nextval('\"victim.shop\".s')",
    // Functions.
    "SELECT query_to_xml('SELECT * FROM secrets', true, true, '')",
    "SELECT database_to_xml(true, true, '')",
    "SELECT table_to_xml('secrets', true, true, '')",
    "SELECT dblink('dbname=main', 'SELECT 1')",
    "SELECT pg_sleep(100)",
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_reload_conf()",
    "SELECT current_user",
    "SELECT session_user",
    "SELECT user",
    "SELECT current_schema",
    "SELECT version()",
    "SELECT sqlite_version()",
    "SELECT random()",
    "SELECT randomblob(1000000000)",
    "SELECT zeroblob(1000000000)",
    "SELECT repeat('x', 1000000000)",
    "SELECT printf('%.*c', 1000000000, 'x')",
    "SELECT lpad('x', 1000000000)",
    "SELECT \"pg_sleep\"(1)",
    "SELECT pg_catalog.pg_sleep(1)",
    "SELECT * FROM generate_series(1, 1000000000)",
    "SELECT generate_series(1, 1000000000)",
    "SELECT * FROM json_each('[1]')",
    "SELECT * FROM unnest(ARRAY[1, 2])",
    "SELECT 1 OPERATOR(pg_catalog.+) 1",
    "SELECT 'a' COLLATE \"x\"",
    "SELECT a FROM t WHERE a ~ '(x+)+y'",
    "SELECT a FROM t WHERE a REGEXP 'x'",
    "SELECT a FROM t WHERE a MATCH 'x'",
    "SELECT nothing.\"pg_sleep\" FROM t nothing",
    // More than one, and what only looks like one.
    "SELECT 1; DROP TABLE secrets",
    "SELECT 1; SELECT 2",
    "SELECT 1;; ATTACH 'x' AS y",
    "INSERT INTO t (a) VALUES (1); COMMIT",
    "COMMIT",
    "ROLLBACK",
    "BEGIN",
    "SAVEPOINT x",
    "RELEASE x",
    "END",
    "SELECT 1 /* */ ; /* */ DELETE FROM t",
    "SELECT '\\'; DELETE FROM t; --'",
    "SELECT E'\\'; DELETE FROM t; --'",
    "SELECT $$x$$",
    "SELECT $tag$; DELETE FROM t; $tag$",
    "SELECT U&'\\0027'",
    "SELECT N'x'",
    "SELECT X'00'",
    "SELECT \"a\"\"b\" FROM t",
    "SELECT ａ FROM t",
    "SELECT 1 \0 FROM t",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE DELETE FROM t",
    "PREPARE x AS SELECT 1",
    "EXECUTE x",
    "DECLARE c CURSOR FOR SELECT 1",
    "FETCH ALL FROM c",
    "LISTEN x",
    "NOTIFY x, 'y'",
    "LOCK TABLE t",
    "CALL x()",
    "DO 'BEGIN END'",
    // Schemas.
    "CREATE TABLE x (a BIGINT)",
    "CREATE TEMP TABLE secrets (word TEXT)",
    "CREATE TEMPORARY VIEW v AS SELECT 1",
    "CREATE TABLE pg_temp.x (a BIGINT)",
    "CREATE VIRTUAL TABLE x USING fts5(a)",
    "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END",
    "CREATE EXTENSION dblink",
    "CREATE FUNCTION x() RETURNS BIGINT LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA x",
    "DROP SCHEMA \"victim.shop\" CASCADE",
    "DROP TABLE t",
    "ALTER TABLE t RENAME TO x",
    "TRUNCATE t",
    "REINDEX",
    "ANALYZE",
    "GRANT ALL ON t TO PUBLIC",
    "REASSIGN OWNED BY host TO fondaco",
    "COMMENT ON TABLE t IS 'x'",
    "SELECT a INTO x FROM t",
    "SELECT * INTO TEMP x FROM t",
    "WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x",
    "SELECT a FROM t FOR UPDATE",
    "TABLE t",
    "SELECT a FROM t TABLESAMPLE SYSTEM (1)",
    "SELECT * FROM t, LATERAL (SELECT 1) x",
    "MERGE INTO t USING t AS s ON t.a = s.a WHEN MATCHED THEN DELETE",
    "REPLACE INTO t (a) VALUES (1)",
    "INSERT OR REPLACE INTO t (a) VALUES (1)",
    "UPDATE OR IGNORE t SET a = 1",
    "SELECT :name",
    "SELECT @name",
    "SELECT ?",
    "SELECT $name",
    "SELECT $0",
    "SELECT ARRAY[1]",
    "SELECT ROW(1)",
    "SELECT INTERVAL '1 day'",
    "SELECT DATE '2020-01-01'",
    "SELECT current_timestamp",
    "",
    ";",
    "--",
];

pub(crate) async fn nobody_escapes(world: &World) {
    let databases = world.databases().await;
    let secrets = "CREATE TABLE secrets (word TEXT); INSERT INTO secrets (word) VALUES ('mine')";
    let victim = with_tables(&databases, "victim", secrets).await;
    let attacker = with_tables(&databases, "attacker", "CREATE TABLE t (a BIGINT UNIQUE)").await;
    change(&attacker, "INSERT INTO t (a) VALUES (7)", &[]).await.unwrap();
    assert!(ATTEMPTS.len() >= 40);
    for attempt in ATTEMPTS {
        let read = attacker.query(attempt, &[], soon()).await;
        assert_eq!(reason(read), "STATEMENT_REFUSED", "query: {attempt}");
        let mut work = attacker.begin(soon()).await.unwrap();
        assert_eq!(reason(work.execute(attempt, &[]).await), "STATEMENT_REFUSED", "execute: {attempt}");
        assert_eq!(reason(work.query(attempt, &[]).await), "STATEMENT_REFUSED", "query in a unit: {attempt}");
        work.commit().await.unwrap();
    }
    let long = format!("SELECT {}", "1 + ".repeat(100_000));
    assert_eq!(reason(attacker.query(&long, &[], soon()).await), "STATEMENT_TOO_LONG");
    // A name alone finds nothing of others'.
    assert_eq!(reason(attacker.query("SELECT word FROM secrets", &[], soon()).await), "SQL_ERROR");
    assert_eq!(rows(&victim, "SELECT word FROM secrets", &[]).await, [[Value::from("mine")]]);
    assert_eq!(number(&attacker, "SELECT a FROM t").await, 7);
    if !world.is_sqlite() {
        past_the_guard(&attacker).await;
    }
    let neighbours = database(&databases, "victim", "other").await;
    assert_eq!(reason(neighbours.query("SELECT word FROM secrets", &[], soon()).await), "SQL_ERROR");
    databases.close().await;
}

/// Statements that nobody checks: PostgreSQL's own rights hold.
async fn past_the_guard(attacker: &fondaco_sql::Database) {
    for attempt in [
        "SELECT word FROM \"victim.shop\".secrets",
        "SELECT tenant FROM fondaco.tenants",
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT 1 FROM pg_ls_dir('/')",
        "SELECT lo_import('/etc/passwd')::text",
    ] {
        let answer = attacker.query_internal(attempt, &[], soon()).await.unwrap_err();
        assert_eq!(answer.detail("sqlstate"), Some("42501"), "{attempt}: {answer}");
    }
    for attempt in [
        "UPDATE \"victim.shop\".secrets SET word = 'lost'",
        "CREATE TEMP TABLE x (a BIGINT)",
        "CREATE TABLE public.x (a BIGINT)",
        "CREATE SCHEMA x",
        "COPY t FROM PROGRAM 'id'",
        "COPY t TO '/tmp/fondaco-stolen'",
        "CREATE ROLE x",
        "SELECT lo_export(1, '/tmp/fondaco-stolen')",
    ] {
        let mut work = attacker.begin(soon()).await.unwrap();
        let answer = work.execute_internal(attempt, &[]).await.unwrap_err();
        assert_eq!(answer.detail("sqlstate"), Some("42501"), "{attempt}: {answer}");
    }
}
