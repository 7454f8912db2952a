//! Compile bombs: small enough to upload, valid, and far too much work for a compiler.
//!
//! The fuse is the same in both: in nested loops whose innermost changes every local, a compiler that builds SSA
//! needs a value for each local at the head of each loop, so the work is the product of two numbers that each cost
//! the attacker a few bytes.

use super::{plugins, repeated};

/// One function whose values do not fit into the compiler's memory: 60 million of them.
pub fn memory_to_compile() -> Vec<u8> {
    plugins::body(&loops("$bomb", 3_000, 20_000), "(call $bomb)")
}

/// Thousands of functions, none of which needs much memory, and which together take minutes.
pub fn time_to_compile() -> Vec<u8> {
    plugins::body(&repeated(2_000, |number| loops(&format!("$bomb{number}"), 150, 150)), "(call $bomb0)")
}

/// A function with `depth` loops in each other; the innermost changes all of `locals`.
fn loops(name: &str, depth: usize, locals: usize) -> String {
    let heads = repeated(depth, |number| format!("(loop $l{number}"));
    let changes = repeated(locals, |number| {
        format!("(local.set {number} (i32.add (local.get {number}) (local.get {})))", (number + 1) % locals)
    });
    let tails = repeated(depth, |number| format!("(br_if $l{} (local.get {})))", depth - 1 - number, number % locals));
    format!("(func {name} (local {})\n{heads}{changes}{tails})", "i32 ".repeat(locals))
}
