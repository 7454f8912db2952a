//! What the codec knows of a type, worked out once a release.
//!
//! Wasmtime's own `Type` answers by walking tables behind an `Arc` and hands out kebab-case names; doing that, and
//! the conversion of names, once a record would dominate a quote. A [`Shape`] is the same type with its names
//! already spelt for both sides and its fields ready to be looked up.

use std::collections::HashSet;

use wasmtime::component::Type;

use super::names::camel;

/// Types deeper than this are refused: JSON nests no deeper than its type, so this bounds the decoder's stack.
const MAX_DEPTH: usize = 48;
/// Types with more parts than this are refused: a type may use another twice at each level, and so grow without end.
const MAX_PARTS: usize = 20_000;

/// A type that has no JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmappable {
    /// Resources, streams and futures live in one component's store.
    #[error("{0} cannot cross the border of a component as JSON")]
    Handle(&'static str),
    /// Nested too deep.
    #[error("the type is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Too many parts.
    #[error("the type has more than {MAX_PARTS} parts")]
    TooLarge,
    /// `a-1` and `a1` would be one name in JSON.
    #[error("two fields are called `{0}` in JSON")]
    SameName(String),
}

/// An integer type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Int {
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
}

impl Int {
    /// Least and greatest value.
    pub(crate) const fn range(self) -> (i64, u64) {
        match self {
            Self::S8 => (i8::MIN as i64, i8::MAX as u64),
            Self::U8 => (0, u8::MAX as u64),
            Self::S16 => (i16::MIN as i64, i16::MAX as u64),
            Self::U16 => (0, u16::MAX as u64),
            Self::S32 => (i32::MIN as i64, i32::MAX as u64),
            Self::U32 => (0, u32::MAX as u64),
            Self::S64 => (i64::MIN, i64::MAX as u64),
            Self::U64 => (0, u64::MAX),
        }
    }

    /// JSON readers that keep numbers in a double lose these, so they may come as strings.
    pub(crate) const fn accepts_string(self) -> bool {
        matches!(self, Self::S64 | Self::U64)
    }
}

/// One field of a record, or one parameter of a function.
#[derive(Debug)]
pub struct Field {
    /// Its name in WIT.
    pub wit: Box<str>,
    /// Its name in JSON.
    pub json: Box<str>,
    /// `"name":`, ready to be written.
    pub(crate) key: Box<str>,
    /// Its type.
    pub shape: Shape,
}

/// The fields of a record, findable by their JSON names.
#[derive(Debug)]
pub struct Fields {
    fields: Box<[Field]>,
    /// Positions in `fields`, sorted by JSON name.
    by_name: Box<[u32]>,
}

impl Fields {
    /// In the order of the WIT.
    pub fn all(&self) -> &[Field] {
        &self.fields
    }

    /// Finds a field, looking first at `hint`: most callers send fields in the order of the contract.
    pub(crate) fn position(&self, json: &str, hint: usize) -> Option<usize> {
        if self.fields.get(hint).is_some_and(|field| *field.json == *json) {
            return Some(hint);
        }
        let name_at = |index: u32| self.fields.get(index as usize).map_or("", |field| &field.json);
        self.by_name
            .binary_search_by(|&index| name_at(index).cmp(json))
            .ok()
            .and_then(|found| self.by_name.get(found))
            .map(|&index| index as usize)
    }
}

/// One case of a variant or of a nested result.
#[derive(Debug)]
pub struct Case {
    /// Its name, the same on both sides.
    pub name: Box<str>,
    /// What it carries.
    pub payload: Option<Shape>,
}

/// A type, ready to be decoded and encoded.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names are those of the component model")]
pub enum Shape {
    Bool,
    Int(Int),
    Float32,
    Float64,
    Char,
    String,
    /// `list<u8>`: base64.
    Bytes,
    List(Box<Shape>),
    FixedList(Box<Shape>, u32),
    /// Pairs, because keys need not be strings.
    Map(Box<Shape>, Box<Shape>),
    Record(Fields),
    Tuple(Box<[Shape]>),
    Variant(Box<[Case]>),
    Enum(Box<[Box<str>]>),
    Flags(Box<[Box<str>]>),
    Option(Box<Shape>),
    /// Cases `ok` and `err`, in this order.
    Result(Box<[Case; 2]>),
}

impl Shape {
    /// Works out the shape of `ty`.
    pub fn of(ty: &Type) -> Result<Self, Unmappable> {
        Builder { parts: 0 }.shape(ty, 0)
    }

