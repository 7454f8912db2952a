//! Types of components: as text, and compared.
//!
//! Wasmtime keeps a type's structure and forgets its name, so `money` reads `record { minor: s64, currency: string }`
//! here. That is the whole contract: two types are the same when their structures are.

use std::fmt::Write;

use wasmtime::component::types::{ComponentFunc, Type};

/// Beyond this a type's text is cut: a difference is shown by its path, nobody reads a page.
const TEXT_BYTES: usize = 400;

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

/// A type in WIT's words.
pub fn text(ty: &Type) -> String {
    let mut out = String::new();
    write_type(&mut out, ty);
    if out.len() > TEXT_BYTES {
        out.truncate(out.floor_char_boundary(TEXT_BYTES));
        out.push('…');
    }
    out
}

/// A function's type in WIT's words: `func(cart: record { … }) -> result<…>`.
pub fn signature(ty: &ComponentFunc) -> String {
    let mut out = String::from(if ty.async_() { "async func(" } else { "func(" });
    let params: Vec<String> = ty.params().map(|(name, ty)| format!("{name}: {}", text(&ty))).collect();
    out.push_str(&params.join(", "));
    out.push(')');
    for result in ty.results() {
        let _ = write!(out, " -> {}", text(&result));
    }
    out
}

/// Where two functions' types part; none when they are the same.
pub fn compare(expected: &ComponentFunc, found: &ComponentFunc) -> Option<Difference> {
    let names = |ty: &ComponentFunc| ty.params().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    let (wanted, got) = (names(expected), names(found));
    if wanted != got {
        return Some(different("parameters", format!("({})", wanted.join(", ")), format!("({})", got.join(", "))));
    }
    let params = expected.params().zip(found.params());
    if let Some(at) = params.map(|((name, a), (_, b))| compare_types(name, &a, &b)).find_map(|found| found) {
        return Some(at);
    }
    let (mut wanted, mut got) = (expected.results(), found.results());
    compare_options("result", wanted.next(), got.next())
}

/// Where two types part, below `path`.
pub fn compare_types(path: &str, expected: &Type, found: &Type) -> Option<Difference> {
    if expected == found {
        return None;
    }
    let deeper = match (expected, found) {
        (Type::List(a), Type::List(b)) => compare_types(&format!("{path}[]"), &a.ty(), &b.ty()),
        (Type::Option(a), Type::Option(b)) => compare_types(&format!("{path}?"), &a.ty(), &b.ty()),
        (Type::Result(a), Type::Result(b)) => compare_options(&format!("{path}.ok"), a.ok(), b.ok())
            .or_else(|| compare_options(&format!("{path}.err"), a.err(), b.err())),
        (Type::Tuple(a), Type::Tuple(b)) => {
            let (a, b): (Vec<_>, Vec<_>) = (a.types().collect(), b.types().collect());
            named(path, number(a), number(b))
        }
        (Type::Record(a), Type::Record(b)) => named(
            path,
            a.fields().map(|field| (field.name.to_owned(), Some(field.ty))).collect(),
            b.fields().map(|field| (field.name.to_owned(), Some(field.ty))).collect(),
        ),
        (Type::Variant(a), Type::Variant(b)) => named(
            path,
            a.cases().map(|case| (case.name.to_owned(), case.ty)).collect(),
            b.cases().map(|case| (case.name.to_owned(), case.ty)).collect(),
        ),
        (Type::Enum(a), Type::Enum(b)) => Some(names_differ(path, a.names(), b.names())),
        (Type::Flags(a), Type::Flags(b)) => Some(names_differ(path, a.names(), b.names())),
        _ => None,
    };
    deeper.or_else(|| Some(different(path, text(expected), text(found))))
}

fn different(path: &str, expected: String, found: String) -> Difference {
    Difference { path: path.to_owned(), expected, found }
}

fn compare_options(path: &str, expected: Option<Type>, found: Option<Type>) -> Option<Difference> {
    match (expected, found) {
        (Some(a), Some(b)) => compare_types(path, &a, &b),
        (None, None) => None,
        (a, b) => {
            let words = |ty: Option<Type>| ty.map_or_else(|| "nothing".to_owned(), |ty| text(&ty));
            Some(different(path, words(a), words(b)))
        }
    }
}

type Named = Vec<(String, Option<Type>)>;

fn number(types: Vec<Type>) -> Named {
    types.into_iter().enumerate().map(|(at, ty)| (at.to_string(), Some(ty))).collect()
}

/// Fields or cases in order: the first that has another name, another type, or no counterpart.
fn named(path: &str, expected: Named, found: Named) -> Option<Difference> {
    let mut expected = expected.into_iter();
    let mut found = found.into_iter();
    loop {
        match (expected.next(), found.next()) {
            (None, None) => return None,
            (Some((a, a_ty)), Some((b, b_ty))) if a == b => {
                let deeper = compare_options(&format!("{path}.{a}"), a_ty, b_ty);
                if deeper.is_some() {
                    return deeper;
                }
            }
            (a, b) => {
                let words = |item: Option<(String, Option<Type>)>| match item {
                    Some((name, Some(ty))) => format!("{name}: {}", text(&ty)),
                    Some((name, None)) => name,
                    None => "nothing".to_owned(),
                };
                return Some(different(path, words(a), words(b)));
            }
        }
    }
}

fn names_differ<'a>(
    path: &str,
    expected: impl Iterator<Item = &'a str>,
    found: impl Iterator<Item = &'a str>,
) -> Difference {
    let list = |names: Vec<&str>| names.join(", ");
    different(path, list(expected.collect()), list(found.collect()))
}

