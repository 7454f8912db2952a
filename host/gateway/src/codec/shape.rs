//! What the codec knows of a type, worked out once a release.
//!
//! Wasmtime's own `Type` answers by walking tables behind an `Arc` and hands out kebab-case names; doing that, and
//! the conversion of names, once a record would dominate a quote. A [`Shape`] is the same type with its names
//! already spelt and its fields ready to be looked up, and with the place that each part has in a guest's memory.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};

use fondaco_engine::wire::{Layout, Tagged};
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
    /// Its name in JSON.
    pub json: Box<str>,
    /// `"name":`, ready to be written.
    pub(crate) key: Box<str>,
    /// Where it is in its record.
    pub(crate) at: u32,
    /// The position of the field that came after it the last time.
    next: AtomicU32,
    /// Its type.
    pub shape: Shape,
}

/// The fields of a record, findable by their JSON names.
#[derive(Debug)]
pub struct Fields {
    fields: Box<[Field]>,
    /// Positions in `fields`, sorted by JSON name.
    by_name: Box<[u32]>,
    /// The position of the field that came first the last time.
    first: AtomicU32,
    /// Of all of them together.
    pub(crate) layout: Layout,
}

impl Fields {
    /// In the order of the WIT.
    pub fn all(&self) -> &[Field] {
        &self.fields
    }

    /// Finds a field, looking first at the one that came after `previous` in the body before: a client sends fields in
    /// an order of its own, but always in the same.
    pub(crate) fn position(&self, json: &str, previous: Option<usize>) -> Option<usize> {
        let next = match previous {
            Some(previous) => &self.fields.get(previous)?.next,
            None => &self.first,
        };
        let hint = next.load(Ordering::Relaxed) as usize;
        if self.fields.get(hint).is_some_and(|field| *field.json == *json) {
            return Some(hint);
        }
        let name_at = |index: u32| self.fields.get(index as usize).map_or("", |field| &field.json);
        let found = self.by_name.binary_search_by(|&index| name_at(index).cmp(json)).ok()?;
        let found = *self.by_name.get(found)?;
        next.store(found, Ordering::Relaxed);
        Some(found as usize)
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

/// The cases of a variant, or `ok` and `err` of a nested result.
#[derive(Debug)]
pub struct Cases {
    /// In the order of the WIT.
    pub all: Box<[Case]>,
    pub(crate) tagged: Tagged,
}

impl Cases {
    /// The case of that name and its number.
    pub(crate) fn find(&self, name: &str) -> Option<(usize, &Case)> {
        self.all.iter().enumerate().find(|(_, case)| *case.name == *name)
    }
}

/// A type by itself, or what a list is made of.
#[derive(Debug)]
pub struct Element {
    /// Its type.
    pub shape: Shape,
    pub(crate) layout: Layout,
}

/// A part of a tuple, or of a map's entry: where it is, and its type.
pub(crate) type Item = (u32, Shape);

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
    List(Box<Element>),
    FixedList(Box<Element>, u32),
    /// Pairs, because keys need not be strings.
    Map(Box<[Item; 2]>, Layout),
    Record(Fields),
    Tuple(Box<[Item]>),
    Variant(Cases),
    /// Its names, and how their numbers are kept.
    Enum(Box<[Box<str>]>, Tagged),
    Flags(Box<[Box<str>]>),
    /// And where its value is.
    Option(Box<Shape>, Tagged),
    /// Cases `ok` and `err`, in this order.
    Result(Cases),
}

impl Element {
    /// Works out shape and layout of `ty`.
    pub fn of(ty: &Type) -> Result<Self, Unmappable> {
        Builder { parts: 0 }.element(ty, 0)
    }
}

impl Fields {
    /// Works them out for named types: a record's fields or a function's parameters.
    pub(crate) fn of<'a>(named: impl Iterator<Item = (&'a str, Type)>) -> Result<Self, Unmappable> {
        Builder { parts: 0 }.fields(named, 0)
    }
}

impl Shape {
    /// Whether JSON `null` is one of its values: an option in an option needs a wrapper to tell its two nones apart.
    pub fn is_nullable(&self) -> bool {
        matches!(self, Self::Option(..))
    }
}

struct Builder {
    parts: usize,
}

