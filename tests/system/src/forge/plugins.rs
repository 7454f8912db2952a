//! Plugins in WAT. All but `fixed_price` are validations: their answer, an empty list, is the shortest to write.

use wit_parser::Resolve;

use super::{component, contracts};

/// What is exported besides the function: memory and an allocator that only goes up, and an answer of zeros at 1024,
/// which is `ok([])` whatever the list is of.
fn module(imports: &str, definitions: &str, body: &str) -> String {
    format!(
        r#"(module
  {imports}
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 8192))
  {definitions}
  (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
      (br_if $fits (i32.ne (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1))) (i32.const -1)))
      unreachable)
    (local.get $at))
  (func (export "fondaco:plugin/validation@1.0.0#check") (param $arguments i32) (result i32)
    {body}
    (i32.const 1024)))"#
    )
}

fn validation(definitions: &str, body: &str) -> Vec<u8> {
    component(&contracts(), "validation-plugin", &module("", definitions, body))
}

/// A validation that finds nothing wrong.
pub fn benign() -> Vec<u8> {
    validation("", "")
}

/// A validation with this WAT before its answer.
pub fn body(definitions: &str, body: &str) -> Vec<u8> {
    validation(definitions, body)
}

/// Grows a table until it is refused, by a thousand each time, and then traps, so that it must have been stopped.
pub fn growing_table() -> Vec<u8> {
    validation(
        "(table $t 1 funcref)",
        "(loop $more (br_if $more (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable",
    )
}

/// Declares a table of a hundred million entries.
pub fn vast_table() -> Vec<u8> {
    validation("(table $t 100000000 funcref)", "")
}

/// Declares a second memory of four GiB less a page.
pub fn vast_memory() -> Vec<u8> {
    component(
        &contracts(),
        "validation-plugin",
        &module("", "", "").replace(r#"(memory (export "memory") 2)"#, r#"(memory (export "memory") 65535)"#),
    )
}

/// Answers a million violations, which cost the plugin nothing: the memory they lie in was never touched.
pub fn million_answers() -> Vec<u8> {
    let answer = "(drop (memory.grow (i32.const 600)))
      (i32.store (i32.const 1028) (i32.const 131072)) (i32.store (i32.const 1032) (i32.const 1000000))";
    validation("", answer)
}

/// Answers a hundred thousand violations whose messages are all the same megabyte: 100 GB for whoever copies them.
pub fn aliased_answers() -> Vec<u8> {
    let answer = "(local $at i32)
      (drop (memory.grow (i32.const 80)))
      (local.set $at (i32.const 131072))
      (loop $more
        (i32.store offset=28 (local.get $at) (i32.const 1000000))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (br_if $more (i32.lt_u (local.get $at) (i32.const 3331072))))
      (i32.store (i32.const 1028) (i32.const 131072)) (i32.store (i32.const 1032) (i32.const 100000))";
    validation("", answer)
}

/// Answers a list that lies outside of its memory.
pub fn answer_out_of_bounds() -> Vec<u8> {
    validation("", "(i32.store (i32.const 1028) (i32.const -65536)) (i32.store (i32.const 1032) (i32.const 1))")
}

/// Answers a violation whose message is not UTF-8.
pub fn answer_not_utf8() -> Vec<u8> {
    let answer = "(i32.store (i32.const 1028) (i32.const 2048)) (i32.store (i32.const 1032) (i32.const 1))
      (i32.store offset=24 (i32.const 2048) (i32.const 4096)) (i32.store offset=28 (i32.const 2048) (i32.const 4))";
    validation(r#"(data (i32.const 4096) "\ff\fe\80\81")"#, answer)
}

/// Never gets as far as its function: the start function loops.
pub fn looping_start() -> Vec<u8> {
    validation("(func $start (loop $forever (br $forever))) (start $start)", "")
}

/// A price rule of one fixed unit price for the first line, in the cart's own currency.
pub fn fixed_price(unit: i64) -> Vec<u8> {
    // `ok({currency, rules: [{name: "fixed", reasons: []}], prices: [{line: 0, unit, rule: 0}]})`: the result at 1024,
    // the price at 2048, the rule at 3072.
    // The arguments begin with the cart, the cart with the context, whose fourth string at 24 is the currency.
    let wat = module("", r#"(data (i32.const 4096) "fixed")"#, "")
        .replace("validation@1.0.0#check", "price-rule@1.0.0#evaluate")
        .replace(
            "(i32.const 1024)))",
            &format!(
                "(i32.store (i32.const 1028) (i32.load offset=24 (local.get $arguments)))
                 (i32.store (i32.const 1032) (i32.load offset=28 (local.get $arguments)))
                 (i32.store (i32.const 1036) (i32.const 3072))
                 (i32.store (i32.const 1040) (i32.const 1))
                 (i32.store (i32.const 1044) (i32.const 2048))
                 (i32.store (i32.const 1048) (i32.const 1))
                 (i64.store (i32.const 2056) (i64.const {unit}))
                 (i32.store (i32.const 3072) (i32.const 4096))
                 (i32.store (i32.const 3076) (i32.const 5))
                 (i32.const 1024)))"
            ),
        );
    component(&contracts(), "price-rule-plugin", &wat)
}

/// A validation that imports function `function` of `package`'s `interface`.
pub fn forbidden_import(package: &str, interface: &str) -> Vec<u8> {
    let mut resolve = contracts();
    let (name, version) = package.split_once('@').expect("a version");
    resolve
        .push_str("stub.wit", &format!("package {package}; interface {interface} {{ touch: func(); }}"))
        .expect("the stub parses");
    resolve
        .push_str(
            "world.wit",
            &format!("package test:forbidden; world grabby {{ import {name}/{interface}@{version}; export fondaco:plugin/validation@1.0.0; }}"),
        )
        .expect("the world parses");
    let import = format!(r#"(import "{name}/{interface}@{version}" "touch" (func $touch))"#);
    component(&resolve, "grabby", &module(&import, "", "(call $touch)"))
}

/// Exports `validation`, but `check` takes and gives a number.
pub fn wrong_types() -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve
        .push_str("odd.wit", "package fondaco:plugin@1.0.0; interface validation { check: func(x: u32) -> u32; } world odd { export validation; }")
        .expect("the world parses");
    let wat = r#"(module (memory (export "memory") 1)
      (func (export "fondaco:plugin/validation@1.0.0#check") (param i32) (result i32) (local.get 0)))"#;
    component(&resolve, "odd", wat)
}

/// Exports `validation` of a version of the contracts that there is not.
pub fn wrong_version() -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve
        .push_str("next.wit", "package fondaco:plugin@2.0.0; interface validation { check: func(x: u32) -> u32; } world next { export validation; }")
        .expect("the world parses");
    let wat = r#"(module (memory (export "memory") 1)
      (func (export "fondaco:plugin/validation@2.0.0#check") (param i32) (result i32) (local.get 0)))"#;
    component(&resolve, "next", wat)
}

/// Exports nothing of the contracts.
pub fn no_point() -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve
        .push_str("else.wit", "package test:elsewhere; world elsewhere { export hello: func() -> u32; }")
        .expect("the world parses");
    component(&resolve, "elsewhere", r#"(module (func (export "hello") (result i32) (i32.const 1)))"#)
}