fn write_type(out: &mut String, ty: &Type) {
    // What is cut off at the end need not be written.
    if out.len() > TEXT_BYTES {
        return;
    }
    match ty {
        Type::List(list) => wrap(out, "list", [Some(list.ty())]),
        Type::Option(option) => wrap(out, "option", [Some(option.ty())]),
        Type::Result(result) => wrap(out, "result", [result.ok(), result.err()]),
        Type::Map(map) => wrap(out, "map", [Some(map.key()), Some(map.value())]),
        Type::Tuple(tuple) => wrap(out, "tuple", tuple.types().map(Some)),
        Type::Record(record) => {
            block(out, "record", record.fields().map(|field| (field.name.to_owned(), Some(field.ty))), ": ", "");
        }
        Type::Variant(variant) => {
            block(out, "variant", variant.cases().map(|case| (case.name.to_owned(), case.ty)), "(", ")");
        }
        Type::Enum(names) => block(out, "enum", names.names().map(|name| (name.to_owned(), None)), "", ""),
        Type::Flags(names) => block(out, "flags", names.names().map(|name| (name.to_owned(), None)), "", ""),
        simple => out.push_str(simple_name(simple)),
    }
}

fn simple_name(ty: &Type) -> &'static str {
    match ty {
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
        Type::Own(_) => "own<resource>",
        Type::Borrow(_) => "borrow<resource>",
        Type::Future(_) => "future",
        Type::Stream(_) => "stream",
        Type::ErrorContext => "error-context",
        _ => "unknown",
    }
}

fn wrap(out: &mut String, name: &str, inner: impl IntoIterator<Item = Option<Type>>) {
    let open = out.len() + name.len();
    out.push_str(name);
    let mut inner: Vec<Option<Type>> = inner.into_iter().collect();
    while matches!(inner.last(), Some(None)) {
        inner.pop();
    }
    for ty in inner {
        out.push_str(if out.len() == open { "<" } else { ", " });
        match ty {
            Some(ty) => write_type(out, &ty),
            None => out.push('_'),
        }
    }
    if out.len() > open {
        out.push('>');
    }
}

fn block(
    out: &mut String,
    name: &str,
    items: impl Iterator<Item = (String, Option<Type>)>,
    before: &str,
    behind: &str,
) {
    out.push_str(name);
    out.push_str(" {");
    for (at, (name, ty)) in items.enumerate() {
        out.push_str(if at == 0 { " " } else { ", " });
        out.push_str(&name);
        if let Some(ty) = ty {
            out.push_str(before);
            write_type(out, &ty);
            out.push_str(behind);
        }
    }
    out.push_str(" }");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use wasmtime::component::Component;
    use wasmtime::component::types::ComponentItem;
    use wasmtime::{Config, Engine};

    use super::*;

    /// The type of an imported function `f`, written as in WAT.
    fn function(types: &str, signature: &str) -> ComponentFunc {
        let wat = format!("(component (import \"i\" (instance {types} (export \"f\" (func {signature})))))");
        let engine = Engine::new(Config::new().concurrency_support(false)).unwrap();
        let component = Component::new(&engine, wat::parse_str(&wat).unwrap()).unwrap();
        let ty = component.component_type();
        let Some(ComponentItem::ComponentInstance(instance)) = ty.get_import(&engine, "i").map(|item| item.ty) else {
            panic!("no instance")
        };
        match instance.get_export(&engine, "f").map(|item| item.ty) {
            Some(ComponentItem::ComponentFunc(ty)) => ty,
            other => panic!("{other:?}"),
        }
    }

    fn line(quantity: &str) -> ComponentFunc {
        let record = format!("(type $l' (record (field \"sku\" string) (field \"quantity\" {quantity})))");
        let types = format!("{record} (export \"line\" (type $l (eq $l')))");
        function(&types, "(param \"lines\" (list $l)) (result (result (option s64) (error string)))")
    }

    #[test]
    fn types_read_like_wit() {
        assert_eq!(
            signature(&line("u32")),
            "func(lines: list<record { sku: string, quantity: u32 }>) -> result<option<s64>, string>"
        );
        assert_eq!(signature(&function("", "")), "func()");
        assert_eq!(signature(&function("", "(result (result (error u8)))")), "func() -> result<_, u8>");
        assert_eq!(signature(&function("", "(result (result))")), "func() -> result");
        assert_eq!(
            signature(&function(
                "(type $e' (enum \"a\" \"b\")) (export \"e\" (type $e (eq $e')))
                 (type $v' (variant (case \"x\") (case \"y\" $e))) (export \"v\" (type $v (eq $v')))",
                "(param \"v\" $v) (param \"t\" (tuple u8 char))"
            )),
            "func(v: variant { x, y(enum { a, b }) }, t: tuple<u8, char>)"
        );
    }

    #[test]
    fn a_difference_is_found_where_it_is() {
        assert_eq!(compare(&line("u32"), &line("u32")), None);
        let found = compare(&line("u32"), &line("u64")).unwrap();
        let expected = Difference { path: "lines[].quantity".into(), expected: "u32".into(), found: "u64".into() };
        assert_eq!(found, expected);
        let renamed = compare(&function("", "(param \"a\" u8)"), &function("", "(param \"b\" u8)")).unwrap();
        assert_eq!((renamed.path.as_str(), renamed.found.as_str()), ("parameters", "(b)"));
        let gone = compare(&function("", "(result u8)"), &function("", "")).unwrap();
        assert_eq!((gone.path.as_str(), gone.found.as_str()), ("result", "nothing"));
    }
}
