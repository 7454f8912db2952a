//! From JSON bytes straight into values, directed by the type: no tree in between.
//!
//! The happy path keeps no path. When something is wrong, the error's way back up through the seeds leaves a trail of
//! fields and positions, which then reads `lines[3].quantity`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use wasmtime::component::Val;

use super::shape::{Case, Fields, Int, Shape};

mod describe;
mod object;
mod state;
mod wrapped;

use describe::{Expected, Quoted, Shortened};
use object::Object;
use state::State;
use wrapped::{Nested, Pair};

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

/// Decodes one value.
pub fn decode(shape: &Shape, json: &[u8]) -> Result<Val, DecodeError> {
    run(json, |state, reader| Seed { shape, state }.deserialize(reader))
}

/// Decodes an object that has one member for each of `fields` into values in their order.
pub(super) fn decode_fields(fields: &Fields, json: &[u8]) -> Result<Vec<Val>, DecodeError> {
    let named = run(json, |state, reader| reader.deserialize_any(Object { fields, state }))?;
    Ok(named.into_iter().map(|(_, value)| value).collect())
}

type Reader<'r, 'de> = &'r mut serde_json::Deserializer<serde_json::de::SliceRead<'de>>;

fn run<'de, T>(
    json: &'de [u8],
    read: impl FnOnce(&State, Reader<'_, 'de>) -> Result<T, serde_json::Error>,
) -> Result<T, DecodeError> {
    let state = State::default();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = read(&state, &mut reader).map_err(|error| state.explain(&error))?;
    reader.end().map_err(|error| State::default().explain(&error))?;
    Ok(value)
}

/// Reads one value of a type.
#[derive(Clone, Copy)]
struct Seed<'a> {
    shape: &'a Shape,
    state: &'a State,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Val;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Val, D::Error> {
        self.state.count(1)?;
        match self.shape {
            Shape::Option(_) => reader.deserialize_option(self),
            // Its text is parsed here: serde_json's own reading of floats is off by one in the last place at times.
            Shape::Float32 | Shape::Float64 => self.float(<&RawValue>::deserialize(reader)?.get()),
            _ => reader.deserialize_any(self),
        }
    }
}

impl<'a> Seed<'a> {
    fn mismatch<E: Error>(&self, found: impl fmt::Display) -> E {
        self.state.fail(format!("expected {}, found {found}", Expected(self.shape)))
    }

    fn of(&self, shape: &'a Shape) -> Self {
        Self { shape, state: self.state }
    }

    fn integer<E: Error>(&self, int: Int, number: i128) -> Result<Val, E> {
        let value = match int {
            Int::S8 => number.try_into().map(Val::S8).ok(),
            Int::U8 => number.try_into().map(Val::U8).ok(),
            Int::S16 => number.try_into().map(Val::S16).ok(),
            Int::U16 => number.try_into().map(Val::U16).ok(),
            Int::S32 => number.try_into().map(Val::S32).ok(),
            Int::U32 => number.try_into().map(Val::U32).ok(),
            Int::S64 => number.try_into().map(Val::S64).ok(),
            Int::U64 => number.try_into().map(Val::U64).ok(),
        };
        value.ok_or_else(|| self.mismatch(number))
    }

    fn float<E: Error>(&self, text: &str) -> Result<Val, E> {
        let numeric = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let text_or_name = match text {
            "\"NaN\"" => "NaN",
            "\"Infinity\"" => "inf",
            "\"-Infinity\"" => "-inf",
            _ if numeric => text,
            _ => return Err(self.mismatch(Shortened(text))),
        };
        let value = match self.shape {
            Shape::Float32 => text_or_name.parse().ok().filter(|f: &f32| f.is_finite() || !numeric).map(Val::Float32),
            _ => text_or_name.parse().ok().filter(|f: &f64| f.is_finite() || !numeric).map(Val::Float64),
        };
        value.ok_or_else(|| self.mismatch(Shortened(text)))
    }

