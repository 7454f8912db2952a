//! The mapping table, its errors, and the round trip.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Type, Val};
use wasmtime::{Config, Engine};

use super::{Params, Plan, Shape, decode, encode};

mod errors;
mod round_trip;
mod table;

/// A type with one of everything.
const EVERYTHING: &str = "
package test:types@1.0.0;
interface api {
    enum color { red, dark-green }
    flags access { read, write-all }
    variant shape { nothing, round(u32), named(string), pair(tuple<u8, bool>) }
    record inner { first-name: string, count: u32 }
    record everything {
        flag: bool, tiny: s8, byte: u8, short: s16, word: u16, int: s32, size: u32, long-number: s64, huge: u64,
        single: f32, double: f64, letter: char, text: string,
        raw-bytes: list<u8>, numbers: list<u32>, pairs: list<tuple<string, s64>>,
        inner: inner, inners: list<inner>, shape: shape, color: color, access: access,
        maybe: option<string>, maybe-maybe: option<option<u32>>, maybe-float: option<f64>,
        either: result<u32, string>, bare: result,
    }
    send: func(all: everything) -> result<everything, string>;
    plain: func(first-number: u32, note: option<string>) -> u32;
    nothing: func();
    one: func(name: string) -> result<_, string>;
}
world w { export api; }
";

/// The functions of an interface that is written as WIT.
pub(super) fn function(name: &str) -> ComponentFunc {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("test.wit", EVERYTHING).unwrap();
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
    let ComponentItem::ComponentFunc(function) = api.get_export(&engine, name).unwrap().ty else {
        panic!("no function");
    };
    function
}

pub(super) fn everything() -> Shape {
    let function = function("send");
    let (_, ty) = function.params().next().unwrap();
    Shape::of(&ty).unwrap()
}

/// The shape of one field of `everything`.
pub(super) fn field(name: &str) -> Shape {
    let function = function("send");
    let (_, Type::Record(record)) = function.params().next().unwrap() else { panic!("not a record") };
    let field = record.fields().find(|field| field.name == name).unwrap();
    Shape::of(&field.ty).unwrap()
}

pub(super) fn json(shape: &Shape, value: &Val) -> String {
    let mut out = Vec::new();
    encode(shape, value, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
