//! Types in WIT's words, were all types written where they are used.

use std::fmt;

use wasmtime::component::types::{ComponentFunc, Type};

use super::Shape;

/// Beyond this a type's text is cut: a difference is shown by its path, nobody reads a page.
const TEXT_BYTES: usize = 400;

/// A type in WIT's words, cut where it is long.
pub fn text(ty: &Type) -> String {
    // Each part is a byte at least.
    shown(&Shape::some_of(ty, TEXT_BYTES + 1))
}

/// A function's type in WIT's words: `func(cart: record { … }) -> result<…>`.
pub fn signature(ty: &ComponentFunc) -> String {
    let word = if ty.async_() { "async func" } else { "func" };
    let params: Vec<String> = ty.params().map(|(name, ty)| format!("{name}: {}", text(&ty))).collect();
    let result = ty.results().next().map_or_else(String::new, |ty| format!(" -> {}", text(&ty)));
    format!("{word}({}){result}", params.join(", "))
}

/// A shape in WIT's words, cut where it is long.
pub(super) fn shown(shape: &Shape) -> String {
    let mut text = shape.to_string();
    if text.len() > TEXT_BYTES {
        text.truncate(text.floor_char_boundary(TEXT_BYTES));
        text.push('…');
    }
    text
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primitive(name) | Self::Other(name) => f.write_str(name),
            Self::Record(fields) => block(f, "record", fields, |f, (name, shape)| write!(f, "{name}: {shape}")),
            Self::Variant(cases) => block(f, "variant", cases, |f, (name, shape)| match shape {
                Some(shape) => write!(f, "{name}({shape})"),
                None => f.write_str(name),
            }),
            Self::Enum(names) => block(f, "enum", names, |f, name| f.write_str(name)),
            Self::Flags(names) => block(f, "flags", names, |f, name| f.write_str(name)),
            Self::Tuple(shapes) => {
                f.write_str("tuple<")?;
                listed(f, shapes, |f, shape| shape.fmt(f))?;
                f.write_str(">")
            }
            Self::Option(shape) => write!(f, "option<{shape}>"),
            Self::List(shape) => write!(f, "list<{shape}>"),
            Self::Map(key, value) => write!(f, "map<{key}, {value}>"),
            Self::Result(None, None) => f.write_str("result"),
            Self::Result(Some(ok), None) => write!(f, "result<{ok}>"),
            Self::Result(None, Some(err)) => write!(f, "result<_, {err}>"),
            Self::Result(Some(ok), Some(err)) => write!(f, "result<{ok}, {err}>"),
        }
    }
}

type Write<T> = fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result;

fn block<T>(f: &mut fmt::Formatter<'_>, word: &str, items: &[T], write: Write<T>) -> fmt::Result {
    write!(f, "{word} {{ ")?;
    listed(f, items, write)?;
    f.write_str(" }")
}

fn listed<T>(f: &mut fmt::Formatter<'_>, items: &[T], write: Write<T>) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        write(f, item)?;
    }
    Ok(())
}
