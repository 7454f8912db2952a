//! Where two types part. Structural equality, as the component model has it between a host and an export.

use wasmtime::component::types::{ComponentFunc, Type};

use super::text::{shown, text};
use super::{Shape, Signature};

/// Where two types part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// For instance `cart.lines[].quantity`, or `result.ok.totals`.
    pub path: String,
    /// What should be there, in WIT's words.
    pub expected: String,
    /// What is.
    pub found: String,
}

/// Where two functions' types part; none when they are the same.
pub fn compare(expected: &ComponentFunc, found: &ComponentFunc) -> Option<Difference> {
    let same = expected.params().eq(found.params()) && expected.results().eq(found.results());
    if same { None } else { difference(&Signature::of(expected), found) }
}

/// Where a function's type parts from what is expected; none when it does not.
pub fn difference(expected: &Signature, found: &ComponentFunc) -> Option<Difference> {
    let wanted: Vec<&str> = expected.params.iter().map(|(name, _)| name.as_str()).collect();
    let got: Vec<&str> = found.params().map(|(name, _)| name).collect();
    if wanted != got {
        let list = |names: &[&str]| format!("({})", names.join(", "));
        return Some(different("parameters", list(&wanted), list(&got)));
    }
    let mut params = expected.params.iter().zip(found.params());
    let part = params.find_map(|((name, expected), (_, found))| types(name, expected, &found));
    part.or_else(|| options("result", expected.result.as_ref(), found.results().next().as_ref()))
}

/// Where two types part, below `path`.
fn types(path: &str, expected: &Shape, found: &Type) -> Option<Difference> {
    match (expected, found) {
        (Shape::Primitive(name), found) if Shape::some_of(found, 1) == Shape::Primitive(name) => None,
        (Shape::List(a), Type::List(b)) => types(&format!("{path}[]"), a, &b.ty()),
        (Shape::Option(a), Type::Option(b)) => types(&format!("{path}?"), a, &b.ty()),
        (Shape::Map(key, value), Type::Map(found)) => types(&format!("{path}.key"), key, &found.key())
            .or_else(|| types(&format!("{path}.value"), value, &found.value())),
        (Shape::Result(ok, err), Type::Result(found)) => {
            options(&format!("{path}.ok"), ok.as_deref(), found.ok().as_ref())
                .or_else(|| options(&format!("{path}.err"), err.as_deref(), found.err().as_ref()))
        }
        (Shape::Tuple(shapes), Type::Tuple(found)) => {
            let expected = shapes.iter().enumerate().map(|(at, shape)| (at.to_string(), Some(shape)));
            named(path, expected, found.types().enumerate().map(|(at, ty)| (at.to_string(), Some(ty))))
        }
        (Shape::Record(fields), Type::Record(found)) => {
            let expected = fields.iter().map(|(name, shape)| (name.clone(), Some(shape)));
            named(path, expected, found.fields().map(|field| (field.name.to_owned(), Some(field.ty))))
        }
        (Shape::Variant(cases), Type::Variant(found)) => {
            let expected = cases.iter().map(|(name, shape)| (name.clone(), shape.as_ref()));
            named(path, expected, found.cases().map(|case| (case.name.to_owned(), case.ty)))
        }
        (Shape::Enum(names), Type::Enum(found)) if names.iter().map(String::as_str).eq(found.names()) => None,
        (Shape::Flags(names), Type::Flags(found)) if names.iter().map(String::as_str).eq(found.names()) => None,
        _ => Some(different(path, shown(expected), text(found))),
    }
}

fn options(path: &str, expected: Option<&Shape>, found: Option<&Type>) -> Option<Difference> {
    match (expected, found) {
        (Some(expected), Some(found)) => types(path, expected, found),
        (None, None) => None,
        (expected, found) => {
            let nothing = || "nothing".to_owned();
            Some(different(path, expected.map_or_else(nothing, shown), found.map_or_else(nothing, text)))
        }
    }
}

/// Fields or cases in order: the first that has another name, another type, or no counterpart.
fn named<'a>(
    path: &str,
    mut expected: impl Iterator<Item = (String, Option<&'a Shape>)>,
    mut found: impl Iterator<Item = (String, Option<Type>)>,
) -> Option<Difference> {
    loop {
        match (expected.next(), found.next()) {
            (None, None) => return None,
            (Some((name, shape)), Some((same, ty))) if name == same => {
                let deeper = options(&format!("{path}.{name}"), shape, ty.as_ref());
                if deeper.is_some() {
                    return deeper;
                }
            }
            (expected, found) => {
                let expected = expected.map(|(name, shape)| item(name, shape.map(shown)));
                let found = found.map(|(name, ty)| item(name, ty.as_ref().map(text)));
                let nothing = || "nothing".to_owned();
                return Some(different(path, expected.unwrap_or_else(nothing), found.unwrap_or_else(nothing)));
            }
        }
    }
}

fn item(name: String, ty: Option<String>) -> String {
    match ty {
        Some(ty) => format!("{name}: {ty}"),
        None => name,
    }
}

fn different(path: &str, expected: String, found: String) -> Difference {
    Difference { path: path.to_owned(), expected, found }
}
