//! Records, and the parameters of a call.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use wasmtime::component::Val;

use super::super::shape::Fields;
use super::describe::{Names, Quoted};
use super::{Seed, State};

/// The members of a record, or of a call.
pub(super) struct Object<'a> {
    pub(super) fields: &'a Fields,
    pub(super) state: &'a State,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Vec<(String, Val)>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let Self { fields, state } = self;
        // An empty name marks a field that has not come yet: WIT has no empty names.
        let mut record: Vec<(String, Val)> = Vec::with_capacity(fields.all().len());
        record.resize_with(fields.all().len(), || (String::new(), Val::Option(None)));
        let mut expected = 0;
        while let Some(position) = entries.next_key_seed(Key { fields, expected, state })? {
            let (Some(field), Some(slot)) = (fields.all().get(position), record.get_mut(position)) else {
                return Err(state.fail("a field is out of place".to_owned()));
            };
            if !slot.0.is_empty() {
                return Err(state.at_field(&field.json)(state.fail("the field stands here twice".to_owned())));
            }
            let seed = Seed { shape: &field.shape, state };
            slot.1 = entries.next_value_seed(seed).map_err(state.at_field(&field.json))?;
            field.wit.as_ref().clone_into(&mut slot.0);
            expected = position + 1;
        }
        self.complete(record)
    }
}

impl Object<'_> {
    fn complete<E: Error>(&self, mut record: Vec<(String, Val)>) -> Result<Vec<(String, Val)>, E> {
        let mut missing = Vec::new();
        for (slot, field) in record.iter_mut().zip(self.fields.all()) {
            if !slot.0.is_empty() {
                continue;
            }
            if field.shape.is_nullable() {
                field.wit.as_ref().clone_into(&mut slot.0);
            } else {
                missing.push(&*field.json);
            }
        }
        if missing.is_empty() {
            return Ok(record);
        }
        let noun = if missing.len() == 1 { "field" } else { "fields" };
        Err(self.state.fail(format!("missing {noun} {}", Names(&missing))))
    }
}

/// Reads a field's name and answers its position, without a string of its own.
struct Key<'a> {
    fields: &'a Fields,
    expected: usize,
    state: &'a State,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<usize, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = usize;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        self.fields.position(name, self.expected).ok_or_else(|| {
            let known: Vec<&str> = self.fields.all().iter().map(|field| &*field.json).collect();
            let message = format!("unknown field {}; there are {}", Quoted(name), Names(&known));
            self.state.fail(message)
        })
    }
}
