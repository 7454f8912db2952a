//! From JSON bytes straight into laid-out arguments, directed by the type: no tree in between.
//!
//! The happy path keeps no path. When something is wrong, the error's way back up through the seeds leaves a trail of
//! fields and positions, which then reads `lines[3].quantity`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fondaco_engine::wire::{Arguments, Layout, Place};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::shape::{Case, Cases, Element, Fields, Int, Shape};

mod describe;
mod object;
mod state;
mod wrapped;

use describe::{Expected, Quoted, Shortened};
use object::{Object, Seen};
use state::State;
use wrapped::{Nested, Next, Pair};

/// What is wrong with a body, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// `lines[3].quantity`; empty for the body itself.
    pub path: String,
    /// What was expected and what was found.
    pub message: String,
    /// Whether the bytes are JSON at all.
    pub malformed: bool,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() { "body" } else { &self.path };
        write!(to, "{place}: {}", self.message)
    }
}

impl std::error::Error for DecodeError {}

/// Bytes of arguments with all that they point to. A record that leaves out all of its fields has few in JSON.
const MAX_BYTES: usize = 64 << 20;

/// Decodes one value, the whole of a call's parameters.
pub fn decode(element: &Element, json: &[u8]) -> Result<Arguments, DecodeError> {
    run(element.layout, json, |state, into, reader| {
        let at = into.root();
        Seed { shape: &element.shape, state, into, at }.deserialize(reader)
    })
}

/// Decodes an object that has one member for each of `fields`.
pub(super) fn decode_fields(fields: &Fields, json: &[u8]) -> Result<Arguments, DecodeError> {
    run(fields.layout, json, |state, into, reader| {
        let at = into.root();
        reader.deserialize_any(Object { fields, state, into, at })
    })
}

/// No arguments at all.
pub(super) fn nothing(fields: &Fields) -> Arguments {
    Arguments::new(fields.layout, MAX_BYTES)
}

type Reader<'r, 'de> = &'r mut serde_json::Deserializer<serde_json::de::SliceRead<'de>>;

fn run<'de>(
    layout: Layout,
    json: &'de [u8],
    read: impl FnOnce(&State, &mut Arguments, Reader<'_, 'de>) -> Result<(), serde_json::Error>,
) -> Result<Arguments, DecodeError> {
    let state = State::default();
    let mut arguments = Arguments::new(layout, MAX_BYTES);
    let mut reader = serde_json::Deserializer::from_slice(json);
    read(&state, &mut arguments, &mut reader).map_err(|error| state.explain(&error))?;
    reader.end().map_err(|error| State::default().explain(&error))?;
    Ok(arguments)
}

/// Reads one value of a type to its place.
struct Seed<'a, 'i> {
    shape: &'a Shape,
    state: &'a State,
    into: &'i mut Arguments,
    at: Place,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        self.state.count(1)?;
        match self.shape {
            Shape::Option(..) => reader.deserialize_option(self),
            // Its text is parsed here: serde_json's own reading of floats is off by one in the last place at times.
            Shape::Float32 | Shape::Float64 => self.float(<&RawValue>::deserialize(reader)?.get()),
            _ => reader.deserialize_any(self),
        }
    }
}

