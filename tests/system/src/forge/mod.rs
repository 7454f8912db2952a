//! Components made at test time, good and bad: from WAT where only the shape of the binary matters. What needs the
//! meaning of a cart is in `tests/guests`.

mod bombs;
mod broken;
mod plugins;

pub use bombs::{memory_to_compile, time_to_compile};
pub use broken::{core_module, nested_types, oversize, random, random_behind_the_header, truncated};
pub use plugins::{
    aliased_answers, answer_not_utf8, answer_out_of_bounds, benign, body, fixed_price, forbidden_import, growing_table,
    looping_start, million_answers, no_point, vast_memory, vast_table, wrong_types, wrong_version,
};

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::programs::repository;

/// sha256 in lower-case hex, as the host names a component.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Adds a custom section: other bytes, so another digest, and the same behaviour.
pub fn stamped(component: &[u8], stamp: &str) -> Vec<u8> {
    let mut bytes = component.to_vec();
    wasm_encoder::ComponentSection::append_to_component(
        &wasm_encoder::CustomSection { name: "fondaco-test-stamp".into(), data: stamp.as_bytes().into() },
        &mut bytes,
    );
    bytes
}

/// The contracts as they are in the repository.
fn contracts() -> Resolve {
    let mut resolve = Resolve::default();
    for package in ["types", "plugin"] {
        resolve.push_dir(repository().join("wit").join(package)).expect("the contracts parse");
    }
    resolve
}

/// Makes a component of a core module in WAT, for `world` of the package whose WIT text was pushed last.
fn component(resolve: &Resolve, world: &str, wat: &str) -> Vec<u8> {
    let (_, world) = resolve
        .worlds
        .iter()
        .map(|(id, found)| (found.name.clone(), id))
        .find(|(name, _)| name == world)
        .expect("the world is there");
    let mut core = wat::parse_str(wat).expect("the module parses");
    embed_component_metadata(&mut core, resolve, world, StringEncoding::UTF8).expect("the world is embedded");
    ComponentEncoder::default().module(&core).expect("a module").encode().expect("a component")
}

/// Many lines of WAT.
fn repeated(times: usize, line: impl Fn(usize) -> String) -> String {
    (0..times).fold(String::new(), |mut text, number| {
        writeln!(text, "{}", line(number)).expect("strings take everything");
        text
    })
}