    /// Works out the shape of named types: a record's fields or a function's parameters.
    pub(crate) fn of_fields<'a>(named: impl Iterator<Item = (&'a str, Type)>) -> Result<Fields, Unmappable> {
        Builder { parts: 0 }.fields(named, 0)
    }

    /// Whether JSON `null` is one of its values: an option in an option needs a wrapper to tell its two nones apart.
    pub fn is_nullable(&self) -> bool {
        matches!(self, Self::Option(_))
    }
}

struct Builder {
    parts: usize,
}

impl Builder {
    fn shape(&mut self, ty: &Type, depth: usize) -> Result<Shape, Unmappable> {
        if depth > MAX_DEPTH {
            return Err(Unmappable::TooDeep);
        }
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(Unmappable::TooLarge);
        }
        let below = depth + 1;
        Ok(match ty {
            Type::Bool => Shape::Bool,
            Type::S8 => Shape::Int(Int::S8),
            Type::U8 => Shape::Int(Int::U8),
            Type::S16 => Shape::Int(Int::S16),
            Type::U16 => Shape::Int(Int::U16),
            Type::S32 => Shape::Int(Int::S32),
            Type::U32 => Shape::Int(Int::U32),
            Type::S64 => Shape::Int(Int::S64),
            Type::U64 => Shape::Int(Int::U64),
            Type::Float32 => Shape::Float32,
            Type::Float64 => Shape::Float64,
            Type::Char => Shape::Char,
            Type::String => Shape::String,
            Type::List(list) if matches!(list.ty(), Type::U8) => Shape::Bytes,
            Type::List(list) => Shape::List(Box::new(self.shape(&list.ty(), below)?)),
            Type::FixedLengthList(list) => Shape::FixedList(Box::new(self.shape(&list.ty(), below)?), list.len()),
            Type::Map(map) => {
                Shape::Map(Box::new(self.shape(&map.key(), below)?), Box::new(self.shape(&map.value(), below)?))
            }
            Type::Record(record) => {
                Shape::Record(self.fields(record.fields().map(|field| (field.name, field.ty)), below)?)
            }
            Type::Tuple(tuple) => {
                Shape::Tuple(tuple.types().map(|element| self.shape(&element, below)).collect::<Result<_, _>>()?)
            }
            Type::Variant(variant) => Shape::Variant(
                variant.cases().map(|case| self.case(case.name, case.ty, below)).collect::<Result<_, _>>()?,
            ),
            Type::Enum(names) => Shape::Enum(names.names().map(Box::from).collect()),
            Type::Flags(names) => Shape::Flags(names.names().map(Box::from).collect()),
            Type::Option(option) => Shape::Option(Box::new(self.shape(&option.ty(), below)?)),
            Type::Result(result) => {
                Shape::Result(Box::new([self.case("ok", result.ok(), below)?, self.case("err", result.err(), below)?]))
            }
            Type::Own(_) | Type::Borrow(_) => return Err(Unmappable::Handle("a resource")),
            Type::Future(_) => return Err(Unmappable::Handle("a future")),
            Type::Stream(_) => return Err(Unmappable::Handle("a stream")),
            Type::ErrorContext => return Err(Unmappable::Handle("an error context")),
        })
    }

    fn case(&mut self, name: &str, payload: Option<Type>, depth: usize) -> Result<Case, Unmappable> {
        let payload = payload.map(|ty| self.shape(&ty, depth)).transpose()?;
        Ok(Case { name: name.into(), payload })
    }

    fn fields<'a>(&mut self, named: impl Iterator<Item = (&'a str, Type)>, depth: usize) -> Result<Fields, Unmappable> {
        let mut seen = HashSet::new();
        let mut fields = Vec::new();
        for (wit, ty) in named {
            let json = camel(wit);
            if !seen.insert(json.clone()) {
                return Err(Unmappable::SameName(json));
            }
            let shape = self.shape(&ty, depth)?;
            let key = format!("\"{json}\":").into();
            fields.push(Field { wit: wit.into(), json: json.into(), key, shape });
        }
        Ok(indexed(fields))
    }
}

fn indexed(fields: Vec<Field>) -> Fields {
    let mut by_name: Vec<(&str, u32)> = fields.iter().map(|field| &*field.json).zip(0..).collect();
    by_name.sort_unstable();
    let by_name = by_name.into_iter().map(|(_, index)| index).collect();
    Fields { fields: fields.into(), by_name }
}