impl<'a> Seed<'a, '_> {
    fn mismatch<E: Error>(&self, found: impl fmt::Display) -> E {
        self.state.fail(format!("expected {}, found {found}", Expected(self.shape)))
    }

    /// A part of this value.
    fn part(&mut self, offset: u32, shape: &'a Shape) -> Seed<'a, '_> {
        Seed { shape, state: self.state, into: &mut *self.into, at: self.at.plus(offset) }
    }

    fn put<const N: usize>(self, bytes: [u8; N]) {
        self.into.put(self.at, bytes);
    }

    fn integer<E: Error>(self, int: Int, number: i128) -> Result<(), E> {
        let wrong = |_| self.mismatch(number);
        match int {
            Int::S8 => i8::try_from(number).map_err(wrong).map(|value| self.put(value.to_le_bytes())),
            Int::U8 => u8::try_from(number).map_err(wrong).map(|value| self.put(value.to_le_bytes())),
            Int::S16 => i16::try_from(number).map_err(wrong).map(|value| self.put(value.to_le_bytes())),
            Int::U16 => u16::try_from(number).map_err(wrong).map(|value| self.put(value.to_le_bytes())),
            Int::S32 => i32::try_from(number).map_err(wrong).map(|value| self.put(value.to_le_bytes())),
            Int::U32 => u32::try_from(number).map_err(wrong).map(|value| self.put(value.to_le_bytes())),
            Int::S64 => i64::try_from(number).map_err(wrong).map(|value| self.put(value.to_le_bytes())),
            Int::U64 => u64::try_from(number).map_err(wrong).map(|value| self.put(value.to_le_bytes())),
        }
    }

    fn float<E: Error>(self, text: &str) -> Result<(), E> {
        let numeric = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let text_or_name = match text {
            "\"NaN\"" => "NaN",
            "\"Infinity\"" => "inf",
            "\"-Infinity\"" => "-inf",
            _ if numeric => text,
            _ => return Err(self.mismatch(Shortened(text))),
        };
        if let Shape::Float32 = self.shape {
            let value = text_or_name.parse().ok().filter(|value: &f32| value.is_finite() || !numeric);
            return value.ok_or_else(|| self.mismatch(Shortened(text))).map(|value| self.put(value.to_le_bytes()));
        }
        let value = text_or_name.parse().ok().filter(|value: &f64| value.is_finite() || !numeric);
        value.ok_or_else(|| self.mismatch(Shortened(text))).map(|value| self.put(value.to_le_bytes()))
    }

    fn text<E: Error>(self, text: &str) -> Result<(), E> {
        match self.shape {
            Shape::String => return self.into.text(self.at, text).map_err(self.state.too_large()),
            Shape::Enum(names, tagged) => {
                if let Some(number) = names.iter().position(|name| **name == *text) {
                    self.into.tag(self.at, tagged.tag, number);
                    return Ok(());
                }
            }
            Shape::Variant(cases) | Shape::Result(cases) => return self.bare_case(cases, text),
            Shape::Int(int) if int.accepts_string() && is_plain_integer(text) => {
                if let Ok(number) = text.parse::<i128>() {
                    return self.integer(*int, number);
                }
            }
            Shape::Char => {
                let mut letters = text.chars();
                if let (Some(letter), None) = (letters.next(), letters.next()) {
                    self.put(u32::from(letter).to_le_bytes());
                    return Ok(());
                }
            }
            Shape::Bytes => {
                if let Ok(bytes) = STANDARD.decode(text) {
                    self.state.count(bytes.len())?;
                    return self.into.bytes(self.at, &bytes).map_err(self.state.too_large());
                }
            }
            _ => {}
        }
        Err(self.mismatch(Quoted(text)))
    }

    /// A case that stands alone, without a payload.
    fn bare_case<E: Error>(self, cases: &Cases, name: &str) -> Result<(), E> {
        match cases.find(name) {
            Some((number, Case { payload: None, .. })) => {
                self.into.tag(self.at, cases.tagged.tag, number);
                Ok(())
            }
            Some((_, Case { payload: Some(_), .. })) => {
                let message = format!("`{name}` carries a value: expected {{\"{name}\": …}}, found \"{name}\"");
                Err(self.state.fail(message))
            }
            None => Err(self.mismatch(Quoted(name))),
        }
    }

    fn sequence<'de, A: SeqAccess<'de>>(self, element: &'a Element, mut items: A) -> Result<(), A::Error> {
        let Self { state, into, at, .. } = self;
        let list = into.open(at, element.layout);
        let mut index = 0;
        while let Some(()) =
            items.next_element_seed(Next { element, state, into: &mut *into }).map_err(state.at_index(index))?
        {
            index += 1;
        }
        into.close(list);
        Ok(())
    }

    /// Exactly as many items as there are parts.
    fn items<'de, A: SeqAccess<'de>>(
        mut self,
        parts: impl Iterator<Item = (u32, &'a Shape)>,
        mut items: A,
    ) -> Result<(), A::Error> {
        let state = self.state;
        for (index, (offset, shape)) in parts.enumerate() {
            if items.next_element_seed(self.part(offset, shape)).map_err(state.at_index(index))?.is_none() {
                return Err(self.mismatch(format_args!("{index} items")));
            }
        }
        if items.next_element::<serde::de::IgnoredAny>()?.is_some() {
            return Err(self.mismatch("more items"));
        }
        Ok(())
    }

    fn pairs<'de, A: SeqAccess<'de>>(
        self,
        entry: &'a [(u32, Shape); 2],
        layout: Layout,
        mut items: A,
    ) -> Result<(), A::Error> {
        let Self { shape: map, state, into, at } = self;
        let list = into.open(at, layout);
        let mut index = 0;
        while let Some(()) = items
            .next_element_seed(Pair { map, items: entry, layout, state, into: &mut *into })
            .map_err(state.at_index(index))?
        {
            index += 1;
        }
        into.close(list);
        Ok(())
    }

    fn flags<'de, A: SeqAccess<'de>>(self, names: &[Box<str>], mut items: A) -> Result<(), A::Error> {
        let mut seen = Seen::default();
        while let Some(name) = items.next_element::<std::borrow::Cow<'de, str>>()? {
            match names.iter().position(|flag| **flag == *name) {
                Some(flag) if seen.insert(flag) => self.into.flag(self.at, flag),
                _ => return Err(self.state.at_index(seen.count)(self.mismatch(Quoted(&name)))),
            }
        }
        Ok(())
    }

    /// `{"case": payload}`
    fn tagged<'de, A: MapAccess<'de>>(mut self, cases: &'a Cases, mut entries: A) -> Result<(), A::Error> {
        let state = self.state;
        let Some(name) = entries.next_key::<std::borrow::Cow<'de, str>>()? else {
            return Err(self.mismatch("an empty object"));
        };
        let Some((number, case)) = cases.find(&name) else {
            return Err(self.mismatch(format_args!("{{{}: …}}", Quoted(&name))));
        };
        let Some(payload) = &case.payload else {
            let message = format!("`{name}` carries no value: expected \"{name}\", found {{\"{name}\": …}}");
            return Err(state.fail(message));
        };
        self.into.tag(self.at, cases.tagged.tag, number);
        entries.next_value_seed(self.part(cases.tagged.payload, payload)).map_err(state.at_field(&name))?;
        if let Some(other) = entries.next_key::<std::borrow::Cow<'de, str>>()? {
            return Err(self.mismatch(format_args!("both `{name}` and {}", Quoted(&other))));
        }
        Ok(())
    }
}

