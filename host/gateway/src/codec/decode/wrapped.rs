//! Values that JSON wraps: an option of an option, and the entries of a map.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use wasmtime::component::Val;

use super::super::shape::Shape;
use super::Seed;

/// `{"some": value}`: what an option of an option is written as when it is not null.
pub(super) struct Nested<'a> {
    pub(super) seed: Seed<'a>,
    pub(super) inner: &'a Shape,
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = Val;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("null or {\"some\": …}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Val, A::Error> {
        let state = self.seed.state;
        let wrong = || state.fail("expected null or {\"some\": …}, found another object".to_owned());
        if entries.next_key::<Cow<'de, str>>()?.as_deref() != Some("some") {
            return Err(wrong());
        }
        let value = entries.next_value_seed(self.seed.of(self.inner)).map_err(state.at_field("some"))?;
        match entries.next_key::<Cow<'de, str>>()? {
            None => Ok(value),
            Some(_) => Err(wrong()),
        }
    }
}

/// An entry of a map: `[key, value]`.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) key: &'a Shape,
    pub(super) value: &'a Shape,
    pub(super) seed: Seed<'a>,
}

impl<'de> DeserializeSeed<'de> for Pair<'_> {
    type Value = (Val, Val);

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(Val, Val), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Pair<'_> {
    type Value = (Val, Val);

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of a key and its value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(Val, Val), A::Error> {
        let values = self.seed.items([self.key, self.value].into_iter(), items)?;
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (Some(key), Some(value)) => Ok((key, value)),
            _ => Err(self.seed.mismatch("fewer than two items")),
        }
    }
}
