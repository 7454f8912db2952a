//! Bytes that are no plugin at all.

use super::{plugins, repeated};

/// A core module, fine in itself.
pub fn core_module() -> Vec<u8> {
    wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "check") (result i32) (i32.const 0)))"#)
        .expect("a module")
}

/// A good component without its end.
pub fn truncated(keep_percent: usize) -> Vec<u8> {
    let mut bytes = plugins::benign();
    bytes.truncate(bytes.len() * keep_percent / 100);
    bytes
}

/// Noise, the same on each run (xorshift).
pub fn random(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[4]
    };
    (0..length).map(|_| next()).collect()
}

/// The eight bytes with which each component begins, then noise.
pub fn random_behind_the_header(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.extend(random(length, seed));
    bytes
}

/// A good component that a custom section blows up to `length` and a bit.
pub fn oversize(length: usize) -> Vec<u8> {
    super::stamped(&plugins::benign(), &"x".repeat(length))
}

/// Lists of lists of lists: short to write, long to follow for whoever recurses.
pub fn nested_types(depth: usize) -> Vec<u8> {
    let lists = repeated(depth, |number| match number {
        0 => "(type $t0 (list u8))".to_owned(),
        _ => format!("(type $t{number} (list $t{}))", number - 1),
    });
    wat::parse_str(format!(
        r#"(component {lists} (type $f (func (param "x" $t{}))) (import "f" (func (type $f))))"#,
        depth - 1
    ))
    .expect("a component")
}