fn is_plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", Expected(self.shape))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.shape {
            Shape::Bool => {
                self.put([u8::from(value)]);
                Ok(())
            }
            _ => Err(self.mismatch(value)),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match self.shape {
            Shape::Int(int) => self.integer(*int, value.into()),
            _ => Err(self.mismatch(value)),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        match self.shape {
            Shape::Int(int) => self.integer(*int, value.into()),
            _ => Err(self.mismatch(value)),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        // `1.0` and `1e3` too: a number with a fraction or an exponent is no integer, whatever it comes to.
        Err(self.mismatch(format_args!("{value:?}")))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.text(value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Err(self.mismatch("null"))
    }

    /// All that is not written is zero, and so none.
    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(mut self, reader: D) -> Result<(), D::Error> {
        let Shape::Option(inner, tagged) = self.shape else { return Err(self.mismatch("a value")) };
        self.into.tag(self.at, tagged.tag, 1);
        let seed = self.part(tagged.payload, inner);
        if inner.is_nullable() { reader.deserialize_any(Nested { seed }) } else { seed.deserialize(reader) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        match self.shape {
            Shape::List(element) => self.sequence(element, items),
            Shape::FixedList(element, length) => {
                let size = element.layout.size();
                self.items((0..*length).map(|index| (index * size, &element.shape)), items)
            }
            Shape::Tuple(parts) => self.items(parts.iter().map(|(offset, shape)| (*offset, shape)), items),
            Shape::Map(entry, layout) => self.pairs(entry, *layout, items),
            Shape::Flags(names) => self.flags(names, items),
            _ => Err(self.mismatch("a list")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        let Self { state, at, .. } = self;
        match self.shape {
            Shape::Record(fields) => Object { fields, state, into: self.into, at }.visit_map(entries),
            Shape::Variant(cases) | Shape::Result(cases) => self.tagged(cases, entries),
            _ => Err(self.mismatch("an object")),
        }
    }
}
