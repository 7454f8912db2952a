//! WIT values as JSON, both ways, and nothing in between: bytes of a body become arguments as they will lie in the
//! component's memory, and bytes of an answer are written from where they lie there.
//!
//! | WIT | JSON |
//! |---|---|
//! | record | object, lowerCamelCase members; members that are none are left out |
//! | option | absent or null; an option of an option: null or `{"some": …}` |
//! | list / `list<u8>` | array / base64 string |
//! | variant | `{"case": payload}` or `"case"` |
//! | result (below the top) | `{"ok": …}`, `{"err": …}`, or the bare word without payload |
//! | enum / flags | kebab string / array of them |
//! | tuple | array |
//! | map | array of `[key, value]` |
//! | s64, u64 | number; a string of digits is accepted |
//! | f32, f64 | number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | char | string of one character |
//!
//! A function with one parameter that is a record takes that record as its body; any other takes an object of its
//! parameters by name. Numbers are exact: `1.0` is not an integer, and out of range is an error, never a wrap.

mod decode;
mod encode;
mod names;
mod shape;

use std::sync::atomic::{AtomicUsize, Ordering};

use fondaco_engine::wire::{Arguments, Malformed, Reader, View};
use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

pub use decode::{DecodeError, decode};
pub use encode::encode;
pub(crate) use names::camel;
pub use shape::{Case, Cases, Element, Field, Fields, Int, Shape, Unmappable};

/// How one function's calls look in JSON: worked out once a release.
#[derive(Debug)]
pub struct Plan {
    params: Params,
    /// What it answers, `result<T, fault>` already taken apart.
    answer: Option<Shape>,
    /// How long the last answer was: the next one will be about as long.
    length: AtomicUsize,
}

/// What a call's body is.
#[derive(Debug)]
pub enum Params {
    /// The one parameter itself, a record.
    Whole(Element),
    /// An object of the parameters.
    Named(Fields),
}

impl Plan {
    /// The plan of `function`.
    pub fn of(function: &ComponentFunc) -> Result<Self, Unmappable> {
        let fields = Fields::of(function.params())?;
        let params = match whole(function) {
            Some(record) => Params::Whole(Element::of(&record)?),
            None => Params::Named(fields),
        };
        let answer = match function.results().next() {
            Some(Type::Result(result)) => result.ok(),
            other => other,
        };
        let answer = answer.map(|ty| Element::of(&ty).map(|element| element.shape)).transpose()?;
        Ok(Self { params, answer, length: AtomicUsize::new(1_024) })
    }

    /// What the body of a call is.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// What a call answers.
    pub fn answer(&self) -> Option<&Shape> {
        self.answer.as_ref()
    }

    /// The arguments in `body`. A function without parameters takes an empty body too.
    pub fn arguments(&self, body: &[u8]) -> Result<Arguments, DecodeError> {
        match &self.params {
            Params::Whole(record) => decode(record, body),
            Params::Named(fields) if fields.all().is_empty() && body.is_empty() => Ok(decode::nothing(fields)),
            Params::Named(fields) => decode::decode_fields(fields, body),
        }
    }
}

/// Writes the body of an answer.
impl Reader for Plan {
    fn read(&self, memory: &View<'_>, at: usize) -> Result<Vec<u8>, Malformed> {
        let last = self.length.load(Ordering::Relaxed);
        let mut out = Vec::with_capacity(last + last / 8 + 64);
        if let Some(shape) = &self.answer {
            encode(shape, memory, at, &mut out)?;
        }
        self.length.store(out.len(), Ordering::Relaxed);
        Ok(out)
    }
}

fn whole(function: &ComponentFunc) -> Option<Type> {
    let mut params = function.params();
    match (params.next(), params.next()) {
        (Some((_, record @ Type::Record(_))), None) => Some(record),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