    fn text<E: Error>(&self, text: &str) -> Result<Val, E> {
        match self.shape {
            Shape::String => return Ok(Val::String(text.to_owned())),
            Shape::Enum(names) if names.iter().any(|name| **name == *text) => return Ok(Val::Enum(text.to_owned())),
            Shape::Variant(cases) => return self.bare_case(cases, text).map(|()| Val::Variant(text.to_owned(), None)),
            Shape::Result(cases) => {
                self.bare_case(cases.as_slice(), text)?;
                return Ok(Val::Result(if text == "ok" { Ok(None) } else { Err(None) }));
            }
            Shape::Int(int) if int.accepts_string() && is_plain_integer(text) => {
                if let Ok(number) = text.parse::<i128>() {
                    return self.integer(*int, number);
                }
            }
            Shape::Char => {
                let mut letters = text.chars();
                if let (Some(letter), None) = (letters.next(), letters.next()) {
                    return Ok(Val::Char(letter));
                }
            }
            Shape::Bytes => {
                if let Ok(bytes) = STANDARD.decode(text) {
                    self.state.count(bytes.len())?;
                    return Ok(Val::List(bytes.into_iter().map(Val::U8).collect()));
                }
            }
            _ => {}
        }
        Err(self.mismatch(Quoted(text)))
    }

    /// A case that stands alone, without a payload.
    fn bare_case<E: Error>(&self, cases: &[Case], name: &str) -> Result<(), E> {
        match cases.iter().find(|case| *case.name == *name) {
            Some(Case { payload: None, .. }) => Ok(()),
            Some(Case { payload: Some(_), .. }) => {
                let message = format!("`{name}` carries a value: expected {{\"{name}\": …}}, found \"{name}\"");
                Err(self.state.fail(message))
            }
            None => Err(self.mismatch(Quoted(name))),
        }
    }

    fn sequence<'de, A: SeqAccess<'de>>(&self, of: &'a Shape, mut items: A) -> Result<Vec<Val>, A::Error> {
        let mut values = Vec::with_capacity(8);
        while let Some(value) = items.next_element_seed(self.of(of)).map_err(self.state.at_index(values.len()))? {
            values.push(value);
        }
        Ok(values)
    }

    /// Exactly as many items as there are shapes.
    fn items<'de, A: SeqAccess<'de>>(
        &self,
        shapes: impl ExactSizeIterator<Item = &'a Shape>,
        mut items: A,
    ) -> Result<Vec<Val>, A::Error> {
        let wanted = shapes.len();
        let mut values = Vec::with_capacity(wanted.min(64));
        for shape in shapes {
            match items.next_element_seed(self.of(shape)).map_err(self.state.at_index(values.len()))? {
                Some(value) => values.push(value),
                None => return Err(self.mismatch(format_args!("{} items", values.len()))),
            }
        }
        if items.next_element::<serde::de::IgnoredAny>()?.is_some() {
            return Err(self.mismatch("more items"));
        }
        Ok(values)
    }

    fn pairs<'de, A: SeqAccess<'de>>(&self, key: &'a Shape, value: &'a Shape, mut items: A) -> Result<Val, A::Error> {
        let mut pairs = Vec::new();
        let pair = Pair { key, value, seed: *self };
        while let Some(entry) = items.next_element_seed(pair).map_err(self.state.at_index(pairs.len()))? {
            pairs.push(entry);
        }
        Ok(Val::Map(pairs))
    }

