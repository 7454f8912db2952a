//! WIT values as JSON, both ways.
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

use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{Type, Val};

pub use decode::{DecodeError, decode};
pub use encode::{Mismatch, encode};
pub(crate) use names::camel;
pub use shape::{Case, Field, Fields, Int, Shape, Unmappable};

/// How one function's calls look in JSON: worked out once a release.
#[derive(Debug)]
pub struct Plan {
    params: Params,
    /// What it answers, `result<T, fault>` already taken apart.
    answer: Option<Shape>,
}

/// What a call's body is.
#[derive(Debug)]
pub enum Params {
    /// The one parameter itself, a record.
    Whole(Shape),
    /// An object of the parameters.
    Named(Fields),
}

impl Plan {
    /// The plan of `function`.
    pub fn of(function: &ComponentFunc) -> Result<Self, Unmappable> {
        let fields = Shape::of_fields(function.params())?;
        let params = match whole(function) {
            Some(record) => Params::Whole(Shape::of(&record)?),
            None => Params::Named(fields),
        };
        let answer = match function.results().next() {
            Some(Type::Result(result)) => result.ok(),
            other => other,
        };
        let answer = answer.map(|ty| Shape::of(&ty)).transpose()?;
        Ok(Self { params, answer })
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
    pub fn arguments(&self, body: &[u8]) -> Result<Vec<Val>, DecodeError> {
        match &self.params {
            Params::Whole(shape) => decode(shape, body).map(|value| vec![value]),
            Params::Named(fields) if fields.all().is_empty() && body.is_empty() => Ok(Vec::new()),
            Params::Named(fields) => decode::decode_fields(fields, body),
        }
    }

    /// The body of the answer; none where the function answers nothing.
    pub fn body(&self, answer: Option<&Val>) -> Result<Option<Vec<u8>>, Mismatch> {
        match (&self.answer, answer) {
            (None, None) => Ok(None),
            (Some(shape), Some(value)) => {
                let mut out = Vec::with_capacity(4096);
                encode(shape, value, &mut out)?;
                Ok(Some(out))
            }
            _ => Err(Mismatch),
        }
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
