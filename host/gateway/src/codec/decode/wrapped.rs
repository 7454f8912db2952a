//! Values that JSON wraps: an option of an option, and the entries of a list and of a map.

use std::borrow::Cow;
use std::fmt;

use fondaco_engine::wire::{Arguments, Layout};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::super::shape::{Element, Item, Shape};
use super::{Seed, State};

/// `{"some": value}`: what an option of an option is written as when it is not null.
pub(super) struct Nested<'a, 'i> {
    pub(super) seed: Seed<'a, 'i>,
}

impl<'de> Visitor<'de> for Nested<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("null or {\"some\": …}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let state = self.seed.state;
        let wrong = || state.fail("expected null or {\"some\": …}, found another object".to_owned());
        if entries.next_key::<Cow<'de, str>>()?.as_deref() != Some("some") {
            return Err(wrong());
        }
        entries.next_value_seed(self.seed).map_err(state.at_field("some"))?;
        match entries.next_key::<Cow<'de, str>>()? {
            None => Ok(()),
            Some(_) => Err(wrong()),
        }
    }
}

/// One more element of the open list, if there is one.
pub(super) struct Next<'a, 'i> {
    pub(super) element: &'a Element,
    pub(super) state: &'a State,
    pub(super) into: &'i mut Arguments,
}

impl<'de> DeserializeSeed<'de> for Next<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        let Self { element, state, into } = self;
        let at = into.element(element.layout).map_err(state.too_large())?;
        Seed { shape: &element.shape, state, into, at }.deserialize(reader)
    }
}

/// An entry of a map: `[key, value]`.
pub(super) struct Pair<'a, 'i> {
    /// The map itself, for errors.
    pub(super) map: &'a Shape,
    pub(super) items: &'a [Item; 2],
    pub(super) layout: Layout,
    pub(super) state: &'a State,
    pub(super) into: &'i mut Arguments,
}

impl<'de> DeserializeSeed<'de> for Pair<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Pair<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of a key and its value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<(), A::Error> {
        let Self { map, items, layout, state, into } = self;
        let at = into.element(layout).map_err(state.too_large())?;
        let seed = Seed { shape: map, state, into, at };
        seed.items(items.iter().map(|(offset, shape)| (*offset, shape)), values)
    }
}