    fn flags<'de, A: SeqAccess<'de>>(&self, names: &[Box<str>], mut items: A) -> Result<Val, A::Error> {
        let mut set: Vec<String> = Vec::new();
        while let Some(name) = items.next_element::<std::borrow::Cow<'de, str>>()? {
            let known = names.iter().any(|flag| **flag == *name);
            if !known || set.iter().any(|flag| *flag == *name) {
                return Err(self.state.at_index(set.len())(self.mismatch(Quoted(&name))));
            }
            set.push(name.into_owned());
        }
        Ok(Val::Flags(set))
    }

    /// `{"case": payload}`
    fn tagged<'de, A: MapAccess<'de>>(&self, cases: &'a [Case], mut entries: A) -> Result<(&'a str, Val), A::Error> {
        let Some(name) = entries.next_key::<std::borrow::Cow<'de, str>>()? else {
            return Err(self.mismatch("an empty object"));
        };
        let Some(case) = cases.iter().find(|case| *case.name == *name) else {
            return Err(self.mismatch(format_args!("{{{}: …}}", Quoted(&name))));
        };
        let Some(payload) = &case.payload else {
            let message = format!("`{name}` carries no value: expected \"{name}\", found {{\"{name}\": …}}");
            return Err(self.state.fail(message));
        };
        let value = entries.next_value_seed(self.of(payload)).map_err(self.state.at_field(&name))?;
        if let Some(other) = entries.next_key::<std::borrow::Cow<'de, str>>()? {
            return Err(self.mismatch(format_args!("both `{name}` and {}", Quoted(&other))));
        }
        Ok((&case.name, value))
    }
}

fn is_plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Val;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", Expected(self.shape))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Val, E> {
        match self.shape {
            Shape::Bool => Ok(Val::Bool(value)),
            _ => Err(self.mismatch(value)),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Val, E> {
        match self.shape {
            Shape::Int(int) => self.integer(*int, value.into()),
            _ => Err(self.mismatch(value)),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Val, E> {
        match self.shape {
            Shape::Int(int) => self.integer(*int, value.into()),
            _ => Err(self.mismatch(value)),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Val, E> {
        // `1.0` and `1e3` too: a number with a fraction or an exponent is no integer, whatever it comes to.
        Err(self.mismatch(format_args!("{value:?}")))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Val, E> {
        self.text(value)
    }

    fn visit_unit<E: Error>(self) -> Result<Val, E> {
        Err(self.mismatch("null"))
    }

    fn visit_none<E: Error>(self) -> Result<Val, E> {
        Ok(Val::Option(None))
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<Val, D::Error> {
        let Shape::Option(inner) = self.shape else { return Err(self.mismatch("a value")) };
        let value = if inner.is_nullable() {
            reader.deserialize_any(Nested { seed: self, inner })?
        } else {
            self.of(inner).deserialize(reader)?
        };
        Ok(Val::Option(Some(Box::new(value))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Val, A::Error> {
        match self.shape {
            Shape::List(of) => self.sequence(of, items).map(Val::List),
            Shape::FixedList(of, length) => {
                let shapes = Repeated { shape: of, left: *length as usize };
                self.items(shapes, items).map(Val::FixedLengthList)
            }
            Shape::Tuple(shapes) => self.items(shapes.iter(), items).map(Val::Tuple),
            Shape::Map(key, value) => self.pairs(key, value, items),
            Shape::Flags(names) => self.flags(names, items),
            _ => Err(self.mismatch("a list")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Val, A::Error> {
        match self.shape {
            Shape::Record(fields) => Object { fields, state: self.state }.visit_map(entries).map(Val::Record),
            Shape::Variant(cases) => {
                let (name, payload) = self.tagged(cases, entries)?;
                Ok(Val::Variant(name.to_owned(), Some(Box::new(payload))))
            }
            Shape::Result(cases) => {
                let (name, payload) = self.tagged(cases.as_slice(), entries)?;
                let payload = Some(Box::new(payload));
                Ok(Val::Result(if name == "ok" { Ok(payload) } else { Err(payload) }))
            }
            _ => Err(self.mismatch("an object")),
        }
    }
}

/// The same shape so many times.
struct Repeated<'a> {
    shape: &'a Shape,
    left: usize,
}

impl<'a> Iterator for Repeated<'a> {
    type Item = &'a Shape;

    fn next(&mut self) -> Option<&'a Shape> {
        self.left = self.left.checked_sub(1)?;
        Some(self.shape)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Repeated<'_> {}
