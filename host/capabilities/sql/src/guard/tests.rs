use super::*;

fn portable(text: &str) -> Checked {
    check_statement(text, Dialect::Postgres).unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
}

fn written_for(dialect: Dialect, text: &str) -> String {
    let checked = check_statement(text, dialect).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
    checked.text.as_str().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_a_service_needs_may_run() {
    for text in [
        "SELECT 1",
        "SELECT * FROM products",
        "SELECT p.*, v.sku AS code FROM products p JOIN variants v ON v.product = p.id WHERE p.id = $1",
        "SELECT a, count(*) FROM t LEFT JOIN u USING (a) GROUP BY a HAVING count(*) > 1 ORDER BY a DESC LIMIT 10 OFFSET $1",
        "WITH RECURSIVE tree(id) AS (SELECT id FROM c WHERE id = $1 UNION ALL SELECT c.id FROM c JOIN tree ON c.parent = tree.id) SELECT id FROM tree",
        "SELECT x FROM t WHERE (a, b) > ($1, $2) AND c IN (1, 2) AND d NOT IN (SELECT d FROM u) AND EXISTS (SELECT 1 FROM u)",
        "SELECT CASE WHEN a = 1 THEN 'one' ELSE 'other' END, coalesce(a, 0), CAST(b AS TEXT), c::BIGINT FROM t",
        "SELECT row_number() OVER (PARTITION BY a ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t",
        "SELECT sum(a) FILTER (WHERE b > 0), string_agg(c, ',' ORDER BY c), substr(c, 1, 2), trim(c) FROM t",
        "SELECT a FROM t WHERE b LIKE $1 ESCAPE '!' AND c IS DISTINCT FROM $2 AND d BETWEEN 1 AND 2 AND e IS NOT NULL",
        "SELECT CAST(data AS JSON) ->> 'name' FROM t WHERE data IS NOT NULL ORDER BY a NULLS LAST",
        "INSERT INTO t (a, b) VALUES ($1, $2), ($3, 'it''s') ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE t.b < excluded.b RETURNING a, b",
        "INSERT INTO t (a) SELECT a FROM u WHERE true ON CONFLICT DO NOTHING",
        "INSERT INTO t DEFAULT VALUES",
        "UPDATE stock SET reserved = reserved + $2 WHERE sku = $1 AND on_hand - reserved >= $2 RETURNING on_hand",
        "UPDATE t SET a = u.a FROM u WHERE u.id = t.id",
        "WITH x AS (SELECT a FROM u) INSERT INTO t (a) SELECT a FROM x WHERE a > $1 ON CONFLICT DO NOTHING RETURNING a",
        "WITH x AS (SELECT a FROM u) UPDATE t SET b = 1 FROM x WHERE x.a = t.a",
        "WITH x AS (SELECT a FROM u) DELETE FROM t WHERE a IN (SELECT a FROM x)",
        "DELETE FROM t WHERE a = $1 -- and a comment",
        "SELECT temp, public, completion FROM t",
        "SELECT name, type, key, value, position, status, \"order\" FROM t; ",
    ] {
        portable(text);
    }
}

#[test]
fn parameters_are_counted_and_effects_known() {
    let checked = portable("UPDATE t SET a = $2 WHERE b = $1 RETURNING a");
    assert_eq!((checked.effect, checked.parameters, checked.answers), (Effect::Put, 2, true));
    let checked = portable("DELETE FROM t WHERE b = $1");
    assert_eq!((checked.effect, checked.parameters, checked.answers), (Effect::Delete, 1, false));
    assert_eq!(portable("VALUES (1)").effect, Effect::Read);
    let checked = portable("WITH x AS (SELECT $1) DELETE FROM t WHERE b = $2 RETURNING b");
    assert_eq!((checked.effect, checked.parameters, checked.answers), (Effect::Delete, 2, true));
    for hidden in ["SELECT * FROM (DELETE FROM t RETURNING a) x", "SELECT 1 UNION DELETE FROM t", "(DELETE FROM t)"] {
        assert!(check_statement(hidden, Dialect::Postgres).is_err(), "{hidden}");
    }
}

#[test]
fn each_database_reads_its_own_words() {
    let text = "SELECT greatest(a, $1), a::BIGINT, CAST(d AS JSON) ->> 'x' FROM t";
    assert_eq!(written_for(Dialect::Sqlite, text), "SELECT max(a, $1), CAST(a AS BIGINT), (d) ->> 'x' FROM t");
    let text_of = |dialect| written_for(dialect, text);
    assert_eq!(text_of(Dialect::Postgres), "SELECT greatest(a, $1), CAST(a AS BIGINT), CAST(d AS JSON) ->> 'x' FROM t");
    let table = "CREATE TABLE t (a TEXT PRIMARY KEY, b BLOB, c BOOL NOT NULL DEFAULT false)";
    let of = |dialect| check_migration(table, dialect).unwrap();
    assert_eq!(of(Dialect::Sqlite), ["CREATE TABLE t (a TEXT PRIMARY KEY, b BLOB, c BOOLEAN NOT NULL DEFAULT false)"]);
    let expected = "CREATE TABLE t (a TEXT COLLATE \"C\" PRIMARY KEY, b BYTEA, c BOOLEAN NOT NULL DEFAULT false)";
    assert_eq!(of(Dialect::Postgres), [expected]);
}

#[test]
fn a_text_never_ends_early() {
    // The parser's writer takes the quote for escaped, and would write a text that ends there.
    for text in
        [r"SELECT '\'' || ' '", r"SELECT 'a\'", "SELECT 'a''''b'", "SELECT E'x'", "SELECT $$x$$", "SELECT U&'x'"]
    {
        assert!(check_statement(text, Dialect::Postgres).is_err(), "{text}");
    }
    assert_eq!(written_for(Dialect::Sqlite, "SELECT 'it''s; --'"), "SELECT 'it''s; --'");
}

#[test]
fn a_refusal_says_what_and_where() {
    let refused = |text| check_statement(text, Dialect::Sqlite).unwrap_err().into_fault();
    let fault = refused("SELECT a,\n  pg_sleep(1) FROM t");
    assert_eq!(fault.reason, "STATEMENT_REFUSED");
    assert_eq!(fault.message, "statement refused: the function `pg_sleep` is not allowed at line 2, column 3");
    let fault = refused("SELECT 1; SELECT 2");
    assert_eq!(fault.message, "statement refused: exactly one statement is expected, found 2");
    let fault = refused("PRAGMA journal_mode");
    assert!(fault.message.contains("is not SELECT, INSERT, UPDATE or DELETE"), "{}", fault.message);
}

#[test]
fn long_and_deep_statements_end_in_a_refusal() {
    let chain = format!("SELECT 1 WHERE {}", vec!["a = 1"; 5_000].join(" OR "));
    let deep = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let negated = format!("SELECT {}1", "NOT ".repeat(5_000));
    let minus = format!("SELECT {}1", "- ".repeat(500));
    let queries = format!("SELECT * FROM {}t{}", "(SELECT * FROM ".repeat(500), ") x".repeat(500));
    for text in [chain, deep, negated, minus, queries] {
        assert!(check_statement(&text, Dialect::Postgres).is_err(), "{text:.40}");
    }
    // And what is only long runs.
    let rows = vec!["($1, $2, $3)"; 2_000].join(", ");
    portable(&format!("INSERT INTO t (a, b, c) VALUES {rows}"));
    portable(&format!("SELECT a FROM t WHERE {}", vec!["a = $1"; 150].join(" OR ")));
}

#[test]
fn migrations_create_alter_and_drop() {
    let text = "CREATE TABLE IF NOT EXISTS product (
            id BIGINT PRIMARY KEY, sku TEXT NOT NULL UNIQUE, data TEXT, price BIGINT CHECK (price >= 0),
            parent BIGINT REFERENCES product (id) ON DELETE CASCADE, CONSTRAINT one UNIQUE (sku, price));
        CREATE UNIQUE INDEX product_sku ON product (sku, price DESC) WHERE price > 0; -- why
        ALTER TABLE product ADD COLUMN note TEXT NOT NULL DEFAULT '';
        ALTER TABLE product RENAME COLUMN note TO notes;
        INSERT INTO product (id, sku) VALUES (1, 'it''s');
        DROP INDEX product_sku; DROP TABLE IF EXISTS product;";
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        assert_eq!(check_migration(text, dialect).unwrap().len(), 7);
    }
    let sqlite = "CREATE TABLE t (a BIGINT, PRIMARY KEY (a)) STRICT, WITHOUT ROWID";
    assert!(
        check_migration(sqlite, Dialect::Sqlite).is_ok()
            || check_migration("CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT", Dialect::Sqlite).is_ok()
    );
}

