//! Compares what a component exports with what the contract says, and tells the first difference: where, what was
//! expected, and what was found.

use std::fmt::Display;

use fondaco_engine::{Code, Fault};
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};

use super::expected::{Shape, Signature, signatures};
use crate::point::Point;

/// Characters of a type in a message, and how deep a found type is looked into: an uploaded component may nest types
/// as deep as it likes.
const MAX_SHOWN: usize = 400;
const MAX_DEPTH: u32 = 4;

/// The first difference between a type and the contract.
struct Mismatch {
    path: String,
    expected: String,
    found: String,
}

impl Mismatch {
    fn new(expected: impl Display, found: impl Display) -> Self {
        Self { path: String::new(), expected: expected.to_string(), found: found.to_string() }
    }

    fn inside(mut self, outer: &str) -> Self {
        self.path.insert_str(0, outer);
        self
    }

    fn fault(self, point: Point) -> Fault {
        let (expected, found) = (cut(&self.expected), cut(&self.found));
        let message = format!(
            "{} has another type than {} says: expected {expected}, found {found}",
            self.path,
            point.interface()
        );
        Fault::new(Code::InvalidArgument, "EXPORT_TYPE_MISMATCH", message)
            .with("path", self.path)
            .with("expected", expected)
            .with("found", found)
    }
}

/// Whether the functions of `point` are all there, in the right types.
pub(super) fn check(component: &Component, engine: &Engine, point: Point) -> Result<(), Fault> {
    let expected = signatures(point).map_err(Fault::internal)?;
    let interface = component.get_export(None, point.interface());
    let Some((ComponentItem::ComponentInstance(instance), _)) = interface else {
        return Err(Mismatch::new("an interface", "something else").inside(point.interface()).fault(point));
    };
    for signature in expected {
        let found = instance.get_export(engine, &signature.name).map(|item| item.ty);
        let outcome = match found {
            Some(ComponentItem::ComponentFunc(function)) => function_matches(signature, &function),
            Some(_) => Err(Mismatch::new(shown(signature), "something that is not a function")),
            None => Err(Mismatch::new(shown(signature), "nothing")),
        };
        outcome.map_err(|mismatch| mismatch.inside(&format!("function {}", signature.name)).fault(point))?;
    }
    Ok(())
}

fn function_matches(expected: &Signature, found: &ComponentFunc) -> Result<(), Mismatch> {
    if found.async_() || found.params().len() != expected.params.len() {
        return Err(Mismatch::new(shown(expected), shown_found(found)));
    }
    for ((name, expected), (_, found)) in expected.params.iter().zip(found.params()) {
        matches(expected, &found).map_err(|mismatch| mismatch.inside(&format!(", parameter {name}: ")))?;
    }
    match (&expected.result, found.results().next()) {
        (Some(expected), Some(found)) => matches(expected, &found).map_err(|mismatch| mismatch.inside(", result: ")),
        (None, None) => Ok(()),
        _ => Err(Mismatch::new(shown(expected), shown_found(found))),
    }
}

/// Structural equality, as the component model has it between a host and an export.
fn matches(expected: &Shape, found: &Type) -> Result<(), Mismatch> {
    let differs = || Mismatch::new(expected, shape(found, MAX_DEPTH));
    match (expected, found) {
        (Shape::Record(fields), Type::Record(record)) => {
            if !fields.iter().map(|(name, _)| name.as_str()).eq(record.fields().map(|field| field.name)) {
                return Err(differs());
            }
            for ((name, expected), field) in fields.iter().zip(record.fields()) {
                matches(expected, &field.ty).map_err(|mismatch| mismatch.inside(&format!(".{name}")))?;
            }
            Ok(())
        }
        (Shape::Variant(cases), Type::Variant(variant)) => {
            if !cases.iter().map(|(name, _)| name.as_str()).eq(variant.cases().map(|case| case.name)) {
                return Err(differs());
            }
            for ((name, expected), case) in cases.iter().zip(variant.cases()) {
                match_options(expected.as_ref(), case.ty.as_ref(), &differs)
                    .map_err(|mismatch| mismatch.inside(&format!(".{name}")))?;
            }
            Ok(())
        }
        (Shape::Enum(names), Type::Enum(found)) if names.iter().map(String::as_str).eq(found.names()) => Ok(()),
        (Shape::Flags(names), Type::Flags(found)) if names.iter().map(String::as_str).eq(found.names()) => Ok(()),
        (Shape::Tuple(types), Type::Tuple(found)) if types.len() == found.types().len() => {
            for (index, (expected, found)) in types.iter().zip(found.types()).enumerate() {
                matches(expected, &found).map_err(|mismatch| mismatch.inside(&format!(".{index}")))?;
            }
            Ok(())
        }
        (Shape::Option(expected), Type::Option(found)) => matches(expected, &found.ty()),
        (Shape::List(expected), Type::List(found)) => {
            matches(expected, &found.ty()).map_err(|mismatch| mismatch.inside("[]"))
        }
        (Shape::Result(ok, err), Type::Result(found)) => {
            match_options(ok.as_deref(), found.ok().as_ref(), &differs)?;
            match_options(err.as_deref(), found.err().as_ref(), &differs).map_err(|mismatch| mismatch.inside(".err"))
        }
        (Shape::Primitive(expected), found) if primitive(found) == Some(expected) => Ok(()),
        _ => Err(differs()),
    }
}