impl Builder {
    fn shape(&mut self, ty: &Type, depth: usize) -> Result<(Shape, Layout), Unmappable> {
        if depth > MAX_DEPTH {
            return Err(Unmappable::TooDeep);
        }
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(Unmappable::TooLarge);
        }
        let below = depth + 1;
        let scalar = |shape, bytes| (shape, Layout::scalar(bytes));
        let int = |int, bytes| scalar(Shape::Int(int), bytes);
        Ok(match ty {
            Type::Bool => scalar(Shape::Bool, 1),
            Type::S8 => int(Int::S8, 1),
            Type::U8 => int(Int::U8, 1),
            Type::S16 => int(Int::S16, 2),
            Type::U16 => int(Int::U16, 2),
            Type::S32 => int(Int::S32, 4),
            Type::U32 => int(Int::U32, 4),
            Type::S64 => int(Int::S64, 8),
            Type::U64 => int(Int::U64, 8),
            Type::Float32 => scalar(Shape::Float32, 4),
            Type::Float64 => scalar(Shape::Float64, 8),
            Type::Char => scalar(Shape::Char, 4),
            Type::String => (Shape::String, Layout::POINTER_PAIR),
            Type::List(list) if matches!(list.ty(), Type::U8) => (Shape::Bytes, Layout::POINTER_PAIR),
            Type::List(list) => (Shape::List(Box::new(self.element(&list.ty(), below)?)), Layout::POINTER_PAIR),
            Type::FixedLengthList(list) => {
                let element = self.element(&list.ty(), below)?;
                let layout = element.layout.repeated(list.len());
                (Shape::FixedList(Box::new(element), list.len()), layout)
            }
            Type::Map(map) => self.map(&map.key(), &map.value(), below)?,
            Type::Record(record) => {
                let fields = self.fields(record.fields().map(|field| (field.name, field.ty)), below)?;
                let layout = fields.layout;
                (Shape::Record(fields), layout)
            }
            Type::Tuple(tuple) => {
                let (items, layout) = self.items(tuple.types(), below)?;
                (Shape::Tuple(items.into()), layout)
            }
            Type::Variant(variant) => {
                let (cases, layout) = self.cases(variant.cases().map(|case| (case.name, case.ty)), below)?;
                (Shape::Variant(cases), layout)
            }
            Type::Enum(names) => {
                let (layout, tagged) = Layout::variant(&vec![None; names.names().len()]);
                (Shape::Enum(names.names().map(Box::from).collect(), tagged), layout)
            }
            Type::Flags(names) => {
                let names: Box<[Box<str>]> = names.names().map(Box::from).collect();
                let layout = Layout::flags(names.len());
                (Shape::Flags(names), layout)
            }
            Type::Option(option) => {
                let (shape, layout) = self.shape(&option.ty(), below)?;
                let (layout, tagged) = Layout::variant(&[None, Some(layout)]);
                (Shape::Option(Box::new(shape), tagged), layout)
            }
            Type::Result(result) => {
                let (cases, layout) = self.cases([("ok", result.ok()), ("err", result.err())].into_iter(), below)?;
                (Shape::Result(cases), layout)
            }
            Type::Own(_) | Type::Borrow(_) => return Err(Unmappable::Handle("a resource")),
            Type::Future(_) => return Err(Unmappable::Handle("a future")),
            Type::Stream(_) => return Err(Unmappable::Handle("a stream")),
            Type::ErrorContext => return Err(Unmappable::Handle("an error context")),
        })
    }

    fn element(&mut self, ty: &Type, depth: usize) -> Result<Element, Unmappable> {
        let (shape, layout) = self.shape(ty, depth)?;
        Ok(Element { shape, layout })
    }

    fn map(&mut self, key: &Type, value: &Type, depth: usize) -> Result<(Shape, Layout), Unmappable> {
        let ((key, key_layout), (value, value_layout)) = (self.shape(key, depth)?, self.shape(value, depth)?);
        let (entry, _) = Layout::record(&[key_layout, value_layout]);
        let value_at = key_layout.size().next_multiple_of(value_layout.align());
        Ok((Shape::Map(Box::new([(0, key), (value_at, value)]), entry), Layout::POINTER_PAIR))
    }

    fn items(&mut self, types: impl Iterator<Item = Type>, depth: usize) -> Result<(Vec<Item>, Layout), Unmappable> {
        let parts = types.map(|ty| self.shape(&ty, depth)).collect::<Result<Vec<_>, _>>()?;
        let (shapes, layouts): (Vec<Shape>, Vec<Layout>) = parts.into_iter().unzip();
        let (layout, offsets) = Layout::record(&layouts);
        Ok((offsets.into_iter().zip(shapes).collect(), layout))
    }

    fn cases<'a>(
        &mut self,
        cases: impl Iterator<Item = (&'a str, Option<Type>)>,
        depth: usize,
    ) -> Result<(Cases, Layout), Unmappable> {
        let (mut all, mut layouts) = (Vec::new(), Vec::new());
        for (name, payload) in cases {
            let (payload, layout) = payload.map(|ty| self.shape(&ty, depth)).transpose()?.unzip();
            all.push(Case { name: name.into(), payload });
            layouts.push(layout);
        }
        let (layout, tagged) = Layout::variant(&layouts);
        Ok((Cases { all: all.into(), tagged }, layout))
    }

    fn fields<'a>(&mut self, named: impl Iterator<Item = (&'a str, Type)>, depth: usize) -> Result<Fields, Unmappable> {
        let mut seen = HashSet::new();
        let (mut names, mut types) = (Vec::new(), Vec::new());
        for (wit, ty) in named {
            let json = camel(wit);
            if !seen.insert(json.clone()) {
                return Err(Unmappable::SameName(json));
            }
            names.push(json);
            types.push(ty);
        }
        let (items, layout) = self.items(types.into_iter(), depth)?;
        // Until a body says otherwise, fields come in the order of the contract.
        let field = |(next, (json, (at, shape))): (u32, (String, Item))| {
            let key = format!("\"{json}\":").into();
            Field { json: json.into(), key, at, next: AtomicU32::new(next), shape }
        };
        Ok(indexed((1..).zip(names.into_iter().zip(items)).map(field).collect(), layout))
    }
}

fn indexed(fields: Vec<Field>, layout: Layout) -> Fields {
    let mut by_name: Vec<(&str, u32)> = fields.iter().map(|field| &*field.json).zip(0..).collect();
    by_name.sort_unstable();
    let by_name = by_name.into_iter().map(|(_, index)| index).collect();
    Fields { fields: fields.into(), by_name, first: AtomicU32::new(0), layout }
}