#[test]
fn migrations_stay_at_home() {
    for text in [
        "CREATE TABLE other.t (a BIGINT)",
        "CREATE TEMP TABLE t (a BIGINT)",
        "CREATE TABLE t AS SELECT 1",
        "CREATE TABLE t (a BIGINT) TABLESPACE x",
        "CREATE TABLE t (LIKE u)",
        "CREATE TABLE t (a BIGINT) INHERITS (u)",
        "CREATE TABLE t (a regclass)",
        "CREATE TABLE t (a BIGINT DEFAULT nextval('other.s'))",
        "CREATE TABLE t (a TEXT DEFAULT current_user)",
        "CREATE TABLE t (a TEXT GENERATED ALWAYS AS (pg_read_file('/etc/passwd')) STORED)",
        "CREATE TABLE fondaco_outbox (a BIGINT)",
        "CREATE TABLE sqlite_x (a BIGINT)",
        "CREATE TABLE t (a BIGINT REFERENCES other.t (a))",
        "CREATE INDEX i ON other.t (a)",
        "CREATE INDEX i ON t USING gin (a)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE FUNCTION f() RETURNS BIGINT LANGUAGE sql AS 'SELECT 1'",
        "CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()",
        "CREATE VIRTUAL TABLE t USING fts5(a)",
        "CREATE EXTENSION dblink",
        "CREATE SCHEMA s",
        "CREATE ROLE r",
        "ALTER TABLE t OWNER TO postgres",
        "ALTER TABLE t SET SCHEMA public",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE t RENAME TO fondaco_t",
        "DROP TABLE t CASCADE",
        "DROP TABLE fondaco_migrations",
        "DROP SCHEMA s",
        "GRANT ALL ON t TO PUBLIC",
        "SET search_path = x",
        "COMMIT",
        "BEGIN",
        "VACUUM",
        "PRAGMA foreign_keys = off",
        "ATTACH 'x' AS y",
        "COPY t FROM '/etc/passwd'",
        "DO $$ BEGIN END $$",
        "INSERT INTO t (a) VALUES ($1)",
        "SELECT 1",
    ] {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            assert!(check_migration(text, dialect).is_err(), "{dialect:?}: {text}");
        }
    }
}