fn match_options(
    expected: Option<&Shape>,
    found: Option<&Type>,
    differs: &dyn Fn() -> Mismatch,
) -> Result<(), Mismatch> {
    match (expected, found) {
        (Some(expected), Some(found)) => matches(expected, found),
        (None, None) => Ok(()),
        _ => Err(differs()),
    }
}

fn primitive(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Bool => "bool",
        Type::S8 => "s8",
        Type::U8 => "u8",
        Type::S16 => "s16",
        Type::U16 => "u16",
        Type::S32 => "s32",
        Type::U32 => "u32",
        Type::S64 => "s64",
        Type::U64 => "u64",
        Type::Float32 => "f32",
        Type::Float64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        _ => return None,
    })
}

/// The shape of a found type, down to `depth`.
fn shape(ty: &Type, depth: u32) -> Shape {
    if let Some(name) = primitive(ty) {
        return Shape::Primitive(name);
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Shape::Other("…");
    };
    let one = |ty: Type| Box::new(shape(&ty, depth));
    match ty {
        Type::Record(record) => {
            Shape::Record(record.fields().map(|field| (field.name.to_owned(), shape(&field.ty, depth))).collect())
        }
        Type::Variant(variant) => {
            let cases = variant.cases();
            Shape::Variant(cases.map(|case| (case.name.to_owned(), case.ty.map(|ty| shape(&ty, depth)))).collect())
        }
        Type::Enum(names) => Shape::Enum(names.names().map(ToOwned::to_owned).collect()),
        Type::Flags(names) => Shape::Flags(names.names().map(ToOwned::to_owned).collect()),
        Type::Tuple(tuple) => Shape::Tuple(tuple.types().map(|ty| shape(&ty, depth)).collect()),
        Type::Option(option) => Shape::Option(one(option.ty())),
        Type::List(list) => Shape::List(one(list.ty())),
        Type::Result(result) => Shape::Result(result.ok().map(one), result.err().map(one)),
        Type::Own(_) | Type::Borrow(_) => Shape::Other("resource"),
        Type::Future(_) => Shape::Other("future"),
        Type::Stream(_) => Shape::Other("stream"),
        Type::Map(_) => Shape::Other("map"),
        Type::FixedLengthList(_) => Shape::Other("list of a fixed length"),
        _ => Shape::Other("another type"),
    }
}

fn shown(signature: &Signature) -> String {
    let params: Vec<String> = signature.params.iter().map(|(name, _)| name.clone()).collect();
    format!("func({}) -> {}", params.join(", "), signature.result.as_ref().map_or(String::new(), ToString::to_string))
}

fn shown_found(function: &ComponentFunc) -> String {
    let word = if function.async_() { "async func" } else { "func" };
    let params: Vec<&str> = function.params().map(|(name, _)| name).collect();
    let result = function.results().next().map_or(String::new(), |ty| shape(&ty, MAX_DEPTH).to_string());
    format!("{word}({}) -> {result}", params.join(", "))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => text.get(..end).map_or_else(String::new, |start| format!("{start}…")),
        None => text.to_owned(),
    }
}
