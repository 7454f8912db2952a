//! Types of components: as text, and compared.
//!
//! Wasmtime keeps a type's structure and forgets its name, so `money` reads `record { minor: s64, currency: string }`
//! here. That is the whole contract: two types are the same when their structures are. What is expected is a [`Shape`],
//! which may come from a component or from a WIT file; what is found is a component's own type, looked at only as far as
//! the expected one goes, because whoever uploads a component may nest types as deep as he likes.

mod compare;
mod text;

use wasmtime::component::types::{ComponentFunc, Type};

pub use compare::{Difference, compare, difference};
pub use text::{signature, text};

/// Parts of a type that are read where it is a promise. No real one comes near it.
const PROMISED_PARTS: usize = 100_000;

/// A type by its structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// `s64`, `string`, …
    Primitive(&'static str),
    /// Named fields, in order.
    Record(Vec<(String, Shape)>),
    /// Named cases, each perhaps with a payload.
    Variant(Vec<(String, Option<Shape>)>),
    /// Names of which one holds.
    Enum(Vec<String>),
    /// Names of which any hold.
    Flags(Vec<String>),
    /// Fields by position.
    Tuple(Vec<Shape>),
    /// One or none.
    Option(Box<Shape>),
    /// Any number.
    List(Box<Shape>),
    /// Keys and values.
    Map(Box<Shape>, Box<Shape>),
    /// `ok` and `err`.
    Result(Option<Box<Shape>>, Option<Box<Shape>>),
    /// A kind that is never equal to another type, by its name: resources, streams.
    Other(&'static str),
}

/// A function's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Names and types of the parameters.
    pub params: Vec<(String, Shape)>,
    /// What it answers.
    pub result: Option<Shape>,
}

impl Signature {
    /// That of a component's function.
    pub fn of(ty: &ComponentFunc) -> Self {
        Self {
            params: ty.params().map(|(name, ty)| (name.to_owned(), Shape::of(&ty))).collect(),
            result: ty.results().next().map(|ty| Shape::of(&ty)),
        }
    }
}

impl Shape {
    /// That of a component's type, whole.
    pub fn of(ty: &Type) -> Self {
        let mut parts = PROMISED_PARTS;
        Reader(&mut parts).shape(ty)
    }

    /// The same, cut off behind so many parts: enough to show it.
    fn some_of(ty: &Type, mut parts: usize) -> Self {
        Reader(&mut parts).shape(ty)
    }
}

/// Reads a type until its budget of parts is spent.
struct Reader<'a>(&'a mut usize);

impl Reader<'_> {
    fn shape(&mut self, ty: &Type) -> Shape {
        let Some(left) = self.0.checked_sub(1) else { return Shape::Other("…") };
        *self.0 = left;
        match ty {
            Type::List(list) => Shape::List(self.boxed(&list.ty())),
            Type::Option(option) => Shape::Option(self.boxed(&option.ty())),
            Type::Map(map) => Shape::Map(self.boxed(&map.key()), self.boxed(&map.value())),
            Type::Result(result) => {
                Shape::Result(result.ok().map(|ty| self.boxed(&ty)), result.err().map(|ty| self.boxed(&ty)))
            }
            Type::Tuple(tuple) => Shape::Tuple(self.items(tuple.types(), |reader, ty| reader.shape(&ty))),
            Type::Record(record) => {
                let field = |reader: &mut Self, field: wasmtime::component::types::Field<'_>| {
                    (field.name.to_owned(), reader.shape(&field.ty))
                };
                Shape::Record(self.items(record.fields(), field))
            }
            Type::Variant(variant) => {
                let case = |reader: &mut Self, case: wasmtime::component::types::Case<'_>| {
                    (case.name.to_owned(), case.ty.map(|ty| reader.shape(&ty)))
                };
                Shape::Variant(self.items(variant.cases(), case))
            }
            Type::Enum(names) => Shape::Enum(self.items(names.names(), |_, name| name.to_owned())),
            Type::Flags(names) => Shape::Flags(self.items(names.names(), |_, name| name.to_owned())),
            simple => simple_shape(simple),
        }
    }

    fn boxed(&mut self, ty: &Type) -> Box<Shape> {
        Box::new(self.shape(ty))
    }

    fn items<I, T>(&mut self, items: impl Iterator<Item = I>, mut each: impl FnMut(&mut Self, I) -> T) -> Vec<T> {
        let mut read = Vec::new();
        for item in items {
            if *self.0 == 0 {
                break;
            }
            *self.0 -= 1;
            read.push(each(self, item));
        }
        read
    }
}

fn simple_shape(ty: &Type) -> Shape {
    Shape::Primitive(match ty {
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
        Type::Own(_) => return Shape::Other("own<resource>"),
        Type::Borrow(_) => return Shape::Other("borrow<resource>"),
        Type::Future(_) => return Shape::Other("future"),
        Type::Stream(_) => return Shape::Other("stream"),
        Type::ErrorContext => return Shape::Other("error-context"),
        _ => return Shape::Other("another type"),
    })
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
