//! Records, and the parameters of a call.

use std::fmt;

use fondaco_engine::wire::{Arguments, Place};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::super::shape::Fields;
use super::describe::{Names, Quoted};
use super::{Seed, State};

/// The members of a record, or of a call.
pub(super) struct Object<'a, 'i> {
    pub(super) fields: &'a Fields,
    pub(super) state: &'a State,
    pub(super) into: &'i mut Arguments,
    pub(super) at: Place,
}

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self { fields, state, into, at } = self;
        let mut seen = Seen::default();
        let mut previous = None;
        while let Some(position) = entries.next_key_seed(Key { fields, previous, state })? {
            let Some(field) = fields.all().get(position) else {
                return Err(state.fail("a field is out of place".to_owned()));
            };
            if !seen.insert(position) {
                return Err(state.at_field(&field.json)(state.fail("the field stands here twice".to_owned())));
            }
            let seed = Seed { shape: &field.shape, state, into: &mut *into, at: at.plus(field.at) };
            entries.next_value_seed(seed).map_err(state.at_field(&field.json))?;
            previous = Some(position);
        }
        if seen.count == fields.all().len() { Ok(()) } else { complete(fields, &seen, state) }
    }
}

/// What was left out is none, where that may be.
fn complete<E: Error>(fields: &Fields, seen: &Seen, state: &State) -> Result<(), E> {
    let named = fields.all().iter().enumerate();
    let absent = named.filter(|(position, field)| !seen.has(*position) && !field.shape.is_nullable());
    let missing: Vec<&str> = absent.map(|(_, field)| &*field.json).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let noun = if missing.len() == 1 { "field" } else { "fields" };
    Err(state.fail(format!("missing {noun} {}", Names(&missing))))
}

/// A set of small numbers, on the heap only where there are many.
#[derive(Default)]
pub(super) struct Seen {
    first: u128,
    others: Vec<usize>,
    pub(super) count: usize,
}

impl Seen {
    /// Adds a number; false when it was there.
    pub(super) fn insert(&mut self, number: usize) -> bool {
        if self.has(number) {
            return false;
        }
        self.count += 1;
        match Self::bit(number) {
            Some(bit) => self.first |= bit,
            None => self.others.push(number),
        }
        true
    }

    fn has(&self, number: usize) -> bool {
        Self::bit(number).map_or_else(|| self.others.contains(&number), |bit| self.first & bit != 0)
    }

    fn bit(number: usize) -> Option<u128> {
        1_u128.checked_shl(u32::try_from(number).ok()?)
    }
}

/// Reads a field's name and answers its position, without a string of its own.
struct Key<'a> {
    fields: &'a Fields,
    previous: Option<usize>,
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
        self.fields.position(name, self.previous).ok_or_else(|| {
            let known: Vec<&str> = self.fields.all().iter().map(|field| &*field.json).collect();
            let message = format!("unknown field {}; there are {}", Quoted(name), Names(&known));
            self.state.fail(message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn small_and_large_numbers_are_seen_once() {
        let mut seen = Seen::default();
        for number in [0, 1, 127, 128, 129, 70_000] {
            assert!(seen.insert(number), "{number}");
            assert!(!seen.insert(number), "{number} again");
        }
        assert!(!seen.has(2) && !seen.has(130));
        assert_eq!(seen.count, 6);
    }
}
