//! The guests, as text: a core module in the canonical ABI's names, whose statements lie in its memory.

use std::fmt::Write as _;

use bytes::Bytes;

/// The tables of the shop.
pub(crate) const TABLES: &str = "CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand BIGINT NOT NULL);
    CREATE TABLE v (missing TEXT, flag BOOLEAN, big BIGINT, real DOUBLE PRECISION, words TEXT, raw BYTEA)";

const INSERT: &str = "INSERT INTO stock (sku, on_hand) VALUES ('first', 7)";
const SECOND: &str = "INSERT INTO stock (sku, on_hand) VALUES ('second', 8)";
const COUNT: &str = "SELECT count(*) FROM stock";
const RETURNING: &str = "INSERT INTO stock (sku, on_hand) VALUES ('first', 7) RETURNING on_hand";
const VALUES: &str = "INSERT INTO v (missing, flag, big, real, words, raw) VALUES ($1, $2, $3, $4, $5, $6)";
const FOR_EVER: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// Functions `() -> result<u64, fault>` and their bodies. `(call $do A L)` executes the statement at A and answers
/// where its result is; `(call $ask A L)` does so with the first integer of a query's first row; `$err` answers a
/// fault, `$neighbour` asks another service.
const FUNCTIONS: &[(&str, &str)] = &[
    ("put", "(call $do {INSERT})"),
    ("put-returning", "(call $ask {RETURNING})"),
    ("put-then-err", "(drop (call $do {SECOND})) (call $err)"),
    ("put-then-trap", "(drop (call $do {SECOND})) unreachable"),
    ("put-then-loop", "(drop (call $do {SECOND})) (loop br 0) unreachable"),
    ("put-then-wait", "(drop (call $do {SECOND})) (call $ask {FOR_EVER})"),
    ("put-twice", "(drop (call $do {SECOND})) (call $do {SECOND})"),
    (
        "put-commit-put-err",
        "(drop (call $do {INSERT})) (call $commit (i32.const 512)) (drop (call $do {SECOND})) (call $err)",
    ),
    ("put-then-ask", "(drop (call $do {INSERT})) (call $neighbour (i32.const 256)) (i32.const 256)"),
    (
        "put-commit-ask",
        "(drop (call $do {INSERT})) (call $commit (i32.const 512)) (call $neighbour (i32.const 256)) (i32.const 256)",
    ),
    ("swallow", "(drop (call $do {SECOND})) (drop (call $do {SECOND})) (call $ok (i64.const 1))"),
    ("sneak", "(call $do {INSERT})"),
    ("wrong", "(call $do {COUNT})"),
    ("count", "(call $ask {COUNT})"),
    ("count-all", "(call $ask {COUNT})"),
    ("put-values", "(call $execute {VALUES} (i32.const 1024) (i32.const 6) (i32.const 256)) (i32.const 256)"),
];

const STATEMENTS: &[(&str, &str)] = &[
    ("{INSERT}", INSERT),
    ("{SECOND}", SECOND),
    ("{COUNT}", COUNT),
    ("{RETURNING}", RETURNING),
    ("{VALUES}", VALUES),
    ("{FOR_EVER}", FOR_EVER),
];

