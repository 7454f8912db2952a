//! The mapping table, its errors, and the round trip.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;

use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Val};
use wasmtime::{Config, Engine};

use super::{Element, Params, Plan, decode};
use keeper::Keeper;

mod against_wasmtime;
mod damage;
mod errors;
mod keeper;
mod oracle;
mod table;
mod types;
mod values;

const DEFINITIONS: &str = "
    enum color { red, dark-green }
    flags access { read, write-all }
    variant shape { nothing, round(u32), named(string), pair(tuple<u8, bool>) }
    record inner { first-name: string, count: u32 }
";

/// One of everything.
const FIELDS: &[(&str, &str)] = &[
    ("flag", "bool"),
    ("tiny", "s8"),
    ("byte", "u8"),
    ("short", "s16"),
    ("word", "u16"),
    ("int", "s32"),
    ("size", "u32"),
    ("long-number", "s64"),
    ("huge", "u64"),
    ("single", "f32"),
    ("double", "f64"),
    ("letter", "char"),
    ("text", "string"),
    ("raw-bytes", "list<u8>"),
    ("numbers", "list<u32>"),
    ("pairs", "list<tuple<string, s64>>"),
    ("inner", "inner"),
    ("inners", "list<inner>"),
    ("shape", "shape"),
    ("color", "color"),
    ("access", "access"),
    ("maybe", "option<string>"),
    ("maybe-maybe", "option<option<u32>>"),
    ("maybe-float", "option<f64>"),
    ("either", "result<u32, string>"),
    ("bare", "result"),
];

/// All definitions, with that of a record that has all fields.
fn definitions() -> String {
    let fields: Vec<String> = FIELDS.iter().map(|(name, ty)| format!("the-{name}: {ty}")).collect();
    format!("{DEFINITIONS} record everything {{ {} }}", fields.join(", "))
}

/// A service that keeps what a field may be.
fn keeper(field: &str) -> Arc<Keeper> {
    let ty = FIELDS.iter().find(|(name, _)| *name == field).map_or(field, |(_, ty)| ty);
    Keeper::of(&definitions(), ty)
}

/// A function, by its parameters and its result.
fn function(signature: &str) -> ComponentFunc {
    let wit = format!(
        "package test:types@1.0.0; interface api {{ {} call: func{signature}; }} world w {{ export api; }}",
        definitions()
    );
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("test.wit", &wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mangling = wit_parser::ManglingAndAbi::Standard32;
    let mut module = wit_component::dummy_module(&resolve, world, mangling);
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    let bytes = wit_component::ComponentEncoder::default().module(&module).unwrap().encode().unwrap();
    let engine = Engine::new(&Config::new()).unwrap();
    let component = Component::new(&engine, bytes).unwrap();
    let ty = component.component_type();
    let ComponentItem::ComponentInstance(api) = ty.get_export(&engine, "test:types/api@1.0.0").unwrap().ty else {
        panic!("no interface");
    };
    let ComponentItem::ComponentFunc(function) = api.get_export(&engine, "call").unwrap().ty else {
        panic!("no function");
    };
    function
}

/// What a field may be.
fn field(name: &str) -> Element {
    let ty = FIELDS.iter().find(|(field, _)| *field == name).map_or(name, |(_, ty)| ty);
    let function = function(&format!("(it: {ty})"));
    let (_, ty) = function.params().next().unwrap();
    Element::of(&ty).unwrap()
}