/// At 256 lies a result, at 512 one that nobody reads, at 1024 six parameters of 16 bytes each (a case, and its value
/// 8 bytes on), at 1280 a word of 5 bytes, at 2048 the statements.
const MODULE: &str = r#"(module
    (import "fondaco:host/sql@1.0.0" "execute" (func $execute (param i32 i32 i32 i32 i32)))
    (import "fondaco:host/sql@1.0.0" "query" (func $query (param i32 i32 i32 i32 i32)))
    (import "fondaco:host/unit-of-work@1.0.0" "commit" (func $commit (param i32)))
    (import "test:neighbour/neighbour@1.0.0" "ask" (func $neighbour (param i32)))
    (memory (export "memory") 2)
    (global $top (mut i32) (i32.const 65536))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
        (global.set $top (i32.add (local.get $at) (local.get 3)))
        (local.get $at))
    (data (i32.const 1280) "first")
    (data (i32.const 1024)
        "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00"
        "\01\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00"
        "\02\00\00\00\00\00\00\00\00\00\00\00\00\00\00\80"
        "\03\00\00\00\00\00\00\00\00\00\00\00\00\00\e0\3f"
        "\04\00\00\00\00\00\00\00\00\05\00\00\05\00\00\00"
        "\05\00\00\00\00\00\00\00\00\05\00\00\05\00\00\00")
    (data (i32.const 1300) "OUT_OF_STOCK")
    (func $do (param $at i32) (param $len i32) (result i32)
        (call $execute (local.get $at) (local.get $len) (i32.const 0) (i32.const 0) (i32.const 256))
        (i32.const 256))
    (func $ok (param $number i64) (result i32)
        (i32.store8 (i32.const 256) (i32.const 0)) (i64.store (i32.const 264) (local.get $number)) (i32.const 256))
    (func $err (result i32)
        (i32.store8 (i32.const 256) (i32.const 1)) (i32.store8 (i32.const 264) (i32.const 8))
        (i32.store (i32.const 268) (i32.const 1300)) (i32.store (i32.const 272) (i32.const 12))
        (i32.store (i32.const 276) (i32.const 1300)) (i32.store (i32.const 280) (i32.const 12))
        (i32.store (i32.const 284) (i32.const 0)) (i32.store (i32.const 288) (i32.const 0))
        (i32.const 256))
    (func $ask (param $at i32) (param $len i32) (result i32)
        (call $query (local.get $at) (local.get $len) (i32.const 0) (i32.const 0) (i32.const 512))
        (if (i32.load8_u (i32.const 512)) (then
            (memory.copy (i32.const 264) (i32.const 516) (i32.const 28))
            (i32.store8 (i32.const 256) (i32.const 1)) (return (i32.const 256))))
        (call $ok (i64.load offset=8 (i32.load (i32.load (i32.const 524))))))
FUNCTIONS)"#;

pub(crate) fn shop() -> Bytes {
    let mut at = 2_048;
    let mut module = String::new();
    let mut places = Vec::new();
    for (name, text) in STATEMENTS {
        let _ = writeln!(module, "(data (i32.const {at}) \"{text}\")");
        places.push((*name, format!("(i32.const {at}) (i32.const {})", text.len())));
        at += text.len();
    }
    let mut wit = String::new();
    for (name, body) in FUNCTIONS {
        let body = places.iter().fold((*body).to_owned(), |body, (name, place)| body.replace(name, place));
        let _ = writeln!(module, "(func (export \"test:shop/shop@1.0.0#{name}\") (result i32) {body})");
        let _ = writeln!(wit, "{name}: func() -> result<u64, fault>;");
    }
    let wit = format!(
        "package test:shop@1.0.0;
         interface shop {{ use fondaco:types/faults@1.0.0.{{fault}}; {wit} }}
         world guest {{
             import fondaco:host/sql@1.0.0; import fondaco:host/unit-of-work@1.0.0;
             import test:neighbour/neighbour@1.0.0; export shop;
         }}"
    );
    component(
        &[include_str!("../../../../../wit/host/sql.wit"), NEIGHBOUR],
        &wit,
        &MODULE.replace("FUNCTIONS", &module),
    )
}

const NEIGHBOUR: &str = "package test:neighbour@1.0.0;
    interface neighbour { use fondaco:types/faults@1.0.0.{fault}; ask: func() -> result<u64, fault>; }
    world guest { export neighbour; }";

/// Answers 42.
pub(crate) fn neighbour() -> Bytes {
    let module = r#"(module
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "test:neighbour/neighbour@1.0.0#ask") (result i32)
            (i64.store (i32.const 264) (i64.const 42)) (i32.const 256)))"#;
    component(&[], NEIGHBOUR, module)
}

fn component(others: &[&str], wit: &str, module: &str) -> Bytes {
    let mut resolve = wit_parser::Resolve::default();
    resolve.push_str("types.wit", include_str!("../../../../../wit/types/types.wit")).unwrap();
    for other in others {
        resolve.push_str("other.wit", other).unwrap();
    }
    let package = resolve.push_str("test.wit", wit).unwrap_or_else(|error| panic!("{error:?}\n{wit}"));
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    let mut module = wat::parse_str(module).unwrap_or_else(|error| panic!("{error}\n{module}"));
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    let mut encoder = wit_component::ComponentEncoder::default().validate(true).module(&module).unwrap();
    encoder.encode().unwrap_or_else(|error| panic!("{error:?}")).into()
}
